"""How a solver whose own estimate proves nothing shows how far it is above the minimum."""

import numpy as np

from .._objective import MAX_FACTOR_SIZE
from ._conjugate_gradient import cg_step
from ._gap import gap_at, gap_near
from ._loop import Proposal
from ._newton_step import newton_step

_FORCING = 0.1
_LEFT = 0.1  # of a step in the intercept times the slope: what is expected to be left


def certifier(objective, tol):
    """Return the certificate that this objective affords, a generator function of a point."""

    def by_factor(point):
        proposal, _ = yield from newton_step(objective, point)
        return proposal if proposal.certified else (yield from by_gap(point))

    def by_gap(point):
        proposal = yield from duality_gap(objective, point, tol)
        if proposal is None:
            proposal = yield from cg_step(objective, point, _FORCING, tol * point.value)
        return proposal

    has_factor = objective.by_rows or objective.size <= MAX_FACTOR_SIZE
    return by_factor if has_factor else by_gap


def duality_gap(objective, point, tol):
    """Return a Proposal that optimises the intercept and carries the duality gap, or None.

    The gap holds for convex losses at the intercept's optimum, or very near to it; it is worked out
    only where it can come out below ``tol``; see `_gap.py`.
    """
    if any(objective.gammas):
        return None
    wanted, gap = tol * point.value, gap_at(objective, point)
    if gap > wanted:
        return None
    shift = np.zeros(objective.size)
    if not objective.fit_intercept:
        return _proposal(shift, point, gap, point, wanted)
    slope, curvature = point.gradient[-1], point.curvature.sum()
    step = -slope / curvature if curvature > 0.0 else np.inf
    # Where Newton's step is as good as the optimum it spares a reading of X. It leaves at most half
    # its length times the slope, and mostly much less: curvatures rise on one side and fall on the
    # other.
    if gap_near(objective, point, _LEFT * step * slope) <= wanted:
        shift[-1] = step
        best = yield objective.evaluate, point.theta + shift
        gap = gap_near(objective, best, best.gradient[-1])
        proposal = _proposal(shift, best, gap, point, wanted)
        if proposal is not None:
            return proposal
    shift[-1] = yield objective.best_shift, point.theta
    best = yield objective.evaluate, point.theta + shift
    return _proposal(shift, best, gap_at(objective, best), point, wanted)


def _proposal(shift, best, gap, point, wanted):
    total = gap + max(point.value - best.value, 0.0)
    return Proposal(shift, total, True, end=best) if total <= wanted else None
