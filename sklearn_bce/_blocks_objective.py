"""The function that solvers minimise, over blocks of rows that are read and never kept.

Each block is an ordinary `Objective` in the variables that all blocks share. The objective over the
whole source is their average, and so are its gradient and its Hessian. Nothing as long as X has
rows is kept: the curvatures of the rows are worked out again where they are needed.
"""

import numpy as np
from scipy.linalg import qr

from ._intercept import total_slope
from ._matrix import Matrix
from ._objective import Objective, Point
from ._row_sample import Reservoir

_SHIFTS = 2.0 ** np.linspace(-4.0, 8.0, 40)  # of the intercept, to either side
_MAX_READINGS = 50  # 16 ** 50 is beyond any logit whose slopes are numbers
_SMALL_SHIFT = 1e-3  # within which the slope is a straight line but for its last digits


class BlocksObjective(Objective):
    """The same function and the same verbs over Blocks; each verb is one reading of the source.

    The row weights ``positive`` and ``negative`` are those of rows merged by class, which is all
    that is needed of them. ``Point.weight`` holds one number, the curvature of all rows together.
    For a solver that wants a Hessian at every point both are worked out in one reading.
    """

    n_rows_held = 0
    latest = None, []  # the last Point, and the Hessian there if it was worked out with it

    def pieces(self):
        """Yield (share, objective) for each block, without the penalty."""
        columns = self.center, self.scale, self.is_constant
        whole = self.matrix.mass.sum()
        for X, positive, negative in self.matrix.read():
            mass = positive.sum() + negative.sum()
            if mass > 0.0:
                rows = Matrix(X, self.matrix.team), positive, negative
                yield mass / whole, Objective(*rows, 0.0, self.gammas, self.fit_intercept, columns)
                del rows
            del X, positive, negative

    def cross_entropy(self):
        """Return the same objective without the focal exponents."""
        part = super().cross_entropy()
        part.latest = None, []
        return part

    def draw(self, n_sample, seed):
        """Return the same objective, in the same variables, from a random sample of the rows."""
        reservoir = Reservoir(n_sample, seed)
        for share, piece in self.pieces():
            reservoir.add(piece.matrix.source, share * piece.positive, share * piece.negative)
            del piece
        X, positive, negative = reservoir.take()
        return Objective(
            Matrix(X, self.matrix.team),
            positive,
            negative,
            self.strength * (positive + negative).sum(),
            self.gammas,
            self.fit_intercept,
            (self.center, self.scale, self.is_constant),
        )

    def _average(self, task):
        """Return the average over the blocks of what ``task(piece)`` returns, a tuple."""
        sums = None
        for share, piece in self.pieces():
            terms = [share * term for term in task(piece)]
            sums = terms if sums is None else [a + b for a, b in zip(sums, terms, strict=True)]
            del piece
        return sums

    def evaluate(self, theta):
        """Value, gradient and total curvature at theta; maybe the Hessian, for `hessian`."""
        point, _ = self.latest
        if point is None or point.theta is not theta:
            self.latest = self._evaluate(theta, self.matrix.with_hessian)
        return self.latest[0]

    def _evaluate(self, theta, with_hessian):
        def task(piece):
            point = piece.evaluate(theta)
            values = point.value, point.gradient, point.weight.sum(), not point.is_separated
            return (*values, piece.hessian(point)) if with_hessian else values

        value, gradient, weight, n_wrong, *hessian = self._average(task)
        pull = self.penalty * theta
        value = float(value + 0.5 * (pull @ theta) + self.l1 @ np.abs(theta))
        point = Point(theta, value, gradient + pull, np.array([weight]), n_wrong == 0.0)
        return point, hessian

    def hessian(self, point):
        """Return the Hessian with every row's positive curvature, (size, size)."""
        latest, hessian = self.latest
        if latest is not point or not hessian:
            hessian = self._average(lambda piece: (piece.hessian(piece.evaluate(point.theta)),))
        return self.hessian_from(hessian[0].copy())

    def hessian_root(self, point):
        """Return an R with R.T @ R the Hessian, made without squaring X: (2 size, size)."""
        triangle = np.empty((0, self.size))
        for share, piece in self.pieces():
            root = np.sqrt(share) * piece.hessian_root(piece.evaluate(point.theta))
            rows = np.vstack([triangle, root])
            triangle = qr(rows, mode="r", overwrite_a=True, check_finite=False)[0][: self.size]
            del piece
        return np.vstack([triangle, np.diag(np.sqrt(self.penalty))])

    def hessian_product(self, point, direction):
        """Return Hessian @ direction."""

        def task(piece):
            return (piece.hessian_product(piece.evaluate(point.theta), direction),)

        (product,) = self._average(task)
        return product + self.penalty * direction

    def best_shift(self, theta):
        """Return the shift of theta[-1] at which the loss is stationary: three readings or four.

        Each finds out about many shifts, and the next ones are between the two with a change of the
        slope's sign; at last a straight line does.
        """

        def task(piece):
            logits = piece.logits(theta)
            weights = piece.positive, piece.negative, *piece.gammas
            return (np.array([total_slope(logits + shift, *weights) for shift in shifts]),)

        shifts = np.concatenate([-_SHIFTS[::-1], [0.0], _SHIFTS])
        for _ in range(_MAX_READINGS):
            (slopes,) = self._average(task)
            if not slopes[0] < 0.0 < slopes[-1]:
                shifts = 16.0 * shifts
                continue
            last = np.argmax(slopes > 0.0)
            low, high = shifts[last - 1 : last + 1]
            if high - low < _SMALL_SHIFT:
                slope_low, slope_high = slopes[last - 1 : last + 1]
                return low - slope_low * (high - low) / (slope_high - slope_low)
            shifts = np.linspace(low, high, 2 * _SHIFTS.size + 1)
        return 0.0
