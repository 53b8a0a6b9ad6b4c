"""X as the kernels read it: its layout, parts of it, its columns' centres and scales.

Dense X in C or F order and CSR are used where they lie, in float32 or float64. Anything else has
been converted before, or is made contiguous here.
"""

from functools import cached_property
from itertools import pairwise

import numpy as np
import scipy.sparse as sp

from ._kernels import passes
from ._kernels.layouts import Columns, Rows, SparseColumns, SparseRows
from ._room import Room
from ._threads import ALONE

_SPARSE_BLOCK = 1024  # rows
_SHARED_BLOCK_VALUES = 2**17  # long blocks, for each costs a call for each problem
# Entries of X that a part has at least, entries a column, and entries a number of a partial sum
# that is larger than a number a column. It must be worth the while to hand a part out, a tenth of
# a millisecond's work, and to make and to add another sum.
_DENSE_PART = 2**19, 16, 128
_SPARSE_PART = 100_000, 3, 0
_SHARED_SPARSE_PART = 2**18, 4, 0  # whose sums are those of several problems
_MAX_PARTS = 64
_FEW = 8  # times as many columns: so few are picked one by one
_MANY_VALUES = 2**20  # of sparse X, which no cache holds with their places
_MAX_PARTIAL_VALUES = 2**21  # of all partial Gram matrices
_MAX_COPIED_VALUES = 2**24  # 128 MB
MAX_SAMPLED_VALUES = 2**21  # 16 MB
_RETRY_UNITS = (2.0**600, 2.0**-600)  # for squares that vanish or overflow


class Matrix:
    """A read-only view of X with the few sums over its rows that are not losses."""

    kept_row_products = None  # by `_gram.row_products`: the centre, and what it returned for it
    is_surely_finite = False  # X, as far as its sums have shown

    def __init__(self, X, team=ALONE):
        self.team = team
        self.shape = X.shape
        self.is_sparse = sp.issparse(X)
        self.source = X if self.is_sparse else _contiguous(X)
        self.layout = _layout(self.source)

    def at(self, start, stop):
        """Return a layout and the row of it at which our rows from ``start`` to ``stop`` begin."""
        return self._readings, start

    @cached_property
    def _readings(self):
        """The layout that passes read: of many ones, as one-hot codes are, only the places."""
        if not self.is_sparse or self.n_values < _MANY_VALUES:
            return self.layout
        values = self.layout.values
        has_ones = values[0] == 1.0 and values.min() == values.max() == 1.0
        return self.layout._replace(values=None) if has_ones else self.layout

    def sample(self, rows):
        """Return a Matrix of some rows; they are copied unless that would take much memory."""
        return _Sample(self, rows).copied_up_to(MAX_SAMPLED_VALUES)

    def select(self, columns):
        """Return a Matrix of some columns; they are copied unless that would take much memory."""
        if not self.is_sparse:
            return _Selection(self, columns).copied_up_to(_MAX_COPIED_VALUES)
        if "columns" in vars(self):  # by columns already
            whole = sp.csc_array(tuple(self.columns), shape=self.shape)
        else:
            whole = self.rows(0, self.shape[0])
        return Matrix(whole[:, columns].tocsr(), self.team)

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

    def parts(self, n_problems=None, partial_values=0):
        """Return (start, stop) of the parts that threads share out, of about the same work each.

        Without ``n_problems`` a reading is for one problem, else it takes as long as those of so
        many. ``partial_values`` is the size of what is summed up, where it is more than a number a
        column: a part must be worth making and adding another one.
        """
        least, a_column, a_number = _DENSE_PART
        if self.is_sparse:
            least, a_column, a_number = _SPARSE_PART if n_problems is None else _SHARED_SPARSE_PART
        least = max(least, a_number * partial_values)
        n_parts = min(
            _MAX_PARTS,
            int(self.n_values * (n_problems or 1.0) / least),
            self.n_values // max(1, a_column * self.shape[1]),
            _MAX_PARTIAL_VALUES // max(1, partial_values),
        )
        if n_parts <= 1:
            return [(0, self.shape[0])]
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
        parts = self._parts if parts is None else parts
        if len(parts) == 1:
            return task(*parts[0])
        first, *others = self.team.map(task, parts)
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
        The scale of sparse columns is that about zero, for their zeros are left out. The sums also
        tell whether X ``is_surely_finite``.

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
        mean, squares = self._all_moments(weight, origin, 1.0)
        self.is_surely_finite = bool(np.isfinite(mean.sum()))
        scale = np.sqrt(_in_range(squares))
        for unit in _RETRY_UNITS:
            todo = np.flatnonzero(scale == 0.0)
            if todo.size == 0:
                break
            mean[todo], squares = self._moments(todo, weight, origin[todo], unit)
            scale[todo] = np.sqrt(_in_range(squares)) / unit
        constant = scale == 0.0
        if not centered:
            return origin, np.where(constant, 1.0, scale), constant
        if not self.is_sparse:
            # About the mean instead of the origin; the floor is for an origin far out.
            distance = np.where(constant, 0.0, mean - origin) / np.where(constant, 1.0, scale)
            scale *= np.sqrt(np.maximum(1.0 - distance**2, 1e-6))
        return np.where(constant, origin, mean), np.where(constant, 1.0, scale), constant

    def _moments(self, columns, weight, origin, unit):
        """The mean of some columns, and the mean square of (X - origin) * unit.

        They are picked out of dense rows; to read all of sparse ones takes less time.
        """
        if self.is_sparse:
            everywhere = np.zeros(self.shape[1])
            return [each[columns] for each in self._all_moments(weight, everywhere, unit)]
        matrix = self if columns.size == self.shape[1] else self.select(columns)
        return matrix._all_moments(weight, origin, unit)

    def _all_moments(self, weight, origin, unit):
        def part(start, stop):
            total, squares = np.zeros((2, self.shape[1]))
            rows = weight[start:stop]
            passes.moments_pass(*self.at(start, stop), rows, origin, unit, total, squares)
            return total, squares

        return self.fold(part)


