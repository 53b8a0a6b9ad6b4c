"""Newton's method with conjugate gradients: no p x p matrix, a reading of X for each product."""

from .._objective import MAX_FACTOR_SIZE
from ._certify import certifier
from ._conjugate_gradient import cg_step
from ._loop import minimise

_FORCING = 0.3


def solve(objective, theta, control, n_iter=0):
    """Minimise from ``theta``; see `_loop.minimise`."""
    has_factor = objective.size <= MAX_FACTOR_SIZE

    def propose(point):
        wanted = 0.0 if has_factor else control.tol * point.value
        proposal = yield from cg_step(objective, point, _FORCING, wanted)
        if not has_factor:
            return proposal
        # Where a factorisation is cheap the last word, and the last step, are its own; and the
        # steps where conjugate gradients fail, for features that are all but dependent.
        if proposal.complete:
            return proposal._replace(certified=False)
        return (yield from certify(point))

    certify = certifier(objective, control.tol)
    point = yield objective.evaluate, theta
    return (yield from minimise(objective, point, control, propose, certify, n_iter))
