"""How a solver whose own estimate proves nothing shows how far it is above the minimum."""

import numpy as np

from ._conjugate_gradient import cg_step
from ._intercept import intercept_shift
from ._loop import Proposal
from ._newton_step import MAX_FACTOR_SIZE, newton_step

_FORCING = 0.1


def certifier(objective, tol):
    """Return the certificate that this objective affords: callable(point) -> Proposal."""
    if objective.size <= MAX_FACTOR_SIZE:
        return lambda point: newton_step(objective, point)[0]

    def certify(point):
        proposal = duality_gap(objective, point, tol)
        if proposal is None:
            proposal = cg_step(objective, point, _FORCING, prove=True)
        return proposal

    return certify


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
        shift[-1] = intercept_shift(
            objective.logits(point.theta), objective.positive, objective.negative, objective.gammas
        )
    best = objective.evaluate(point.theta + shift)
    total = gap(best) + max(point.value - best.value, 0.0)
    return Proposal(shift, total, True) if total <= tol * point.value else None
