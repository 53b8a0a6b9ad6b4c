"""Newton's method with the whole Hessian: few iterations, each n p^2 + p^3 / 3 operations."""

from ._loop import minimise
from ._newton_step import newton_step


def solve(objective, theta, control, n_iter=0):
    """Minimise from ``theta``; see `_loop.minimise`. Every step is its own certificate."""

    def propose(point):
        proposal, _ = yield from newton_step(objective, point)
        return proposal

    point = yield objective.evaluate, theta
    return (yield from minimise(objective, point, control, propose, certify=propose, n_iter=n_iter))
