"""The memory of L-BFGS: the last steps, and how they changed the gradient.

It is kept in compact form, see `_kernels/pairs.py`. A direction is then two products with all of
its vectors at once; the two-loop recursion goes through each of them several times, which takes
most of a fit where they are long.
"""

import numpy as np

from .._kernels.pairs import add_pair, descent

_N_PAIRS = 10
_LONG = 10_000


class LimitedMemory:
    """Estimate of the inverse Hessian, from a metric and the pairs met since it was set.

    Parameters
    ----------
    metric : object with a method ``solve(vector)``
        The first estimate.
    is_rescaled : bool
        Whether the metric is right but for a factor, which the newest pair tells (Shanno and Phua,
        "Matrix conditioning and nonlinear optimization", Mathematical Programming 14, 1978).
    """

    def __init__(self, metric, is_rescaled):
        self.metric = metric
        self.is_rescaled = is_rescaled
        self.order = np.arange(_N_PAIRS + 1)
        self.n_kept = 0
        self.pairs = None  # steps and changes, (_N_PAIRS + 1, size) each
        self.products = np.zeros((2, _N_PAIRS + 1))
        self.of_pairs = np.zeros((2, _N_PAIRS + 1, _N_PAIRS + 1))
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
                # Long vectors are limited by memory, and directions need few digits.
                kind = np.float32 if point.theta.size >= _LONG else np.float64
                self.pairs = tuple(np.empty((2, self.order.size, point.theta.size), kind))
            self.n_kept = add_pair(here, self.last, *self._kept)
        self.last = here
        if not self.n_kept:
            return -self.solved
        return descent(self.solved, *self._kept, self.is_rescaled)

    @property
    def _kept(self):
        return *self.pairs, self.order, self.n_kept, self.products, self.of_pairs
