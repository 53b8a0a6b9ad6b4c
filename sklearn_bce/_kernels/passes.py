"""One reading of some rows of X a call: the sums over them that a solver asks for.

The rows begin at ``first``; there are as many as the vectors that belong to rows have entries. Each
pass works through blocks of rows, so that what it needs twice of a block is still in cache the
second time. The block length is fixed, and so is the order of the sums.
"""

import numpy as np

from . import lanes
from .jit import jit, jit_exact
from .lanes import WIDTH
from .matrices import (
    add_combination,
    add_moments,
    add_scores,
    entries_of,
    fill_scaled,
    value_of,
)
from .panels import add_products
from .pointwise import loss_of_rows

BLOCK = 512
_PANEL_VALUES = 2**15  # 256 kB: they stay in the second-level cache
_LEAST_ROWS = 64


@jit
def loss_pass(X, first, coef, shift, u, v, gamma_positive, gamma_negative, sums, weight):
    """Loss at the logits X @ coef + shift, with X.T @ slope added to ``sums``.

    ``weight`` (n_rows,) is filled with the positive curvature of every row. Returns the loss, the
    sum of the slopes and the number of rows on the wrong side.
    """
    z = np.empty(BLOCK)
    slope = np.empty(BLOCK)
    total = 0.0
    total_slope = 0.0
    n_wrong = 0
    has_features = coef.any()  # at the start of a fit there are none, and no logit needs X
    for start in range(0, u.size, BLOCK):
        stop = min(start + BLOCK, u.size)
        z_block = z[: stop - start]
        slope_block = slope[: stop - start]
        z_block[:] = shift
        if has_features:
            add_scores(X, coef, first + start, z_block)
        loss, block_wrong = loss_of_rows(
            z_block,
            u[start:stop],
            v[start:stop],
            gamma_positive,
            gamma_negative,
            slope_block,
            weight[start:stop],
        )
        add_combination(X, slope_block, first + start, sums)
        total += loss
        total_slope += slope_block.sum()
        n_wrong += block_wrong
    return total, total_slope, n_wrong


@jit
def curvature_pass(X, first, direction, shift, weight, sums):
    """Add X.T @ (weight * (X @ direction + shift)) to ``sums``; return the sum of the bracket."""
    change = np.empty(BLOCK)
    total = 0.0
    for start in range(0, weight.size, BLOCK):
        stop = min(start + BLOCK, weight.size)
        block = change[: stop - start]
        block[:] = shift
        add_scores(X, direction, first + start, block)
        rows = weight[start:stop]
        for i in range(block.size):
            # A row that does not count may have an infinite score.
            block[i] = block[i] * rows[i] if rows[i] > 0.0 else 0.0
        add_combination(X, block, first + start, sums)
        total += block.sum()
    return total


@jit
def scores_pass(X, first, coef, shift, scores):
    """Fill ``scores`` with X @ coef + shift."""
    has_features = coef.any()
    for start in range(0, scores.size, BLOCK):
        stop = min(start + BLOCK, scores.size)
        block = scores[start:stop]
        block[:] = shift
        if has_features:
            add_scores(X, coef, first + start, block)


@jit
def combination_pass(X, first, factors, sums):
    """Add X.T @ factors to ``sums``."""
    add_combination(X, factors, first, sums)


@jit
def moments_pass(X, first, weight, origin, unit, sums, squares):
    """Add weight @ X to ``sums`` and weight @ ((X - origin) * unit) ** 2 to ``squares``."""
    add_moments(X, weight, origin, unit, first, sums, squares)


@jit
def weighted_panels(X, start, center, inverse, weight, first, panels):
    """Fill rows of ``panels`` with rows of [(X - center) * inverse, 1] times the root of weights.

    The lanes that are left over are 0; see `panels.py`.
    """
    root = np.sqrt(weight)
    for i in range(root.size):
        lanes.store(lanes.zeros(), panels[-1], WIDTH * (first + i))
    fill_scaled(X, center, inverse, root, start, first, panels)
    for i in range(root.size):
        panels[-1, first + i, center.size % WIDTH] = root[i]


