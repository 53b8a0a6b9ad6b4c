"""The quadratic model of an objective with an L1 penalty, and the way to its minimum.

Coordinate descent soon knows which coefficients are 0 and the signs of the others, and is slow to
find their values where features are correlated. On the face where zeros and signs stay as they are
the model is a plain quadratic: a Cholesky factor or conjugate gradients find its minimum.

The intercept, without a penalty, is eliminated: it has its best value all the time.
"""

import numpy as np

from .._kernels.sweeps import (
    add_columns,
    column_curvatures,
    column_products,
    column_sweep,
    gram_sweeps,
)
from ._gap import penalty_gap
from ._newton_step import Factor

_SWEEPS = 10
_SETTLED = 0.01  # a sweep that gains a smaller share of the whole has found the face
_MAX_ROUNDS = 50
_SURE_ROUNDS = 12  # each may be as little as one coefficient in exchange for another
_MARGIN = 100.0  # times what the last rounds say that others will gain; 3 is often too little
_SLOPES_NOISE = 1e-10  # relative: of a value, what a bound by slopes cannot tell from 0
MAX_FACTOR = 500  # coefficients: for more, conjugate gradients are faster
_ROUGHLY = 0.1
_FORCING = 0.3  # of conjugate gradients on a face, relative to the residual
_FACES = 10  # of which each has a coefficient less than the last one
_MAX_PRODUCTS = 20  # more go along directions that nearly dependent columns leave open
_WORK = 2**25  # entries of X, about a tenth of a second's work


class _Model:
    """What both ways to keep the model in memory share.

    ``w`` are the coefficients on their way to the minimum, ``gain`` is how much lower the model is
    there than at the start.
    """

    solved = 0.01  # share of the gain that may be left to the last sweep
    left = 0.0  # what more rounds could gain, once it is known

    def minimise(self, enough=np.inf):
        """Go to the minimum, or until ``enough`` is gained; return whether it was reached."""
        for _ in range(_MAX_ROUNDS):
            gain = self.sweep()
            if gain <= self.solved * self.gain:
                return True
            if gain > _SETTLED * self.gain:
                self.settle()
            if self.gain >= enough:
                return False
            self.step_on_face()
        return False

    def minimise_to_prove(self, value, wanted, enough=np.inf):
        """As `minimise`, but where no more than ``wanted`` is gained, see how much is left.

        Where columns are many and nearly dependent, sweeps gain little and never come to an end.
        What slopes cannot tell from 0 is 0.
        """
        if not self.minimise(enough):
            return False
        gains = []
        for _ in range(_SURE_ROUNDS):
            if self.gain > wanted:
                return True
            left = self._left(value - self.lowest)
            left = left if left > _SLOPES_NOISE * value else 0.0
            if self.w.size > MAX_FACTOR:  # no steps on a face that are exact: it may take too long
                left = min(left, _extrapolated(gains))
            if self.gain + left <= wanted:
                self.left = left
                return True
            before = self.gain
            self.sweep()
            self.step_on_face()
            gains.append(self.gain - before)
        return False

    @property
    def promise(self):
        """What can be gained in all."""
        return self.gain + self.left

    def _left(self, penalty):
        """Bound on what is left to gain, by convexity.

        Either of the L2 penalty alone, or for L1 penalties of at most ``penalty`` in all.
        """
        slope, left = self.slopes(np.arange(self.w.size)), np.inf
        if np.all(self.l2):
            left = penalty_gap(slope - self.l2 * self.w, self.w, self.l1, self.l2)
        if np.all(self.l1):
            in_use = slope @ self.w + self.l1 @ np.abs(self.w)
            excess = np.max(np.abs(slope) / self.l1, initial=1.0) - 1.0
            left = min(left, in_use + penalty * excess)
        return left

    def step_on_face(self):
        """Step towards the minimum on the face, and on where that leads to a smaller one.

        A sweep brings back what it has just left, by next to nothing: without it, steps go on.
        """
        for _ in range(_FACES):
            if not self._step_to_smaller_face():
                return

    def _step_to_smaller_face(self):
        """Take a step on the face; return whether it has ended where a coefficient is 0.

        Of the whole step, with coefficients that would change their sign kept at 0, and the best
        point of the line, where they are not, the one that gains more is taken.
        """
        face = np.flatnonzero(self.w)
        if face.size == 0:
            return False
        start, slope = self.w[face], self.slopes(face)
        step = -self.solve(face, slope + self.l1[face] * np.sign(start))
        ends = np.where(start * step < 0.0, -start / np.where(step != 0.0, step, 1.0), np.inf)
        tried = [self._whole_step(face, start, slope, np.where(ends <= 1.0, 0.0, start + step))]
        if ends.min() < 1.0:
            tried.append(self._best_on_line(face, start, slope, step, ends))
        gain, goal, bent = best = max(tried, key=lambda each: each[0])
        if gain > 0.0:
            self.w[face] = goal
            self.move(face, goal - start, bent)
            self.gain += gain
        return gain > 0.0 and best is tried[-1] and not goal.all()

    def _whole_step(self, face, start, slope, goal):
        change = goal - start
        bent, curvature = self.bend(face, change)
        penalty = self.l1[face] @ (np.abs(start) - np.abs(goal))
        return penalty - slope @ change - 0.5 * curvature, goal, bent

    def _best_on_line(self, face, start, slope, step, ends):
        """The minimum along the step, where the slope jumps at every change of a sign.

        More columns than rows, or dependent ones, leave directions in which only the penalty
        changes: it ends where the last coefficient is 0 that pays.
        """
        bent, curvature = self.bend(face, step)
        sizes = self.l1[face] * np.abs(step)
        order = np.argsort(ends)
        ends = ends[order]
        before = slope @ step + np.sum(np.where(start * step < 0.0, -sizes, sizes))
        slopes = before + np.append(0.0, np.cumsum(2.0 * sizes[order]))
        # Where the slope after an end is not negative any more: there, or shortly before.
        last = int(np.argmax(np.append(slopes[1:] + curvature * ends >= 0.0, True)))
        length = -slopes[last] / curvature if curvature > 0.0 else np.inf
        is_at_end = last < ends.size and ends[last] <= length
        length = ends[last] if is_at_end else length
        if not np.isfinite(length):
            return 0.0, start, 0.0
        goal = start + length * step
        if is_at_end:
            goal[order[last]] = 0.0
        penalty = self.l1[face] @ (np.abs(start) - np.abs(goal))
        gain = penalty - length * (slope @ step + 0.5 * length * curvature)
        return gain, goal, length * bent


