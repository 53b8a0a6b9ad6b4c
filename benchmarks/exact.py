"""The objective in extended precision: who is how far above the minimum, whoever fitted it.

np.longdouble has 64 bits of mantissa on x86. Where it is float64, differences below about 1e-13
of the objective are rounding.
"""

import numpy as np
from scipy.special import expit

_BLOCK = 4096  # rows of X widened at a time


class Exact:
    """C sum_i weight_i [y_i phi(z_i) + (1 - y_i) phi(-z_i)] + |coef|^2 / 2, in np.longdouble."""

    def __init__(self, X, y, weight, C):
        self.X, self.C = X, np.longdouble(C)
        self.y = np.asarray(y, dtype=np.longdouble)
        self.weight = np.asarray(np.ones(self.y.size) if weight is None else weight, np.longdouble)

    def value(self, coef, intercept):
        coef = np.asarray(coef, dtype=np.longdouble)
        return self._value(self._logits(coef) + np.longdouble(intercept), coef)

    def gap(self, coef, intercept):
        """Return a bound on value - minimum that needs no other point.

        With the intercept at its optimum it is the duality gap, |gradient|^2 / 2 for an L2 penalty.
        """
        coef = np.asarray(coef, dtype=np.longdouble)
        start = self._logits(coef) + np.longdouble(intercept)
        z = self._best_shift(start)
        gradient = coef + self.C * self._combine(self._slope(z))
        return gradient @ gradient / 2 + self._value(start, coef) - self._value(z, coef)

    def _value(self, z, coef):
        loss = self.y * np.logaddexp(0, -z) + (1 - self.y) * np.logaddexp(0, z)
        return self.C * np.sum(self.weight * loss) + coef @ coef / 2

    def _slope(self, z):
        return self.weight * (expit(z) - self.y)

    def _best_shift(self, z):
        """Logits with the best intercept, by Newton's method from a point close to it."""
        for _ in range(5):
            p = expit(z)
            z = z - np.sum(self._slope(z)) / np.sum(self.weight * p * (1 - p))
        return z

    def _blocks(self):
        for start in range(0, self.y.size, _BLOCK):
            rows = slice(start, start + _BLOCK)
            yield rows, self.X[rows].astype(np.longdouble)

    def _logits(self, coef):
        return np.concatenate([block @ coef for _, block in self._blocks()])

    def _combine(self, slope):
        return sum(block.T @ slope[rows] for rows, block in self._blocks())
