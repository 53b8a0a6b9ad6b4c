"""The memory of L-BFGS: the last steps, and how they changed the gradient.

It is kept in compact form, see `_kernels/pairs.py`. A direction is then two products with all of
its vectors at once; the two-loop recursion goes through each of them several times, which takes
most of a fit where they are long.
"""

import numpy as np

from .._kernels.pairs import add_pair, descent

_N_PAIRS = 10
# Long vectors are limited by memory: of them fewer are kept, and with fewer digits, for directions
# need no more. That takes a few more readings of X, and all in all less time.
_LONG, _N_LONG_PAIRS = 10_000, 5


class LimitedMemory:
    """Estimate of the inverse Hessian, from a metric and the pairs met since it was set.

    Parameters
    ----------
    metric : object with a method ``solve(vector)``
        The first estimate.
    trusted : float
        Where the newest pair says that the metric is off by a larger factor, it is multiplied by
        that (Shanno and Phua, "Matrix conditioning and nonlinear optimization", Mathematical
        Programming 14, 1978).
    """

    def __init__(self, metric, trusted):
        self.metric = metric
        self.trusted = trusted
        self.n_kept = 0
        self.pairs = None  # steps and changes, (n_pairs + 1, size) each
        self.last = None

    @property
    def solved(self):
        """metric^-1 @ gradient at the point of the last direction."""
        return self.last[2]

    def direction(self, point):
        """Return -inverse @ gradient at the point, which the next pair will start from."""
        here = point.theta, point.gradient, self.metric.solve(point.gradient)
        if self.last is not None:
            if self.pairs is None:
                self._make_room(point.theta.size)
            self.n_kept = add_pair(here, self.last, *self._kept)
        self.last = here
        if not self.n_kept:
            return -self.solved
        return descent(self.solved, *self._kept, self.trusted)

    def _make_room(self, size):
        n_pairs, kind = (_N_LONG_PAIRS, np.float32) if size >= _LONG else (_N_PAIRS, np.float64)
        self.pairs = tuple(np.empty((2, n_pairs + 1, size), kind))
        self.order = np.arange(n_pairs + 1)
        self.products = np.zeros((2, n_pairs + 1))
        self.of_pairs = np.zeros((2, n_pairs + 1, n_pairs + 1))

    @property
    def _kept(self):
        return *self.pairs, self.order, self.n_kept, self.products, self.of_pairs
