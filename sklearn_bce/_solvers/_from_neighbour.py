"""A solver for problems with a solved neighbour: the same rows but for some, or another C.

It starts near the neighbour's solution, with a Hessian from there as the metric of L-BFGS, which
proves the end; see `_own_proof.py`.
"""

import numpy as np

from .._intercept import best_constant, constant_value
from .._kernels.vectors import largest_ratio
from ._loop import ROUNDING, Proposal, minimise
from ._newton_step import Factor
from ._own_proof import FEATURES_PER_ITERATION, OwnProofRule

_CLOSE = 0.02  # relative
_SAFE = 2.0  # change of the curvatures since the metric was made
_GAIN = 1e-3  # what may be left of tol after the last step
_AS_NEWTON = 1e-5  # the same where a Hessian costs little
_LAST_STEP = 2  # steps that a Hessian may cost for the last one, to make it Newton's
_STEPS_WITH_OWN = 2  # that are still to do with a new Hessian
_OVERHEAD = 2**17  # entries of X that are read in the time of a step's other work


class Near:
    """A Hessian from near by: its rows' curvatures, and their Gram matrix in scaled variables."""

    def __init__(self, curvature, gram):
        self.curvature = curvature
        self.gram = gram

    def factor(self, objective):
        """Return the Factor of the Hessian with the penalty of an objective."""
        return Factor(objective.hessian_from(self.gram.copy()))

    def distance(self, curvature):
        """Return how unlike other curvatures are: 1 if they are the same up to a factor."""
        return largest_ratio(self.curvature, curvature) * largest_ratio(curvature, self.curvature)


def solve(rule, starts, control, n_iter=0):
    """Minimise the objective of a `NeighbourRule`; see `_loop.minimise`.

    ``starts`` are thetas, the most promising first: the others are tried where it breaks its
    promise, and the best constant where they are all worse.
    """
    objective = rule.objective
    point = None
    for theta in starts:
        other = yield objective.evaluate, theta
        if point is None or other.value < point.value:
            point = other
            rule.begin(point)
            if rule.is_close(point):
                break
    else:
        constant = best_constant(objective)
        if constant_value(objective, constant) < point.value:
            point = yield objective.evaluate, constant
            rule.begin(point)
    run = minimise(objective, point, control, rule.propose, rule.by_own_hessian, n_iter)
    return (yield from run)


class NeighbourRule(OwnProofRule):
    """L-BFGS whose first metric comes from near by, and that weighs a Hessian against its steps.

    Parameters
    ----------
    objective : Objective
    tol : float
    candidates : list of Near
        Of which the one nearest to the start is taken.
    """

    def __init__(self, objective, tol, candidates):
        super().__init__(objective, tol)
        self.candidates = candidates
        self.near = None  # the one in use
        matrix = objective.matrix
        width = min(objective.size, matrix.n_values / matrix.shape[0])
        share = matrix.n_values / (matrix.n_values + _OVERHEAD)
        self.steps_of_hessian = share * width / FEATURES_PER_ITERATION

    def begin(self, point):
        """Choose the metric for a start at ``point``."""
        near = min(self.candidates, key=lambda near: near.distance(point.curvature))
        self.near = near
        self.renew(near.curvature, near.factor(self.objective))
        self.decrement = np.inf

    def is_close(self, point):
        """Whether a point looks close enough to the minimum to begin there."""
        return 0.5 * (point.gradient @ self.metric.solve(point.gradient)) <= _CLOSE * point.value

    def propose(self, point):
        direction, gained = self.direction(point)
        if self._own_pays(gained, point):
            return (yield from self.by_own_hessian(point))
        self.age += 1
        bound = self.bound(point)
        if bound is None:
            return Proposal(direction, -0.5 * (point.gradient @ direction), certified=False)
        # The step after the certificate is the last: it has to be as good as Newton's, and to be
        # Newton's where a Hessian costs little.
        left = (gained or 1.0) * bound  # what a first step will gain is not known
        is_cheap = self.steps_of_hessian <= _LAST_STEP
        if is_cheap and left > max(_AS_NEWTON * self.tol, ROUNDING) * point.value:
            return self._unseen((yield from self.by_own_hessian(point)), point)
        ends = left <= max(_GAIN * self.tol, ROUNDING) * point.value
        return self._unseen(Proposal(direction, bound, certified=True, ends=ends), point)

    def by_own_hessian(self, point):
        """As any, but the Hessian is kept for others."""
        hessian = yield self.objective.hessian, point
        proposal = yield from self.newton(point, Factor(hessian))
        hessian.flat[:: self.objective.size + 1] -= self.objective.l2
        self.near = Near(point.curvature, hessian)
        return proposal

    def _unseen(self, proposal, point):
        """The proposal with the end of its step, if that is the last and need not be looked at.

        With a Hessian from so near, and a step that gains so little, the value is what the parabola
        says, and the gradient is not asked for.
        """
        is_last = proposal.ends and proposal.decrement <= self.tol * point.value
        is_convex = not any(self.objective.gammas)
        if not (is_last and is_convex and self.near.distance(point.curvature) <= _SAFE):
            return proposal
        slope = point.gradient @ proposal.direction
        end = point._replace(
            theta=point.theta + proposal.direction, value=point.value + 0.5 * slope
        )
        return proposal._replace(end=end)

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
