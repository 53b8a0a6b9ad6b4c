"""Gram matrices of X: of its columns with row weights, for Hessians, and of its rows.

Dense blocks are centred before they are multiplied: afterwards the digits would be gone. Sparse
columns, whose zeros are left out, are centred in the product.
"""

import platform
from itertools import pairwise

import numpy as np
from scipy.linalg import qr

from ._kernels import passes
from ._kernels.lanes import WIDTH
from ._kernels.panels import add_products, mirror, n_panels

_BLOCK_VALUES = 2**16  # of rows for a QR factorisation: 512 kB, for the second-level cache
_FLOPS = 8  # multiplications that take as long as reading a value
_MAX_WHOLE = 256  # columns; of more, threads share out strips of the matrix, not rows
_LONG_BLOCK_VALUES = 2**19
_STRIP = 8  # panels of columns
_FILLS = 4  # parts of a block that is filled
_IS_X86 = platform.machine().lower() in ("x86_64", "amd64")


def gram_matrix(matrix, weight, center, scale):
    """Return S.T @ diag(weight) @ S with S = [(X - center) / scale, 1].

    Shape (n_columns + 1, n_columns + 1).
    """
    gram = _sparse_gram if matrix.is_sparse else _dense_gram
    return gram(matrix, weight, center, scale)


def _dense_gram(matrix, weight, center, scale):
    size = matrix.shape[1] + 1
    inverse = 1.0 / scale
    if size > _MAX_WHOLE:

        def fill(start, stop, first, panels):
            where, rows = matrix.at(start, stop), weight[start:stop]
            passes.weighted_panels(*where, center, inverse, rows, first, panels)

        return _products(matrix.team, matrix.shape[0], size, fill)

    def part(start, stop):
        gram = np.zeros((n_panels(size) * WIDTH,) * 2)
        passes.gram_pass(*matrix.at(start, stop), center, inverse, weight[start:stop], gram)
        return (gram,)

    gram = matrix.fold(part, matrix.parts(size / _FLOPS, size**2))[0]
    return _symmetric(gram, size)


def _symmetric(gram, size):
    symmetric = np.empty((size, size))
    mirror(gram, symmetric)
    return symmetric


def _sparse_gram(matrix, weight, center, scale):
    n_columns = matrix.shape[1]
    zeros = np.zeros(n_columns)

    def part(start, stop):
        gram, diagonal, total = np.zeros((n_columns,) * 2), *np.zeros((2, n_columns))
        rows = weight[start:stop]
        where = matrix.at(start, stop)
        passes.sparse_gram_pass(*where, rows, 1.0 / scale, gram, diagonal)
        sum_of_rows = passes.curvature_pass(*where, zeros, 1.0, rows, total)
        return gram, diagonal, total, sum_of_rows

    entries_a_row = matrix.n_values / matrix.shape[0]
    parts = matrix.parts(max(1.0, entries_a_row / _FLOPS), n_columns**2)
    inner, diagonal, total, sum_of_rows = matrix.fold(part, parts)
    gram = np.empty((n_columns + 1,) * 2)
    gram[:-1, :-1] = inner + inner.T
    gram[:-1, :-1][np.diag_indices(n_columns)] += diagonal
    border = total / scale
    if center.any():
        scaled = center / scale
        shift = np.outer(border - 0.5 * sum_of_rows * scaled, scaled)
        gram[:-1, :-1] -= shift + shift.T
        border -= sum_of_rows * scaled
    gram[-1, :-1] = gram[:-1, -1] = border
    gram[-1, -1] = sum_of_rows
    return gram


def gram_root(matrix, weight, center, scale):
    """Return a triangle R with R.T @ R = `gram_matrix`, by QR of block after block of rows."""
    size = matrix.shape[1] + 1
    length = max(2 * size, _BLOCK_VALUES // size)
    triangle = np.empty((0, size))
    for start in range(0, matrix.shape[0], length):
        block = _weighted_block(matrix, weight, center, scale, start, start + length)
        rows = np.vstack([triangle, block])
        triangle = qr(rows, mode="r", overwrite_a=True, check_finite=False)[0][:size]
    return triangle


def _weighted_block(matrix, weight, center, scale, start, stop):
    weight = weight[start:stop]
    if matrix.is_sparse:
        rows = matrix.rows(start, stop).astype(np.float64, copy=False)
        block = np.column_stack([(rows.toarray() - center) / scale, np.ones(weight.size)])
        return block * np.sqrt(weight)[:, np.newaxis]
    size = matrix.shape[1] + 1
    panels = np.empty((n_panels(size), weight.size, WIDTH))
    passes.weighted_panels(*matrix.at(start, stop), center, 1.0 / scale, weight, 0, panels)
    return panels.transpose(1, 0, 2).reshape(weight.size, -1)[:, :size]


def row_products(matrix, center):
    """Return the products (n_rows, n_rows) of the centred rows with one another; dense X only.

    The last result is kept with the matrix, for many problems over one X share it.
    """
    kept = matrix.kept_row_products
    if kept is None or kept[0] is not center:
        n_rows, n_columns = matrix.shape
        rows = matrix.rows(0, n_rows)

        def fill(start, stop, first, panels):
            # Rows lie side by side in panels, as columns do for a Hessian.
            centred = np.zeros((panels.shape[0] * WIDTH, stop - start))
            np.subtract(rows[:, start:stop], center[start:stop], out=centred[:n_rows])
            there = panels[:, first : first + stop - start]
            there[:] = centred.reshape(len(panels), WIDTH, -1).transpose(0, 2, 1)

        kept = center, _products(matrix.team, n_columns, n_rows, fill)
        matrix.kept_row_products = kept
    return kept[1]


def _products(team, length, size, fill):
    """Return A.T @ A, (size, size), for an A of that length: threads share out strips of it.

    ``fill(start, stop, first, panels)`` writes rows of A into panels, from row ``first`` on.
    """
    width = n_panels(size)
    block_length = max(1, _LONG_BLOCK_VALUES // size)
    gram = np.zeros((width * WIDTH,) * 2)
    add = add_products if _IS_X86 else _add_products_by_blas
    buffer = np.empty(min(block_length, length) * width * WIDTH)
    # The longest strips first, so that no thread is left with one at the end.
    strips = [(start, min(start + _STRIP, width)) for start in range(0, width, _STRIP)][::-1]
    for start in range(0, length, block_length):
        n_rows = min(block_length, length - start)
        panels = buffer[: width * n_rows * WIDTH].reshape(width, n_rows, WIDTH)
        cuts = [n_rows * k // _FILLS for k in range(_FILLS + 1)]
        fills = [(start + first, start + last, first, panels) for first, last in pairwise(cuts)]
        team.map(fill, fills)
        team.map(add, [(panels, *strip, gram) for strip in strips])
    return _symmetric(gram, size)


def _add_products_by_blas(panels, start, stop, gram):
    """The same as `add_products`, for processors with units for matrices that only BLAS knows."""
    rows = panels[:stop].transpose(1, 0, 2).reshape(panels.shape[1], -1)
    gram[: WIDTH * stop, WIDTH * start : WIDTH * stop] += rows.T @ rows[:, WIDTH * start :]