class GramModel(_Model):
    """The model with the whole Hessian in memory."""

    def __init__(self, hessian, objective, point):
        gradient = point.gradient
        border, corner = hessian[:-1, -1], hessian[-1, -1]
        self.share = border / corner if corner > 0.0 else np.zeros_like(border)
        self.free = -gradient[-1] / corner if corner > 0.0 else 0.0
        self.hessian = hessian[:-1, :-1] - np.outer(border, self.share)
        self.slope = gradient[:-1] - self.share * gradient[-1]
        self.l1, self.l2 = objective.l1[:-1], objective.l2[:-1]
        self.start = point.theta[:-1]
        self.w = self.start.copy()
        self.gain = 0.5 * self.free**2 * corner
        self.lowest = objective.lowest

    def direction(self):
        """The step from the start, intercept included."""
        step = self.w - self.start
        return np.append(step, self.free - self.share @ step)

    def sweep(self, n_sweeps=1):
        gain, total = gram_sweeps(self.hessian, self.l1, self.w, self.slope, n_sweeps, _SETTLED)
        self.gain += total
        return gain

    def settle(self):
        self.sweep(_SWEEPS)

    def slopes(self, face):
        return self.slope[face]

    def solve(self, face, slope):
        part = self.hessian[np.ix_(face, face)]
        if face.size <= MAX_FACTOR:
            return Factor(part).solve(slope)
        return _conjugate_gradients(part.__matmul__, np.diagonal(part), slope)

    def bend(self, face, change):
        bent = change @ self.hessian[face]
        return bent, bent[face] @ change

    def move(self, face, change, bent):
        self.slope += bent