class _Part(Matrix):
    """Some of a Matrix: fetched piece by piece whenever it is read."""

    def __init__(self, matrix, shape, chosen):
        self.whole = matrix
        self.team = matrix.team
        self.shape = shape
        self.is_sparse = matrix.is_sparse
        self.chosen = chosen

    def at(self, start, stop):
        return _layout(self.rows(start, stop)), 0

    def copied_up_to(self, n_values):
        """Return a copy that lies in memory, or itself where it has more entries than that."""
        if self.n_values > n_values:
            return self
        return Matrix(self.rows(0, self.shape[0]), self.team)


class _Selection(_Part):
    """Some columns of dense X."""

    def __init__(self, matrix, columns):
        super().__init__(matrix, (matrix.shape[0], columns.size), columns)

    def rows(self, start, stop):
        rows = self.whole.rows(start, stop)
        if rows.flags.c_contiguous and _FEW * self.chosen.size > rows.shape[1]:
            return np.take(rows, self.chosen, axis=1)  # row by row
        return rows[:, self.chosen]  # column by column


class _Sample(_Part):
    """Some rows, in the order given."""

    def __init__(self, matrix, rows):
        super().__init__(matrix, (rows.size, matrix.shape[1]), rows)

    def rows(self, start, stop):
        return self.whole.source[self.chosen[start:stop]]

    @cached_property
    def _ends(self):
        return np.append(0, np.cumsum(np.diff(self.whole.source.indptr)[self.chosen]))


def _in_range(squares):
    """The squares, and 0 in the place of those that are infinite or have lost digits."""
    return np.where((squares > 1e-280) & (squares < np.inf), squares, 0.0)


def _layout(X):
    if sp.issparse(X):
        return SparseRows(_frozen(X.data), _frozen(X.indices), _frozen(X.indptr))
    X = _contiguous(X)
    return Rows(_frozen(X)) if X.flags.c_contiguous else Columns(_frozen(X.T))


def _contiguous(X):
    """Dense X, copied if it lies neither row by row nor column by column."""
    return X if X.flags.forc else np.ascontiguousarray(X)


def _frozen(array):
    """A view that kernels cannot write to: one compiled variant serves read-only data too."""
    view = np.require(array, requirements=["A"]).view()
    view.flags.writeable = False
    return view
