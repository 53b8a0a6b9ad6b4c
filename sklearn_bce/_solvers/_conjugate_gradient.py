"""Newton directions by conjugate gradients, with a diagonal or a Cholesky factor for a metric."""

import numpy as np

from .._kernels.vectors import cg_advance, cg_turn
from ._loop import Proposal

_MAX_PRODUCTS = 500
_DELAY = 5  # products over which the energy must have levelled off
_LEVEL = 0.2
_NULL = 1e-14  # relative: directions that curve less are rounding


def cg_step(objective, point, forcing, prove=False, factor=None):
    """Return the direction at which the residual has fallen to ``forcing`` times the gradient.

    The decrement is the energy that conjugate gradients collect, which grows towards the true
    one from below. It is called certified only if the last few products have added little to it:
    on ill-conditioned problems a small residual alone proves nothing (Meurant and Tichy,
    "Error Norm Estimation in the Conjugate Gradient Algorithm", SIAM 2024). With ``prove`` the
    iteration goes on until it is. The metric is ``factor``, of a Hessian that is near to the one
    here, or a diagonal.
    """
    metric = Diagonal(objective.metric(point)) if factor is None else _Factored(factor)
    residual = -point.gradient
    direction = np.zeros_like(residual)
    search = metric.solve(residual)
    height = first = size = residual @ search  # size: of search in the metric
    gains = []
    for _ in range(min(_MAX_PRODUCTS, 2 * objective.size)):
        product = yield objective.hessian_product, point, search
        curvature = search @ product
        if curvature <= _NULL * size:
            break  # the null space, where only rounding is left to follow
        step = height / curvature
        gains.append(step * height)
        previous = height
        height = metric.advance(step, search, product, direction, residual)
        if height <= forcing**2 * first:
            certified = _levelled(gains)
            if certified or not prove:
                return Proposal(direction, 0.5 * sum(gains), certified)
        turn = height / previous
        metric.turn(turn, residual, search)
        size = height + turn**2 * size
    # Nothing is proved, unless there was nothing to gain in the first place.
    nothing_left = height <= _NULL * first
    return Proposal(direction, 0.5 * sum(gains), nothing_left, complete=nothing_left)


class Diagonal:
    """A diagonal metric, its steps each in one go over the long vectors."""

    def __init__(self, diagonal):
        self.inverse = 1.0 / diagonal

    def solve(self, residual):
        """Return diagonal^-1 @ residual."""
        return self.inverse * residual

    def advance(self, step, search, product, direction, residual):
        return cg_advance(step, search, product, self.inverse, direction, residual)

    def turn(self, factor, residual, search):
        cg_turn(factor, residual, self.inverse, search)


class _Factored:
    """The same with a Cholesky factor."""

    def __init__(self, factor):
        self.solve = factor.solve

    def advance(self, step, search, product, direction, residual):
        direction += step * search
        residual -= step * product
        self.solved = self.solve(residual)
        return residual @ self.solved

    def turn(self, factor, residual, search):
        search *= factor
        search += self.solved


def _levelled(gains):
    if len(gains) <= _DELAY:
        # Too early to judge by the past, unless next to nothing is left to gain.
        return gains[-1] <= 0.01 * sum(gains)
    return sum(gains[-_DELAY:]) <= _LEVEL * sum(gains)
