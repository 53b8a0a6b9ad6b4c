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
from ._newton_step import factor_at, step_by

FEATURES_PER_ITERATION = 12  # a Hessian costs about as many iterations as that many go into p
_RENEW_EVERY = (5, 10)  # iterations, for few features and for many
_LARGEST_RATIO = 100.0  # above, a Hessian of the point's own proves more


def renew_every(objective):
    """Return after how many iterations a Hessian is so old that a new one pays."""
    least, most = _RENEW_EVERY
    return min(max(objective.size // FEATURES_PER_ITERATION, least), most)


def slack(curvature, point):
    """Return what a decrement by the Hessian of another ``curvature`` is at most short by.

    It is a factor, or None where a Hessian of the point's own proves more.
    """
    ratio = largest_ratio(curvature, point.curvature)
    return max(1.0, ratio) if ratio <= _LARGEST_RATIO else None


class OwnProofRule:
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
        self.memory = self.curvature = None
        self.decrement = np.inf  # by the metric

    def propose(self, point):
        if self.memory is None or self.age >= self.renew_every:
            self.renew(point.curvature, (yield from factor_at(self.objective, point)))
        self.age += 1
        direction, gained = self.direction(point)
        bound = self.bound(point)
        wanted = self.tol * point.value
        is_over = self.decrement <= ROUNDING * point.value  # nothing to gain, nor a better bound
        if bound is None or (is_over and bound > wanted):
            return Proposal(direction, -0.5 * (point.gradient @ direction), certified=False)
        # The step after a proof within tol is the last: like Newton's, it has to leave tol squared.
        ends = is_over or gained * self.decrement <= self.tol * wanted
        return Proposal(direction, bound, certified=True, ends=ends)

    def by_own_hessian(self, point):
        """Newton's step, whose Hessian becomes the metric: the certificate."""
        if self.curvature is point.curvature:  # it is already
            return (yield from step_by(self.objective, point, self.metric))
        return (yield from self.newton(point, (yield from factor_at(self.objective, point))))

    def newton(self, point, factor):
        """Newton's step by the factor of the Hessian there, which becomes the metric."""
        proposal = yield from step_by(self.objective, point, factor)
        self.renew(point.curvature, factor)
        self.memory.direction(point)  # the next pair starts here
        self.decrement = proposal.decrement
        return proposal

    def renew(self, curvature, metric):
        """Take a metric made with these curvatures: it knows better than pairs from further off."""
        self.curvature = curvature
        self.metric = metric
        self.memory = LimitedMemory(metric, trusted=np.inf)
        self.age = 0

    def direction(self, point):
        """Direction, and what the step to the point has left of the decrement."""
        direction = self.memory.direction(point)
        before, self.decrement = self.decrement, 0.5 * (point.gradient @ self.memory.solved)
        return direction, self.decrement / before

    def bound(self, point):
        """Bound of the Newton decrement, or None where it is not to be had or not within reach."""
        if not (self.metric.is_regular and self.decrement <= self.tol * point.value):
            return None
        factor = slack(self.curvature, point)
        return None if factor is None else factor * self.decrement
