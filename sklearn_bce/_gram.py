"""Gram matrices of X: of its columns with row weights, for Hessians, and of its rows.

Dense blocks are centred before they are multiplied: afterwards the digits would be gone. Sparse
columns, whose zeros are left out, are centred in the product.
"""

from itertools import pairwise

import numpy as np
from scipy.linalg import qr

from ._kernels import passes

_BLOCK_VALUES = 2**16  # 512 kB of float64: a block stays in the second-level cache
_FLOPS = 8  # multiplications that take as long as reading a value
_MAX_WHOLE = 256  # columns; of more, tiles are shared out among the threads, not rows
_TILED_BLOCK_VALUES = 2**19
_TILE = 128  # columns
_FILLS = 4  # parts of a block that is filled


def gram_matrix(matrix, weight, center, scale):
    """Return S.T @ diag(weight) @ S with S = [(X - center) / scale, 1].

    Shape (n_columns + 1, n_columns + 1).
    """
    gram = _sparse_gram if matrix.is_sparse else _dense_gram
    return gram(matrix, weight, center, scale)


def _dense_gram(matrix, weight, center, scale):
    size = matrix.shape[1] + 1
    if size > _MAX_WHOLE:
        return _tiled_gram(matrix, weight, center, scale)
    inverse = 1.0 / scale
    length = max(64, _BLOCK_VALUES // size)

    def part(start, stop):
        gram = np.zeros((size, size))
        buffer = np.empty((min(length, stop - start), size))
        for first in range(start, stop, length):
            last = min(first + length, stop)
            block = buffer[: last - first]
            rows = weight[first:last]
            passes.weighted_block(*matrix.at(first, last), center, inverse, rows, block)
            gram += block.T @ block
        return (gram,)

    return matrix.fold(part, matrix.parts(size / _FLOPS, size**2))[0]


def _tiled_gram(matrix, weight, center, scale):
    """The Gram matrix of many columns: threads share out tiles of it, block by block of X."""
    inverse = 1.0 / scale

    def fill(first, last, block):
        passes.weighted_block(*matrix.at(first, last), center, inverse, weight[first:last], block)

    return _tiled_products(matrix.team, matrix.shape[0], matrix.shape[1] + 1, fill)


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
    root = np.sqrt(weight[start:stop])
    block = np.empty((root.size, matrix.shape[1] + 1))
    if matrix.is_sparse:
        rows = matrix.rows(start, stop).astype(np.float64, copy=False)
        block[:, :-1] = (rows.toarray() - center) / scale
        block[:, -1] = 1.0
        block *= root[:, np.newaxis]
    else:
        passes.weighted_block(
            *matrix.at(start, stop), center, 1.0 / scale, weight[start:stop], block
        )
    return block


def row_products(matrix, center):
    """Return the products (n_rows, n_rows) of the centred rows with one another; dense X only.

    The last result is kept with the matrix, for many problems over one X share it.
    """
    if matrix.kept_row_products is None or matrix.kept_row_products[0] is not center:
        rows = matrix.rows(0, matrix.shape[0])

        def fill(first, last, block):
            np.subtract(rows[:, first:last].T, center[first:last, np.newaxis], out=block)

        matrix.kept_row_products = center, _tiled_products(matrix.team, *rows.shape[::-1], fill)
    return matrix.kept_row_products[1]


def _tiled_products(team, length, size, fill):
    """Return A.T @ A, (size, size), for an A of that length.

    ``fill(start, stop, block)`` gives some rows of A.
    """
    block_length = max(1, _TILED_BLOCK_VALUES // size)
    gram = np.zeros((size, size))
    block = np.empty((min(block_length, length), size))

    def fill_part(first, start, stop):
        fill(first + start, first + stop, block[start:stop])

    def add(n_rows, start):
        stop = min(start + _TILE, size)
        rows = block[:n_rows]
        gram[start:stop, :stop] += rows[:, start:stop].T @ rows[:, :stop]

    for first in range(0, length, block_length):
        n_rows = min(block_length, length - first)
        cuts = [n_rows * k // _FILLS for k in range(_FILLS + 1)]
        team.map(fill_part, [(first, *rows) for rows in pairwise(cuts)])
        # The longest tiles first, so that no thread is left with one at the end.
        team.map(add, [(n_rows, start) for start in range(0, size, _TILE)][::-1])
    above = np.triu_indices(size, 1)
    gram[above] = gram.T[above]
    return gram