class ColumnModel(_Model):
    """The model of a step in some columns, by what it moves the rows of X, times their curvature.

    See Yuan, Ho, Lin, "An Improved GLMNET for L1-regularized Logistic Regression", JMLR 13, 2012.
    """

    solved = 0.03

    def __init__(self, objective, point, columns, curvature):
        self.objective, self.point = objective, point._replace(curvature=curvature)
        self.X, self.columns = objective.matrix.columns, columns
        self.center, self.scale = objective.center, objective.scale
        self.size = objective.size
        self.row_curvature, self.lowest = curvature, objective.lowest
        self.l1, self.l2 = objective.l1[columns], objective.l2[columns]
        self.gradient, self.start = point.gradient[columns], point.theta[columns]
        self.w, self.rows = self.start.copy(), np.zeros(objective.n_rows)
        self.total = point.gradient[-1]  # plus the sum of the rows
        corner = curvature.sum() if objective.fit_intercept else 0.0
        self.corner = corner if corner > 0.0 else np.inf
        self.gain = 0.5 * self.total**2 / self.corner
        entries_a_column = max(1.0, objective.matrix.n_values / objective.matrix.shape[1])
        self.length = max(1, int(_WORK / entries_a_column))
        self.diagonal, self.border = np.empty((2, columns.size))
        for some in self._parts(columns.size):
            column_curvatures(
                self.X,
                columns[some],
                self.center,
                self.scale,
                self.row_curvature,
                self.diagonal[some],
                self.border[some],
            )
        self.curvature = self.diagonal + self.l2 - self.border**2 / self.corner

    def direction(self):
        """The step from the start, intercept included."""
        direction = np.zeros(self.size)
        direction[self.columns] = self.w - self.start
        direction[-1] = -self.total / self.corner
        return direction

    def _parts(self, size):
        return [slice(first, first + self.length) for first in range(0, size, self.length)]

    def sweep(self):
        return self._sweep(np.arange(self.columns.size))

    def settle(self):
        first = self._sweep(np.flatnonzero(self.w))
        for _ in range(2):
            if self._sweep(np.flatnonzero(self.w)) <= _ROUGHLY * first:
                break

    def _sweep(self, places):
        gain = 0.0
        for some in self._parts(places.size):
            gained, self.total = column_sweep(
                self.X,
                places[some],
                self.columns,
                self.center,
                self.scale,
                self.row_curvature,
                self.curvature,
                self.border,
                self.corner,
                self.l1,
                self.l2,
                self.gradient,
                self.start,
                self.w,
                self.rows,
                self.total,
            )
            gain += gained
        self.gain += gain
        return gain

    def slopes(self, face):
        slope = self._products(face, self.rows) - self.border[face] * (self.total / self.corner)
        return self.gradient[face] + slope + self.l2[face] * (self.w - self.start)[face]

    def _products(self, face, rows):
        products = np.empty(face.size)
        for some in self._parts(face.size):
            columns = self.columns[face[some]]
            column_products(self.X, columns, self.center, self.scale, rows, products[some])
        return products

    def bend(self, face, change):
        rows = np.zeros(self.row_curvature.size)
        for some in self._parts(face.size):
            columns = self.columns[face[some]]
            add_columns(
                self.X, columns, self.center, self.scale, change[some], self.row_curvature, rows
            )
        squares = np.divide(
            rows**2, self.row_curvature, out=np.zeros_like(rows), where=self.row_curvature > 0.0
        )
        total = self.border[face] @ change
        curvature = squares.sum() - total**2 / self.corner + self.l2[face] @ change**2
        return rows, curvature

    def move(self, face, change, bent):
        self.rows += bent
        self.total += self.border[face] @ change

    def solve(self, face, slope):
        is_sparse = self.objective.matrix.is_sparse
        multiply = self._by_rows(face) if is_sparse else self._by_columns(face)
        return _conjugate_gradients(multiply, self.curvature[face], slope)

    def _by_columns(self, face):
        """The Hessian on a face, as a product with a vector."""
        border, l2 = self.border[face], self.l2[face]

        def multiply(vector):
            rows, _ = self.bend(face, vector)
            product = self._products(face, rows) + l2 * vector
            return product - border * (border @ vector / self.corner)

        return multiply

    def _by_rows(self, face):
        """The same for sparse X: what its short rows meet are few numbers, which stay in cache."""
        part = self.objective.restricted(self.columns[face])
        border = self.border[face]

        def multiply(vector):
            shift = -(border @ vector) / self.corner
            return part.hessian_product(self.point, np.append(vector, shift))[:-1]

        return multiply


def _extrapolated(gains):
    """What more rounds will gain if they go on as the last three do, times a margin."""
    if len(gains) < 3:
        return np.inf
    first, second, third = gains[-3:]
    rate = max(second / first, third / second) if min(first, second) > 0.0 else 0.0
    return _MARGIN * third * rate / (1.0 - rate) if rate < 1.0 else np.inf


def _conjugate_gradients(multiply, diagonal, slope):
    """Return about the inverse of a matrix times ``slope``, with its diagonal as the metric."""
    inverse = 1.0 / np.where(diagonal > 0.0, diagonal, 1.0)
    solution, residual = np.zeros_like(slope), slope.copy()
    search = inverse * residual
    height = first = residual @ search
    for _ in range(_MAX_PRODUCTS):
        product = multiply(search)
        curvature = search @ product
        if not curvature > 0.0:
            break
        solution += height / curvature * search
        residual -= height / curvature * product
        solved = inverse * residual
        previous, height = height, residual @ solved
        if height <= _FORCING**2 * first:
            break
        search = solved + height / previous * search
    return solution
