"""How a loop over rows reads X: four verbs, each with a body for every layout.

They work on a range of rows, so that a pass can do all its work on a block of X while the block is
in cache. The passes above are written once for all layouts.

Numba lets a negative index count from the end, and unless it knows better it asks each index for
its sign, which is slower than what is done with the number. It knows better where loops run from 0
over a slice, and where an index is unsigned. Sparse rows are short, and a slice of each would cost
as much as many entries: its owner is counted.
"""

import numpy as np

from . import lanes
from .jit import jit, jit_exact, jit_polynomial, jit_within
from .lanes import WIDTH
from .layouts import Columns, Rows, SparseRows, verb

_AT_ONCE = 4  # columns, or rows, that share a reading of the vector they meet


# -- scores[i] += X[start + i] . coef


@jit
def _scores_rows(X, coef, start, scores):
    for i in range(scores.size):
        row = X.values[start + i]
        total = 0.0
        for j in range(coef.size):
            total += row[j] * coef[j]
        scores[i] += total


@jit
def _scores_columns(X, coef, start, scores):
    stop = start + scores.size
    whole = coef.size - coef.size % _AT_ONCE
    for j in range(0, whole, _AT_ONCE):
        a = X.values[j, start:stop]
        b = X.values[j + 1, start:stop]
        c = X.values[j + 2, start:stop]
        d = X.values[j + 3, start:stop]
        for i in range(scores.size):
            scores[i] += (a[i] * coef[j] + b[i] * coef[j + 1]) + (
                c[i] * coef[j + 2] + d[i] * coef[j + 3]
            )
    for j in range(whole, coef.size):
        column = X.values[j, start:stop]
        for i in range(scores.size):
            scores[i] += column[i] * coef[j]


@jit_exact
def entries_of(X, i):
    """The places of the values and the indices of a sparse row, or of a sparse column."""
    return range(np.uintp(X.indptr[i]), np.uintp(X.indptr[i + 1]))


@jit_within
def value_of(values, entry):
    """Return an entry of sparse X, which has no values where all are 1."""
    return 1.0 if values is None else values[entry]


@jit_polynomial
def _scores_sparse(X, coef, start, scores):
    """In two sums, so that an addition need not wait for the one before it.

    One sum, whose order is left to the compiler, would be vectors that gather: on few processors is
    that as fast as number by number.
    """
    values, columns = X.values, X.indices
    for i in range(scores.size):
        first, stop = np.intp(X.indptr[start + i]), np.intp(X.indptr[start + i + 1])
        even = odd = 0.0
        for k in range(first, stop - 1, 2):
            a, b = np.uintp(k), np.uintp(k + 1)
            even += value_of(values, a) * coef[np.uintp(columns[a])]
            odd += value_of(values, b) * coef[np.uintp(columns[b])]
        if (stop - first) % 2 == 1:
            last = np.uintp(stop - 1)
            even += value_of(values, last) * coef[np.uintp(columns[last])]
        scores[i] += even + odd


# -- sums[j] += sum_i residual[i] * X[start + i, j]


@jit
def _combine_rows(X, residual, start, sums):
    whole = residual.size - residual.size % _AT_ONCE
    for i in range(0, whole, _AT_ONCE):
        a = X.values[start + i]
        b = X.values[start + i + 1]
        c = X.values[start + i + 2]
        d = X.values[start + i + 3]
        of_a, of_b, of_c, of_d = residual[i], residual[i + 1], residual[i + 2], residual[i + 3]
        for j in range(sums.size):
            sums[j] += (a[j] * of_a + b[j] * of_b) + (c[j] * of_c + d[j] * of_d)
    for i in range(whole, residual.size):
        row = X.values[start + i]
        factor = residual[i]
        for j in range(sums.size):
            sums[j] += factor * row[j]


@jit
def _combine_columns(X, residual, start, sums):
    stop = start + residual.size
    whole = sums.size - sums.size % _AT_ONCE
    for j in range(0, whole, _AT_ONCE):
        a = X.values[j, start:stop]
        b = X.values[j + 1, start:stop]
        c = X.values[j + 2, start:stop]
        d = X.values[j + 3, start:stop]
        of_a = of_b = of_c = of_d = 0.0
        for i in range(residual.size):
            of_a += a[i] * residual[i]
            of_b += b[i] * residual[i]
            of_c += c[i] * residual[i]
            of_d += d[i] * residual[i]
        sums[j] += of_a
        sums[j + 1] += of_b
        sums[j + 2] += of_c
        sums[j + 3] += of_d
    for j in range(whole, sums.size):
        column = X.values[j, start:stop]
        total = 0.0
        for i in range(residual.size):
            total += column[i] * residual[i]
        sums[j] += total


