"""X as the kernels read it: its layout, its columns' centres and scales, its Gram matrix.

Dense X in C or F order and CSR are used where they lie, in float32 or float64. Anything else has
been converted before, or is made contiguous here.
"""

from functools import cached_property
from itertools import pairwise

import numpy as np
import scipy.sparse as sp
from scipy.linalg import qr

from ._kernels import passes
from ._kernels.matrices import Columns, Rows, SparseRows
from ._kernels.sweeps import SparseColumns
from ._room import Room
from ._threads import ALONE

_GRAM_BLOCK_VALUES = 2**16  # 512 kB of float64: a block stays in the second-level cache
_SPARSE_BLOCK = 1024  # rows
_SHARED_BLOCK_VALUES = 2**17  # long blocks, for each costs a call for each problem
_PART_VALUES = 2**19  # entries of X, a tenth of a millisecond's work or more
_SPARSE_PART_VALUES = 2**18  # which take several times as long
_MAX_PARTS = 64
_MAX_PARTIAL_VALUES = 2**21  # of all partial Gram matrices
_GRAM_FLOPS = 8  # multiplications of a Gram matrix that take as long as reading a value
_MAX_WHOLE_GRAM = 256  # columns; of more, tiles are shared out among the threads, not rows
_TILED_BLOCK_VALUES = 2**19
_TILE = 128  # columns
_FILLS = 4  # parts of a block that is filled
_MAX_COPIED_VALUES = 2**24  # 128 MB
_MAX_SAMPLED_VALUES = 2**21  # 16 MB
_RETRY_UNITS = (1.0, 2.0**1000, 2.0**-1000)  # squares of columns near 1e-200 or 1e200


