"""Coordinate descent on a quadratic model with an L1 penalty: sweeps over its coordinates.

The model of a step from theta to w is slope' (w - theta) + (w - theta)' H (w - theta) / 2 + sum_j
l1[j] |w[j]|. In each coordinate its minimum is known in closed form (soft thresholding: Friedman,
Hastie, Tibshirani, "Regularization Paths for Generalized Linear Models via Coordinate Descent",
Journal of Statistical Software 33, 2010).
"""

import numpy as np

from .jit import jit
from .layouts import Columns, SparseColumns, verb
from .matrices import entries_of


@jit
def best_coordinate(old, slope, curvature, l1):
    """Return where the model has its minimum along one coordinate, and what is gained there."""
    if curvature <= 0.0:
        return 0.0, l1 * abs(old) + slope * old
    free = old - slope / curvature
    threshold = l1 / curvature
    new = 0.0
    if free > threshold:
        new = free - threshold
    elif free < -threshold:
        new = free + threshold
    change = new - old
    return new, l1 * (abs(old) - abs(new)) - change * (slope + 0.5 * change * curvature)


@jit
def gram_sweeps(hessian, l1, w, slope, n_sweeps, enough):
    """Minimise over one coordinate after another, with the whole Hessian in memory.

    ``w`` and ``slope``, the gradient of the quadratic at w, are kept up to date. Ends after
    ``n_sweeps``, or after a sweep that gains less than ``enough`` times what all sweeps have
    gained. Returns what the last sweep gained, and what all did.
    """
    total = 0.0
    gain = 0.0
    for _ in range(n_sweeps):
        gain = 0.0
        for j in range(w.size):
            new, gained = best_coordinate(w[j], slope[j], hessian[j, j], l1[j])
            change = new - w[j]
            if change != 0.0:
                row = hessian[j]
                for k in range(w.size):
                    slope[k] += change * row[k]
                w[j] = new
                gain += gained
        total += gain
        if gain <= enough * total:
            break
    return gain, total


# -- the same with X in memory by columns, and the model's residual in its rows


@jit
def _product_dense(X, j, rows):
    column = X.values[j]
    total = 0.0
    for i in range(rows.size):
        total += column[i] * rows[i]
    return total


@jit
def _product_sparse(X, j, rows):
    values, indices = X.values, X.indices
    total = 0.0
    for k in entries_of(X, j):
        total += values[k] * rows[np.uintp(indices[k])]
    return total


@jit
def _add_dense(X, j, factor, center, weight, rows):
    column = X.values[j]
    for i in range(rows.size):
        rows[i] += factor * (column[i] - center) * weight[i]


@jit
def _add_sparse(X, j, factor, center, weight, rows):
    values, indices = X.values, X.indices
    for k in entries_of(X, j):
        i = np.uintp(indices[k])
        rows[i] += factor * values[k] * weight[i]


@jit
def _square_dense(X, j, center, weight):
    column = X.values[j]
    total = 0.0
    for i in range(weight.size):
        shifted = column[i] - center
        total += shifted * shifted * weight[i]
    return total


@jit
def _square_sparse(X, j, center, weight):
    values, indices = X.values, X.indices
    total = 0.0
    for k in entries_of(X, j):
        total += values[k] * values[k] * weight[np.uintp(indices[k])]
    return total


@verb({Columns: _product_dense, SparseColumns: _product_sparse})
def product(X, j, rows):
    """Return column j times ``rows``."""


@verb({Columns: _add_dense, SparseColumns: _add_sparse})
def add(X, j, factor, center, weight, rows):
    """Add ``factor`` times the centred and weighted column j to ``rows``."""


@verb({Columns: _square_dense, SparseColumns: _square_sparse})
def square(X, j, center, weight):
    """Return the weighted sum of the squares of the centred column j."""


@jit
def column_curvatures(X, columns, center, scale, weight, diagonal, border):
    """Fill, for some columns, the Hessian's diagonal and last column, without penalties."""
    total = weight.sum()
    for k in range(columns.size):
        j = columns[k]
        diagonal[k] = square(X, j, center[j], weight) / scale[j] ** 2
        border[k] = (product(X, j, weight) - center[j] * total) / scale[j]


@jit
def column_products(X, columns, center, scale, rows, products):
    """Fill the products of some columns with ``rows``."""
    total = rows.sum()
    for k in range(columns.size):
        j = columns[k]
        products[k] = (product(X, j, rows) - center[j] * total) / scale[j]


@jit
def add_columns(X, columns, center, scale, factors, weight, rows):
    """Add to ``rows`` the sum of some columns times their factors, times the rows' weights."""
    for k in range(columns.size):
        j = columns[k]
        add(X, j, factors[k] / scale[j], center[j], weight, rows)


@jit
def column_sweep(
    X,
    places,
    columns,
    center,
    scale,
    weight,
    curvature,
    border,
    corner,
    l1,
    l2,
    slope,
    start,
    w,
    rows,
    total,
):
    """Minimise over one of ``columns[places]`` after another.

    ``rows`` is weight * (X @ (w - start)), without the intercept, and ``total`` its sum plus the
    slope of the intercept, which has its best value all the time; ``corner`` is the intercept's
    curvature, infinite where it is fixed. ``slope`` is the gradient at the start. Returns what was
    gained, and the new total.
    """
    gain = 0.0
    sum_of_rows = rows.sum()
    for k in places:
        j = columns[k]
        inner = (product(X, j, rows) - center[j] * sum_of_rows) / scale[j]
        at = slope[k] + inner - border[k] * total / corner + l2[k] * (w[k] - start[k])
        new, gained = best_coordinate(w[k], at, curvature[k], l1[k])
        change = new - w[k]
        if change != 0.0:
            add(X, j, change / scale[j], center[j], weight, rows)
            sum_of_rows += change * border[k]
            total += change * border[k]
            w[k] = new
            gain += gained
    return gain, total
