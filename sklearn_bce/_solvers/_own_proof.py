"""L-BFGS whose metric, a Hessian from some way back, proves how far the end is from the minimum.

If every row curves at least 1 / r times as much as the metric was made with, then the Hessian is at
least the metric over r, and the Newton decrement at most r times the metric's. To find r takes one
look at the curvatures of the rows, and no reading of X; the Hessian at the end, which would prove
it, can take as long as all steps before.
"""

import numpy as np

from .._kernels.vectors import largest_ratio
from ._limited_memory import LimitedMemory
from ._loop import ROUNDING, Proposal
from ._newton_step import Factor, step_by

_MEMORY = 10  # pairs
FEATURES_PER_ITERATION = 12  # a Hessian costs about as many iterations as that many go into p
_RENEW_EVERY = (5, 15)  # iterations, for few features and for many
_LARGEST_RATIO = 100.0  # above, a Hessian of the point's own proves more


def renew_every(objective):
    """Return after how many iterations a Hessian is so old that a new one pays."""
    return np.clip(objective.size // FEATURES_PER_ITERATION, *_RENEW_EVERY)


class Rule:
    """Directions by L-BFGS that knows which curvatures its metric was made with.

    Parameters
    ----------
    objective : Objective
        It keeps the rows' curvatures.
    tol : float
    """

    def __init__(self, objective, tol):
        self.objective = objective
        self.tol = tol
        self.renew_every = renew_every(objective)
        self.memory = None
        self.decrement = np.inf  # by the metric

    def propose(self, point):
        if self.memory is None or self.age >= self.renew_every:
            yield from self.renew_at(point)
        self.age += 1
        direction, gained = self.direction(point)
        bound = self.bound(point)
        if bound is None:
            return Proposal(direction, -0.5 * (point.gradient @ direction), certified=False)
        # The step after a proof within tol is the last: like Newton's, it has to leave tol squared.
        wanted = self.tol * point.value
        if self._is_over(point) or gained * self.decrement <= self.tol * wanted:
            return Proposal(direction, bound, certified=True)
        return Proposal(direction, max(bound, 2.0 * wanted), certified=True)

    def by_own_hessian(self, point):
        """Newton's step, whose Hessian becomes the metric: the certificate."""
        yield from self.renew_at(point)
        proposal = yield from step_by(self.objective, point, self.metric)
        self.memory.direction(point)  # the next pair starts here
        self.decrement = proposal.decrement
        return proposal

    def renew_at(self, point):
        """Make the Hessian at a point the metric."""
        self.renew(point.weight, Factor((yield self.objective.hessian, point)))

    def renew(self, weight, metric):
        """Take a metric made with these curvatures: it knows better than pairs from further off."""
        self.weight = weight
        self.metric = metric
        self.memory = LimitedMemory(metric, _MEMORY, is_rescaled=False)
        self.age = 0

    def direction(self, point):
        """Direction, and what the step to the point has left of the decrement."""
        direction = self.memory.direction(point)
        before, self.decrement = self.decrement, 0.5 * (point.gradient @ self.memory.solved)
        return direction, self.decrement / before

    def bound(self, point):
        """Bound of the Newton decrement near the end, or None where a Hessian is to prove it."""
        if not (self.metric.is_regular and self.decrement <= self.tol * point.value):
            return None
        ratio = largest_ratio(self.weight, point.weight)
        if ratio > _LARGEST_RATIO:
            return None
        bound = max(1.0, ratio) * self.decrement
        return None if self._is_over(point) and bound > self.tol * point.value else bound

    def _is_over(self, point):
        """Whether rounding leaves nothing to gain, nor a better bound."""
        return self.decrement <= ROUNDING * point.value
