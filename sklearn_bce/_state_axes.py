"""Where the arrays of a `State` hold their problems, for dense rows and for sparse ones."""

from typing import NamedTuple

import numpy as np

from ._kernels.stochastic import COEF, N_DUALS, N_MOMENTS, N_PLACES


class Axis(NamedTuple):
    """Along which axis of an array problems lie one after another."""

    number: int
    n_shared: int = 0  # places before the first problem's, which all share
    n_each: int = 1  # places of each problem

    def size(self, n_problems):
        """Return how long the axis is."""
        return self.n_shared + n_problems * self.n_each

    def join(self, arrays):
        """Return the problems of all arrays as one array."""
        first, *others = arrays
        own = (slice(None),) * self.number + (slice(self.n_shared, None),)
        return np.concatenate([first, *[other[own] for other in others]], self.number)

    def part(self, array, k):
        """Return problem k by itself, with what all share."""
        own = range(self.size(k), self.size(k + 1))
        return np.take(array, [*range(self.n_shared), *own], self.number)


# What belongs to each problem; all share the rest.
_DENSE_AXES = {
    "features": Axis(0),
    "duals": Axis(1),
    "average": Axis(0),
    "intercept": Axis(1),
    "squared_weight": Axis(0),
    "prior": Axis(0),
    "penalty": Axis(0),
}
_SPARSE_AXES = _DENSE_AXES | {
    "features": Axis(1, N_MOMENTS, N_PLACES),
    "duals": Axis(1, n_each=N_DUALS),
    "average": Axis(1),
}


def axes_of(is_sparse):
    """Return the Axis of each array that has something of each problem, by name."""
    return _SPARSE_AXES if is_sparse else _DENSE_AXES


def coefs_in(features):
    """View the coefficients in the `State.features` of sparse rows as (n_columns, K)."""
    return features[:, N_MOMENTS + COEF :: N_PLACES]


def by_place(duals):
    """View the `State.duals` of sparse rows as those of dense ones, (2, K, n_columns)."""
    return duals.reshape(len(duals), -1, N_DUALS).transpose(2, 1, 0)


def by_column(duals):
    """Return `State.duals` of dense rows as those of sparse ones: a column's lie side by side."""
    return duals.transpose(2, 1, 0).copy("C").reshape(duals.shape[2], -1)
