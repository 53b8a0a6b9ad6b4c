"""Newton directions by conjugate gradients with a diagonal preconditioner."""

import numpy as np

from ._loop import Proposal
from ._newton_step import MAX_FACTOR_SIZE

_MAX_PRODUCTS = 500
_DELAY = 5  # products over which the energy must have levelled off
_LEVEL = 0.2
_NULL = 1e-14  # relative: directions that curve less are rounding


def cg_step(objective, point, forcing, prove=False):
    """Return the direction at which the residual has fallen to ``forcing`` times the gradient.

    The decrement is the energy that conjugate gradients collect, which grows towards the true
    one from below. It is called certified only if the last few products have added little to it:
    on ill-conditioned problems a small residual alone proves nothing (Meurant and Tichy,
    "Error Norm Estimation in the Conjugate Gradient Algorithm", SIAM 2024). With ``prove`` the
    iteration goes on until it is.
    """
    diagonal = yield from diagonal_metric(objective, point)
    residual = -point.gradient
    direction = np.zeros_like(residual)
    search = residual / diagonal
    height = first = residual @ search
    gains = []
    for _ in range(min(_MAX_PRODUCTS, 2 * objective.size)):
        product = yield objective.hessian_product, point, search
        curvature = search @ product
        if curvature <= _NULL * ((search * diagonal) @ search):
            break  # the null space, where only rounding is left to follow
        step = height / curvature
        direction += step * search
        residual -= step * product
        gains.append(step * height)
        preconditioned = residual / diagonal
        previous, height = height, residual @ preconditioned
        if height <= forcing**2 * first:
            certified = _levelled(gains)
            if certified or not prove:
                return Proposal(direction, 0.5 * sum(gains), certified)
        search = preconditioned + (height / previous) * search
    # Nothing is proved, unless there was nothing to gain in the first place.
    nothing_left = height <= _NULL * first
    return Proposal(direction, 0.5 * sum(gains), nothing_left, complete=nothing_left)


def diagonal_metric(objective, point):
    """Return the diagonal preconditioner, (size,).

    It is the Hessian's diagonal, but for many features: there, in the user's variables, it is the
    geometric mean of that diagonal and a constant. Dependent features (p > n, one-hot codes) leave
    a large space where the Hessian is nothing but the penalty. A constant keeps its eigenvalues in
    one place, to be dealt with in one step; the whole diagonal would scatter them. Half-way costs
    half to two thirds of the products of either (one-hot flights, letters of words, newsgroups).
    """
    diagonal = yield objective.hessian_diagonal, point
    if objective.size <= MAX_FACTOR_SIZE:
        return diagonal
    squares = objective.scale**2
    raw = diagonal[:-1] * squares
    return np.append(np.sqrt(raw * raw.max()) / squares, diagonal[-1])


def _levelled(gains):
    if len(gains) <= _DELAY:
        # Too early to judge by the past, unless next to nothing is left to gain.
        return gains[-1] <= 0.01 * sum(gains)
    return sum(gains[-_DELAY:]) <= _LEVEL * sum(gains)