class Matrix:
    """A read-only view of X with the few sums over its rows that are not losses."""

    _row_gram = None  # the centre, and what `row_gram` returned for it

    def __init__(self, X, team=ALONE):
        self.source = X
        self.team = team
        self.shape = X.shape
        self.is_sparse = sp.issparse(X)
        self.layout = _layout(X)

    def at(self, start, stop):
        """Return a layout and the row of it at which our rows from ``start`` to ``stop`` begin."""
        return self.layout, start

    def sample(self, rows):
        """Return a Matrix of some rows; they are copied unless that would take much memory."""
        part = _Sample(self, rows)
        if part.n_values <= _MAX_SAMPLED_VALUES:
            return Matrix(part.rows(0, rows.size), self.team)
        return part

    def select(self, columns):
        """Return a Matrix of some columns; they are copied unless that would take much memory."""
        if "columns" in vars(self) and self.is_sparse:  # by columns already
            by_column = sp.csc_array(tuple(self.columns), shape=self.shape)
            return Matrix(by_column[:, columns].tocsr(), self.team)
        part = _Selection(self, columns)
        if self.is_sparse or part.n_values <= _MAX_COPIED_VALUES:
            return Matrix(part.rows(0, self.shape[0]), self.team)
        return part

    @cached_property
    def columns(self):
        """The layout of X column after column: a copy, unless dense X lies so in memory."""
        if self.is_sparse:
            by_column = sp.csc_array(self.rows(0, self.shape[0]))
            by_column.sum_duplicates()
            return SparseColumns(by_column.data, by_column.indices, by_column.indptr)
        return Columns(_frozen(np.asfortranarray(self.rows(0, self.shape[0])).T))

    @cached_property
    def room(self):
        """Where readings find the memory of earlier ones."""
        return Room()

    @cached_property
    def n_values(self):
        """Number of stored entries."""
        return int(self._ends[-1]) if self.is_sparse else self.shape[0] * self.shape[1]

    @cached_property
    def entries_of_columns(self):
        """Number of stored entries of each column."""
        if not self.is_sparse:
            return np.full(self.shape[1], self.shape[0])
        if "columns" in vars(self):
            return np.diff(self.columns.indptr)
        return np.bincount(self.rows(0, self.shape[0]).indices, minlength=self.shape[1])

    @property
    def _ends(self):
        """Of sparse X: where the entries of each row begin, and the last one's end."""
        return self.layout.indptr

    def parts(self, n_problems=1, partial_values=0):
        """Return (start, stop) of the parts that threads share out, of about the same work each.

        ``partial_values`` is the size of what is summed up, where it is more than a number a
        column: a part must be worth making and adding another one.
        """
        least = _SPARSE_PART_VALUES if self.is_sparse else _PART_VALUES
        n_parts = min(
            _MAX_PARTS,
            int(self.n_values * n_problems / least),
            self.n_values // max(1, (4 if self.is_sparse else 16) * self.shape[1]),
            _MAX_PARTIAL_VALUES // max(1, partial_values),
        )
        n_parts = max(1, n_parts)
        if self.is_sparse:
            wanted = np.linspace(0, self.n_values, n_parts + 1)[1:-1]
            cuts = np.searchsorted(self._ends, wanted)
        else:
            cuts = self.shape[0] * np.arange(1, n_parts) // n_parts
        cuts = [0, *map(int, cuts), self.shape[0]]
        return list(pairwise(cuts))

    def fold(self, task, parts=None):
        """Return the sums of what ``task(start, stop)`` returns, a tuple, over parts of the rows.

        They are added up in the order of the parts, whoever has worked them out.
        """
        first, *others = self.team.map(task, self._parts if parts is None else parts)
        sums = list(first)
        for other in others:
            for k, value in enumerate(other):
                sums[k] += value
        return sums

    @cached_property
    def _parts(self):
        return self.parts()

    def blocks(self, start, stop):
        """Yield (start, stop) of the blocks that readings for many problems go through."""
        length = _SPARSE_BLOCK
        if not self.is_sparse:
            length = max(64, _SHARED_BLOCK_VALUES // max(1, self.shape[1]))
        for first in range(start, stop, length):
            yield first, min(first + length, stop)

    def rows(self, start, stop):
        """Return some rows of X, not copied where they need not be."""
        # SciPy copies even where all rows are asked for.
        return self.source if (start, stop) == (0, self.shape[0]) else self.source[start:stop]

    def scores(self, coef, shift):
        """Return X @ coef + shift, float64."""
        scores = np.empty(self.shape[0])

        def part(start, stop):
            passes.scores_pass(*self.at(start, stop), coef, shift, scores[start:stop])

        self.team.map(part, self._parts)
        return scores

    def combination(self, factors):
        """Return the sum of the rows times their factors, (n_columns,)."""

        def part(start, stop):
            sums = np.zeros(self.shape[1])
            passes.combination_pass(*self.at(start, stop), factors[start:stop], sums)
            return (sums,)

        return self.fold(part)[0]

    def center_and_scale(self, weight, centered):
        """Return the centre and the scale of every column, and whether centring leaves nothing.

        The scale is the root mean square about the centre. A constant column has scale 1; if
        columns are centred its centre is the very constant, so that it vanishes to the last bit.
        The scale of sparse columns is that about zero, for their zeros are left out.

        Parameters
        ----------
        weight : ndarray of shape (n_rows,)
            Weights with sum 1; rows of weight zero count for nothing.
        centered : bool
            Whether the centre is the mean or zero.
        """
        n_columns = self.shape[1]
        origin = np.zeros(n_columns)
        if centered and not self.is_sparse:
            origin[:] = self.source[np.flatnonzero(weight)[0]]
        mean = np.zeros(n_columns)
        scale = np.zeros(n_columns)
        for unit in _RETRY_UNITS:
            todo = scale == 0.0
            if not todo.any():
                break
            total, squares = self._moments(weight, origin, unit)
            squares = np.where(np.isfinite(squares) & (squares > 1e-280), squares, 0.0)
            np.copyto(scale, np.sqrt(squares) / unit, where=todo)
            np.copyto(mean, total, where=todo)
        constant = scale == 0.0
        if not centered:
            return origin, np.where(constant, 1.0, scale), constant
        if not self.is_sparse:
            # About the mean instead of the origin; the floor is for an origin far out.
            distance = np.where(constant, 0.0, mean - origin) / np.where(constant, 1.0, scale)
            scale *= np.sqrt(np.maximum(1.0 - distance**2, 1e-6))
        return np.where(constant, origin, mean), np.where(constant, 1.0, scale), constant

    def _moments(self, weight, origin, unit):
        def part(start, stop):
            total, squares = np.zeros((2, self.shape[1]))
            rows = weight[start:stop]
            passes.moments_pass(*self.at(start, stop), rows, origin, unit, total, squares)
            return total, squares

        return self.fold(part)

    def gram(self, weight, center, scale):
        """Return S.T @ diag(weight) @ S with S = [(X - center) / scale, 1].

        Shape (n_columns + 1, n_columns + 1). The centre of sparse columns is zero.
        """
        if self.is_sparse:
            return self._sparse_gram(weight, scale)
        return self._dense_gram(weight, center, scale)

    def gram_root(self, weight, center, scale):
        """Return a triangle R with R.T @ R = `gram`, by QR of one block of rows after another."""
        size = self.shape[1] + 1
        length = max(2 * size, _GRAM_BLOCK_VALUES // size)
        triangle = np.empty((0, size))
        for start in range(0, self.shape[0], length):
            block = self._weighted_block(weight, center, scale, start, start + length)
            rows = np.vstack([triangle, block])
            triangle = qr(rows, mode="r", overwrite_a=True, check_finite=False)[0][:size]
        return triangle

    def _weighted_block(self, weight, center, scale, start, stop):
        root = np.sqrt(weight[start:stop])
        block = np.empty((root.size, self.shape[1] + 1))
        if self.is_sparse:
            block[:, :-1] = self.rows(start, stop).astype(np.float64, copy=False).toarray() / scale
            block[:, -1] = 1.0
            block *= root[:, np.newaxis]
        else:
            passes.weighted_block(
                *self.at(start, stop), center, 1.0 / scale, weight[start:stop], block
            )
        return block

    def _dense_gram(self, weight, center, scale):
        # Blocks are centred before they are multiplied: afterwards the digits would be gone.
        size = self.shape[1] + 1
        if size > _MAX_WHOLE_GRAM:
            return self._tiled_gram(weight, center, scale)
        inverse = 1.0 / scale
        length = max(64, _GRAM_BLOCK_VALUES // size)

        def part(start, stop):
            gram = np.zeros((size, size))
            buffer = np.empty((min(length, stop - start), size))
            for first in range(start, stop, length):
                last = min(first + length, stop)
                block = buffer[: last - first]
                rows = weight[first:last]
                passes.weighted_block(*self.at(first, last), center, inverse, rows, block)
                gram += block.T @ block
            return (gram,)

        return self.fold(part, self.parts(size / _GRAM_FLOPS, size**2))[0]

    def _tiled_gram(self, weight, center, scale):
        """The Gram matrix of many columns: threads share out tiles of it, block by block of X."""
        inverse = 1.0 / scale

        def fill(first, last, block):
            passes.weighted_block(*self.at(first, last), center, inverse, weight[first:last], block)

        return self._tiled_products(self.shape[0], self.shape[1] + 1, fill)

    def row_gram(self, center):
        """Return the products (n_rows, n_rows) of the centred rows with one another; dense X only.

        Columns are centred before they are multiplied: afterwards the digits would be gone. The
        last result is kept, for many problems over one X share it.
        """
        if self._row_gram is None or self._row_gram[0] is not center:
            rows = self.rows(0, self.shape[0])

            def fill(first, last, block):
                np.subtract(rows[:, first:last].T, center[first:last, np.newaxis], out=block)

            self._row_gram = center, self._tiled_products(*rows.shape[::-1], fill)
        return self._row_gram[1]

    def _tiled_products(self, length, size, fill):
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
            self.team.map(fill_part, [(first, *rows) for rows in pairwise(cuts)])
            # The longest tiles first, so that no thread is left with one at the end.
            self.team.map(add, [(n_rows, start) for start in range(0, size, _TILE)][::-1])
        above = np.triu_indices(size, 1)
        gram[above] = gram.T[above]
        return gram

    def _sparse_gram(self, weight, scale):
        n_columns = self.shape[1]
        zeros = np.zeros(n_columns)

        def part(start, stop):
            gram, diagonal, total = np.zeros((n_columns,) * 2), *np.zeros((2, n_columns))
            rows = weight[start:stop]
            where = self.at(start, stop)
            passes.sparse_gram_pass(*where, rows, 1.0 / scale, gram, diagonal)
            sum_of_rows = passes.curvature_pass(*where, zeros, 1.0, rows, total)
            return gram, diagonal, total, sum_of_rows

        entries_a_row = self.n_values / self.shape[0]
        parts = self.parts(max(1.0, entries_a_row / _GRAM_FLOPS), n_columns**2)
        inner, diagonal, total, sum_of_rows = self.fold(part, parts)
        gram = np.empty((n_columns + 1,) * 2)
        gram[:-1, :-1] = inner + inner.T
        gram[:-1, :-1][np.diag_indices(n_columns)] += diagonal
        gram[-1, :-1] = gram[:-1, -1] = total / scale
        gram[-1, -1] = sum_of_rows
        return gram


class _Selection(Matrix):
    """Some columns of a Matrix: fetched part by part whenever they are read."""

    def __init__(self, matrix, columns):
        self.whole = matrix
        self.team = matrix.team
        self.shape = (matrix.shape[0], columns.size)
        self.is_sparse = matrix.is_sparse
        self.chosen = columns

    def at(self, start, stop):
        return _layout(self.rows(start, stop)), 0

    def rows(self, start, stop):
        rows = self.whole.rows(start, stop)
        return rows[:, self.chosen] if self.is_sparse else np.take(rows, self.chosen, axis=1)


class _Sample(Matrix):
    """Some rows of a Matrix, in the order given: fetched part by part whenever they are read."""

    def __init__(self, matrix, rows):
        self.source = matrix.source
        self.team = matrix.team
        self.shape = (rows.size, matrix.shape[1])
        self.is_sparse = matrix.is_sparse
        self.chosen = rows

    def at(self, start, stop):
        return _layout(self.rows(start, stop)), 0

    def rows(self, start, stop):
        return self.source[self.chosen[start:stop]]

    @cached_property
    def _ends(self):
        return np.append(0, np.cumsum(np.diff(self.source.indptr)[self.chosen]))


def _layout(X):
    if sp.issparse(X):
        return SparseRows(_frozen(X.data), _frozen(X.indices), _frozen(X.indptr))
    if X.flags.c_contiguous:
        return Rows(_frozen(X))
    if X.flags.f_contiguous:
        return Columns(_frozen(X.T))
    return Rows(_frozen(np.ascontiguousarray(X)))


def _frozen(array):
    """A view that kernels cannot write to: one compiled variant serves read-only data too."""
    view = np.require(array, requirements=["A"]).view()
    view.flags.writeable = False
    return view