@jit
def gram_pass(X, start, center, inverse, weight, gram):
    """Add the products of the columns of [(X - center) * inverse, 1], with weights, to ``gram``.

    Dense X only; what ``gram`` is, `add_products` tells.
    """
    length = max(_LEAST_ROWS, _PANEL_VALUES // gram.shape[0])
    for first in range(0, weight.size, length):
        rows = weight[first : first + length]
        panels = np.empty((gram.shape[0] // WIDTH, rows.size, WIDTH))
        weighted_panels(X, start + first, center, inverse, rows, 0, panels)
        add_products(panels, 0, panels.shape[0], gram)


@jit_exact
def _of_column(numbers, j):
    """The numbers of a column in (n_columns, WIDTH)."""
    return lanes.load(numbers, WIDTH * np.uintp(j))


@jit
def _scores_of_row(X, i, coefs, scores):
    """Set scores[0] to row i times ``coefs`` (n_columns, WIDTH)."""
    values, columns = X.values, X.indices
    first, stop = X.indptr[i], X.indptr[i + 1]
    # Two sums, so that an addition need not wait for the one before it.
    even = lanes.zeros()
    odd = lanes.zeros()
    for k in range(first, stop - 1, 2):
        a = np.uintp(k)
        b = np.uintp(k + 1)
        even = lanes.multiply_add(value_of(values, a), _of_column(coefs, columns[a]), even)
        odd = lanes.multiply_add(value_of(values, b), _of_column(coefs, columns[b]), odd)
    if (stop - first) % 2 == 1:
        a = np.uintp(stop - 1)
        even = lanes.multiply_add(value_of(values, a), _of_column(coefs, columns[a]), even)
    lanes.store(lanes.add(even, odd), scores, 0)


@jit
def _add_row(X, i, residuals, sums):
    """Add row i times residuals[0] to ``sums`` (n_columns, WIDTH)."""
    values, columns = X.values, X.indices
    of_row = lanes.load(residuals, 0)
    for k in entries_of(X, i):
        here = lanes.multiply_add(value_of(values, k), of_row, _of_column(sums, columns[k]))
        lanes.store(here, sums, WIDTH * np.uintp(columns[k]))


@jit
def sparse_scores(X, first, coefs, scores):
    """Fill ``scores`` (WIDTH, n_block) with X[rows] @ coefs, for ``coefs`` (n_columns, WIDTH)."""
    total = np.empty((1, WIDTH))
    for i in range(scores.shape[1]):
        _scores_of_row(X, first + i, coefs, total)
        for k in range(WIDTH):
            scores[k, i] = total[0, k]


@jit
def add_sparse_combination(X, first, residuals, sums):
    """Add X[rows].T @ residuals.T to ``sums`` (n_columns, WIDTH), for (WIDTH, n_block)."""
    row = np.empty((1, WIDTH))
    for i in range(residuals.shape[1]):
        for k in range(WIDTH):
            row[0, k] = residuals[k, i]
        _add_row(X, first + i, row, sums)


@jit
def sparse_curvature_pass(X, first, directions, shifts, weights, sums, totals):
    """`curvature_pass` of many problems, whose weights are (n_problems, n_rows).

    ``directions`` and ``sums`` are (n_columns, WIDTH); ``totals`` (n_problems,) gets the sums of
    the brackets.
    """
    change = np.zeros((1, WIDTH))
    for i in range(weights.shape[1]):
        _scores_of_row(X, first + i, directions, change)
        for k in range(totals.size):
            weight = weights[k, i]
            # A row that does not count may have an infinite score.
            change[0, k] = (change[0, k] + shifts[k]) * weight if weight > 0.0 else 0.0
            totals[k] += change[0, k]
        _add_row(X, first + i, change, sums)


@jit
def sparse_gram_pass(X, first_row, weight, unit, gram, diagonal):
    """Row by row, add the weighted outer product of the scaled row with itself.

    Pairs of different entries of a row go to one of the two mirrored places in ``gram`` and an
    entry with itself to ``diagonal``: gram + gram.T + diag(diagonal) is the whole, for rows with
    repeated column indices too.
    """
    values, columns = X.values, X.indices
    for i in range(weight.size):
        if weight[i] == 0.0:
            continue
        entries = entries_of(X, first_row + i)
        for a in entries:
            j = np.uintp(columns[a])
            scaled = value_of(values, a) * unit[j]
            factor = weight[i] * scaled
            diagonal[j] += factor * scaled
            for b in range(entries.start, a):
                k = np.uintp(columns[b])
                gram[j, k] += factor * (value_of(values, b) * unit[k])
