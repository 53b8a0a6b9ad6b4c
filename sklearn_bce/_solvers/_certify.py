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
        return proposal

    def by_gap(point):
        proposal = yield from duality_gap(objective, point, tol)
        if proposal is None:
            proposal = yield from cg_step(objective, point, _FORCING, prove=True)
        return proposal

    return by_factor if objective.size <= MAX_FACTOR_SIZE else by_gap


def duality_gap(objective, point, tol):
    """Return a Proposal that optimises the intercept and carries the duality gap, or None.

    At the intercept's optimum the slopes of the losses are feasible for the dual of the L2 problem,
    and the gap is |gradient|^2 in the metric of the penalty, halved. It holds for convex losses,
    and is worked out only where it can come out below ``tol``.
    """
    penalised = objective.penalty > 0.0
    if any(objective.gammas) or not penalised[:-1].all():
        return None

    def gap(at):
        return 0.5 * np.sum(at.gradient[:-1] ** 2 / objective.penalty[:-1])

    if gap(point) > tol * point.value:
        return None
    shift = np.zeros(objective.size)
    if objective.fit_intercept:
        shift[-1] = yield objective.best_shift, point.theta
    best = yield objective.evaluate, point.theta + shift
    total = gap(best) + max(point.value - best.value, 0.0)
    return Proposal(shift, total, True, end=best) if total <= tol * point.value else None
