"""Newton's method with the whole Hessian: few iterations, each n p^2 + p^3 / 3 operations."""

from ._certify import certifier
from ._loop import minimise
from ._newton_step import newton_step


def solve(objective, theta, control, n_iter=0):
    """Minimise from ``theta``; see `_loop.minimise`. Every step is its own certificate."""

    def propose(point):
        proposal, _ = yield from newton_step(objective, point)
        return proposal

    certify = certifier(objective, control.tol)
    point = yield objective.evaluate, theta
    return (yield from minimise(objective, point, control, propose, certify, n_iter))
