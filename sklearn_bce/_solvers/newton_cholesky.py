"""Newton's method with the whole Hessian: few iterations, each n p^2 + p^3 / 3 operations."""

from ._loop import minimise
from ._newton_step import newton_step


def solve(objective, theta, control, n_iter=0):
    """Minimise from ``theta``; see `_loop.minimise`. Every step is its own certificate."""

    def propose(point):
        return newton_step(objective, point)[0]

    point = objective.evaluate(theta)
    return minimise(objective, point, control, propose, certify=propose, n_iter=n_iter)
