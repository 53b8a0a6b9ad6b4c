"""A solver for problems with a solved neighbour: the same rows but for some, or another C.

It starts near the neighbour's solution, with a Hessian from there as the metric of L-BFGS. That
metric certifies itself. If every row curves at least 1 / r times as much as the metric was made
with, then the Hessian is at least the metric over r, and the Newton decrement at most r times the
metric's. To find r takes one look at the curvatures of the rows, and no reading of X.
"""

import numpy as np

from .._kernels.vectors import largest_ratio
from ._limited_memory import LimitedMemory
from ._loop import ROUNDING, Proposal, minimise
from ._newton_step import Factor, step_by
from .lbfgs import FEATURES_PER_ITERATION

_MEMORY = 10  # pairs
_RENEW_EVERY = (5, 15)  # iterations, for few features and for many
_LARGEST_RATIO = 100.0  # above, a Hessian of the problem's own proves more
_CLOSE = 0.02  # relative
_SAFE = 2.0  # change of the curvatures since the metric was made
_GAIN = 1e-3  # what is left of the decrement after a good step
_LAST_STEP = 2  # steps that a Hessian may cost for the last one, to make it Newton's
_STEPS_WITH_OWN = 2  # that are still to do with a new Hessian
_OVERHEAD = 2**17  # entries of X that are read in the time of a step's other work


class Near:
    """A Hessian from near by: its rows' curvatures, and their Gram matrix in scaled variables."""

    def __init__(self, weight, gram):
        self.weight = weight
        self.gram = gram

    def factor(self, objective):
        """Return the Factor of the Hessian with the penalty of an objective."""
        return Factor(objective.hessian_from(self.gram.copy()))

    def distance(self, weight):
        """Return how unlike other curvatures are: 1 if they are the same up to a factor."""
        return largest_ratio(self.weight, weight) * largest_ratio(weight, self.weight)


def solve(rule, starts, control, n_iter=0):
    """Minimise the objective of a `Rule`; see `_loop.minimise`.

    ``starts`` are thetas, the most promising first: the others are tried where it breaks its
    promise.
    """
    objective = rule.objective
    point = None
    for theta in [*starts, np.zeros(objective.size)]:
        other = yield objective.evaluate, theta
        if point is None or other.value < point.value:
            point = other
            rule.begin(point)
            if rule.is_close(point):
                break
    run = minimise(objective, point, control, rule.propose, rule.by_own_hessian, n_iter)
    return (yield from run)


class Rule:
    """L-BFGS that knows which curvatures its metric was made with.

    Parameters
    ----------
    objective : Objective
    tol : float
    candidates : list of Near
        Of which the one nearest to the start is taken.
    """

    def __init__(self, objective, tol, candidates):
        self.objective = objective
        self.tol = tol
        self.candidates = candidates
        self.near = None  # the one in use
        self.decrement = np.inf
        self.renew_every = np.clip(objective.size // FEATURES_PER_ITERATION, *_RENEW_EVERY)
        matrix = objective.matrix
        width = min(objective.size, matrix.n_values / matrix.shape[0])
        share = matrix.n_values / (matrix.n_values + _OVERHEAD)
        self.steps_of_hessian = share * width / FEATURES_PER_ITERATION

    def begin(self, point):
        """Choose the metric for a start at ``point``."""
        near = min(self.candidates, key=lambda near: near.distance(point.weight))
        self._renew(near, near.factor(self.objective))
        self.decrement = np.inf

    def is_close(self, point):
        """Whether a point looks close enough to the minimum to begin there."""
        return 0.5 * (point.gradient @ self.metric.solve(point.gradient)) <= _CLOSE * point.value

    def propose(self, point):
        direction = self.memory.direction(point)
        decrement = 0.5 * (point.gradient @ self.memory.solved)
        gained, self.decrement = decrement / self.decrement, decrement
        if self._own_pays(gained, point):
            return (yield from self.by_own_hessian(point))
        self.age += 1
        bound = self._bound(gained, point)
        if bound is not None and self.steps_of_hessian <= _LAST_STEP:
            return self._unseen((yield from self.by_own_hessian(point)), point)
        if bound is not None:
            return self._unseen(Proposal(direction, bound, certified=True), point)
        return Proposal(direction, -0.5 * (point.gradient @ direction), certified=False)

    def by_own_hessian(self, point):
        """Newton's step, whose Hessian becomes the metric: the certificate."""
        hessian = yield self.objective.hessian, point
        factor = Factor(hessian)
        proposal = yield from step_by(self.objective, point, factor)
        hessian.flat[:: self.objective.size + 1] -= self.objective.penalty
        self._renew(Near(point.weight, hessian), factor)
        self.memory.direction(point)  # the next pair starts here
        self.decrement = proposal.decrement
        return proposal

    def _unseen(self, proposal, point):
        """The proposal with the end of its step, if that is the last and need not be looked at.

        With a Hessian from so near, and a step that gains so little, the value is what the parabola
        says, and the gradient is not asked for.
        """
        is_last = proposal.decrement <= self.tol * point.value
        is_convex = not any(self.objective.gammas)
        if not (is_last and is_convex and self.near.distance(point.weight) <= _SAFE):
            return proposal
        slope = point.gradient @ proposal.direction
        end = point._replace(
            theta=point.theta + proposal.direction, value=point.value + 0.5 * slope
        )
        return proposal._replace(end=end)

    def _renew(self, near, metric):
        self.near = near
        self.metric = metric
        self.memory = LimitedMemory(metric, _MEMORY, is_rescaled=False)
        self.age = 0

    def _own_pays(self, gained, point):
        """Whether the steps that a new Hessian saves would take longer."""
        wanted = self.tol * point.value
        if not self.decrement > wanted:
            return False
        if self.age == 0:  # at the start, or with a Hessian made here
            is_far = self.near in self.candidates and self.decrement > _CLOSE * point.value
            return is_far and self.steps_of_hessian <= _LAST_STEP
        if gained >= 0.5:
            return self.age >= self.renew_every
        n_steps = np.log(self.decrement / wanted) / -np.log(gained)
        return n_steps > self.steps_of_hessian + _STEPS_WITH_OWN

    def _bound(self, gained, point):
        """Bound of the Newton decrement where it may show that the fit is over, or None.

        The step after the certificate is the last. Where steps gain little, the bound has to be the
        smaller for it.
        """
        if not (self.metric.is_regular and self.decrement <= self.tol * point.value):
            return None
        ratio = largest_ratio(self.near.weight, point.weight)
        if ratio > _LARGEST_RATIO:
            return None
        bound = max(1.0, ratio) * self.decrement
        left = gained * bound
        is_exact = self.steps_of_hessian <= _LAST_STEP or left <= ROUNDING * point.value
        return bound if is_exact else max(bound, left / _GAIN)
