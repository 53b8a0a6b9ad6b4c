"""Newton directions by conjugate gradients, with a diagonal or a Cholesky factor for a metric."""

import numpy as np

from .._kernels.vectors import cg_advance, cg_turn
from ._loop import Proposal

_MAX_PRODUCTS = 500
_DELAY = 5  # products over which the energy must have levelled off
_LEVEL = 0.2
_NULL = 1e-14  # relative: directions that curve less are rounding
_ROUNDING, _LEAST = 1e-15, 1e-300
_NEAR = 10.0  # times what is wanted: from there on a step may be the last
_LEFT = 0.2  # of what is wanted, after the step


def cg_step(objective, point, forcing, wanted=0.0, factor=None):
    """Return the direction at which the residual has fallen to ``forcing`` times the gradient.

    The decrement is the energy that conjugate gradients collect, which grows towards the true
    one from below; on ill-conditioned problems a small residual alone proves nothing. Where it
    comes near to what is ``wanted`` the step may be the last: then the iteration ends when what is
    missing, and left by the step, is little. That is known by the bound of `_Missing`, or where
    there is none guessed, if the residual is small and the last few products have added little.
    The metric is ``factor``, of a Hessian that is near to the one here, or a diagonal.
    """
    metric = Diagonal(objective.metric(point)) if factor is None else _Factored(factor)
    missing = _Missing()
    if factor is not None:
        missing.begin(0.0)  # next to 1 where the Hessians are alike, but nobody knows how near
    # The curvatures of a focal loss are not its own: what a step leaves is not known.
    is_convex = not any(objective.gammas)
    near = _NEAR * wanted if is_convex else wanted
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
        turn = height / previous
        missing.go_on(step, turn)
        decrement, is_small = 0.5 * sum(gains), height <= forcing**2 * first
        if decrement > near:
            if is_small:
                return Proposal(direction, decrement, _levelled(gains))
        else:
            if missing.least is None:
                missing.begin((yield from metric.least(objective, point)))
            left = 0.5 * missing.bound(height)
            if height <= _NULL * first or (is_small and not missing.is_known and _levelled(gains)):
                left = 0.0
            if left <= _LEFT * wanted:
                known = left if is_convex else np.inf
                return Proposal(direction, decrement + left, True, left=known)
        metric.turn(turn, residual, search)
        size = height + turn**2 * size
    # Nothing is proved, unless there was nothing to gain in the first place.
    nothing_left = height <= _NULL * first
    return Proposal(direction, 0.5 * sum(gains), nothing_left, complete=nothing_left)


class _Missing:
    """Bound on the energy that conjugate gradients have not collected yet.

    It is the Gauss-Radau rule for a number that no eigenvalue of the Hessian in the metric is below
    (Meurant and Tichy, "Error Norm Estimation in the Conjugate Gradient Algorithm", SIAM 2024,
    chapter 3). That is asked for when the bound is.
    """

    def __init__(self):
        self.least = None
        self.is_known = False
        self.past = []

    def go_on(self, step, turn):
        """Take the lengths of a step, and of the turn after it."""
        if self.least is None:
            self.past.append((step, turn))
        elif self.is_known:
            excess = max(self.factor - step, _ROUNDING * step)
            self.factor = excess / (self.least * excess + turn)

    def begin(self, least):
        """Take the bound on the eigenvalues, which says nothing if it is 0."""
        self.least = least
        self.is_known = least > _LEAST
        self.factor = 1.0 / least if self.is_known else np.inf
        for step, turn in self.past:
            self.go_on(step, turn)

    def bound(self, height):
        """The bound, for a residual of this height; infinite if eigenvalues may be 0."""
        return self.factor * height


class Diagonal:
    """A diagonal metric, its steps each in one go over the long vectors."""

    def __init__(self, diagonal):
        self.inverse = 1.0 / diagonal

    def least(self, objective, point):
        """Bound on the eigenvalues of the Hessian in the metric, from below.

        Without an intercept it is the least that the L2 penalty adds, L. The intercept's column is
        not penalised, and where curvatures are uneven, not orthogonal to the others: with b its
        products with them in the metric, the determinant of what it spans with b is at least L,
        and the trace 1 + |b|^2 + L.
        """
        inverse = self.inverse
        least = np.min(objective.l2[:-1] * inverse[:-1])
        if not (objective.fit_intercept and least > _LEAST):
            return least
        intercept = np.zeros(objective.size)
        intercept[-1] = 1.0
        border = yield objective.hessian_product, point, intercept
        coupling = inverse[-1] * np.sum(inverse[:-1] * border[:-1] ** 2)
        return least / (1.0 + coupling + least)

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