@jit
def _combine_sparse(X, residual, start, sums):
    values, columns = X.values, X.indices
    for i in range(residual.size):
        factor = residual[i]
        for k in entries_of(X, start + i):
            sums[np.uintp(columns[k])] += factor * value_of(values, k)


# -- sums[j] += sum_i weight[i] * X[start + i, j], and the same of ((X - origin) * unit) ** 2 to
#    squares; the origin of sparse columns is zero, or their zeros would count. A number that is not
#    finite shows in the sums even of rows without weight.


@jit_exact
def _square(value, unit):
    """The unit first: its own square may be 0."""
    scaled = value * unit
    return scaled * scaled


@jit
def _moments_rows(X, weight, origin, unit, start, sums, squares):
    for i in range(weight.size):
        row = X.values[start + i]
        factor = weight[i]
        for j in range(sums.size):
            sums[j] += factor * row[j]
            squares[j] += factor * _square(row[j] - origin[j], unit) if factor > 0.0 else 0.0


@jit
def _moments_columns(X, weight, origin, unit, start, sums, squares):
    stop = start + weight.size
    for j in range(sums.size):
        column = X.values[j, start:stop]
        total = square = 0.0
        for i in range(weight.size):
            total += weight[i] * column[i]
            part = weight[i] * _square(column[i] - origin[j], unit)
            square += part if weight[i] > 0.0 else 0.0
        sums[j] += total
        squares[j] += square


@jit
def _moments_sparse(X, weight, origin, unit, start, sums, squares):
    values, columns = X.values, X.indices
    for i in range(weight.size):
        factor = weight[i]
        for k in entries_of(X, start + i):
            j = np.uintp(columns[k])
            value = float(value_of(values, k))
            sums[j] += factor * value
            squares[j] += factor * _square(value, unit) if factor > 0.0 else 0.0


# -- panels[:, first + i], as a row: (X[start + i] - center) * inverse * root[i], dense X only


@jit_exact
def _scaled(value, center, inverse, factor):
    shifted = lanes.multiply_add(-1.0, center, value)
    return lanes.multiply(lanes.multiply(shifted, inverse), lanes.fill(factor))


@jit
def _scaled_rows(X, center, inverse, root, start, first, panels):
    n_columns, n_rows = center.size, panels.shape[1]
    whole = n_columns - n_columns % WIDTH
    for i in range(root.size):
        if not root[i] > 0.0:
            for panel in range(panels.shape[0]):
                lanes.store(lanes.zeros(), panels, WIDTH * (panel * n_rows + first + i))
            continue
        for j in range(0, whole, WIDTH):
            place = j * n_rows + WIDTH * (first + i)
            lanes.copy(X.values, (start + i) * n_columns + j, panels, place)
            value = lanes.load(panels, place)
            scaled = _scaled(value, lanes.load(center, j), lanes.load(inverse, j), root[i])
            lanes.store(scaled, panels, place)
        for j in range(whole, n_columns):
            shifted = X.values[start + i, j] - center[j]
            panels[j // WIDTH, first + i, j - whole] = shifted * inverse[j] * root[i]


@jit
def _scaled_columns(X, center, inverse, root, start, first, panels):
    columns = np.arange(center.size)
    whole = center.size - center.size % WIDTH
    for j in range(0, whole, WIDTH):
        for i in range(root.size):
            value = lanes.gather(X.values, columns, j, start + i)
            scaled = _scaled(value, lanes.load(center, j), lanes.load(inverse, j), root[i])
            place = j * panels.shape[1] + WIDTH * (first + i)
            lanes.store(scaled if root[i] > 0.0 else lanes.zeros(), panels, place)
    for j in range(whole, center.size):
        column = X.values[j]
        for i in range(root.size):
            scaled = (column[start + i] - center[j]) * inverse[j]
            part = scaled * root[i] if root[i] > 0.0 else 0.0
            panels[j // WIDTH, first + i, j - whole] = part


@verb({Rows: _scores_rows, Columns: _scores_columns, SparseRows: _scores_sparse})
def add_scores(X, coef, start, scores):
    """Add X[rows] @ coef to ``scores``; the rows begin at ``start``, one for each score."""


@verb({Rows: _combine_rows, Columns: _combine_columns, SparseRows: _combine_sparse})
def add_combination(X, residual, start, sums):
    """Add X[rows].T @ residual to ``sums``."""


@verb({Rows: _moments_rows, Columns: _moments_columns, SparseRows: _moments_sparse})
def add_moments(X, weight, origin, unit, start, sums, squares):
    """Add weight @ X[rows] to ``sums``, and weight @ ((X[rows] - origin) * unit) ** 2."""


@verb({Rows: _scaled_rows, Columns: _scaled_columns})
def fill_scaled(X, center, inverse, root, start, first, panels):
    """Fill rows of ``panels``, from ``first`` on, with centred and scaled rows times ``root``.

    Lanes that no column has remain as they are.
    """
