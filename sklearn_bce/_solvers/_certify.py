"""How a solver whose own estimate proves nothing shows how far it is above the minimum."""

import numpy as np

from .._objective import MAX_FACTOR_SIZE
from ._conjugate_gradient import cg_step
from ._loop import Proposal
from ._newton_step import newton_step

_FORCING = 0.1


def certifier(objective, tol):
    """Return the certificate that this objective affords, a generator function of a point."""

    def by_factor(point):
        proposal, _ = yield from newton_step(objective, point)
        return proposal if proposal.certified else (yield from by_gap(point))

    def by_gap(point):
        proposal = yield from duality_gap(objective, point, tol)
        if proposal is None:
            proposal = yield from cg_step(objective, point, _FORCING, prove=True)
        return proposal

    has_factor = objective.by_rows or objective.size <= MAX_FACTOR_SIZE
    return by_factor if has_factor else by_gap


def duality_gap(objective, point, tol):
    """Return a Proposal that optimises the intercept and carries the duality gap, or None.

    The gap holds for convex losses at the intercept's optimum, and is worked out only where it can
    come out below ``tol``; see `Objective.gap`.
    """
    if any(objective.gammas) or objective.gap(point) > tol * point.value:
        return None
    shift = np.zeros(objective.size)
    if objective.fit_intercept:
        shift[-1] = yield objective.best_shift, point.theta
    best = yield objective.evaluate, point.theta + shift
    total = objective.gap(best) + max(point.value - best.value, 0.0)
    return Proposal(shift, total, True, end=best) if total <= tol * point.value else None
