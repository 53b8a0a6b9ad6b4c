"""Newton directions by conjugate gradients with the Hessian's diagonal as preconditioner."""

import numpy as np

from ._loop import Proposal

_MAX_PRODUCTS = 500
_DELAY = 5  # products over which the energy must have levelled off
_LEVEL = 0.2


def cg_step(objective, point, forcing):
    """Return the direction at which the residual has fallen to ``forcing`` times the gradient.

    The decrement is the energy that conjugate gradients collect, which grows towards the true
    one from below. It is called certified only when the last few products have added little to it:
    on ill-conditioned problems a small residual alone proves nothing (Meurant and Tichy,
    "Error Norm Estimation in the Conjugate Gradient Algorithm", SIAM 2024).
    """
    inverse = 1.0 / objective.hessian_diagonal(point)
    residual = -point.gradient
    direction = np.zeros_like(residual)
    search = inverse * residual
    height = first = residual @ search
    gains = []
    small = False
    while not small and len(gains) < min(_MAX_PRODUCTS, 2 * objective.size):
        product = objective.hessian_product(point, search)
        curvature = search @ product
        if not curvature > 0.0:
            break
        step = height / curvature
        direction += step * search
        residual -= step * product
        gains.append(step * height)
        preconditioned = inverse * residual
        previous, height = height, residual @ preconditioned
        search = preconditioned + (height / previous) * search
        small = height <= forcing**2 * first and _levelled(gains)
    if not gains:
        return Proposal(inverse * residual, 0.5 * first, first == 0.0)
    return Proposal(direction, 0.5 * sum(gains), small)


def _levelled(gains):
    if len(gains) <= _DELAY:
        # Too early to judge by the past, unless next to nothing is left to gain.
        return gains[-1] <= 0.01 * sum(gains)
    return sum(gains[-_DELAY:]) <= _LEVEL * sum(gains)
