"""X as the kernels read it: its layout, its columns' centres and scales, its Gram matrix.

Dense X in C or F order and CSR are used where they lie, in float32 or float64. Anything else has
been converted before, or is made contiguous here.
"""

import numpy as np
import scipy.sparse as sp
from scipy.linalg import qr

from ._kernels import passes
from ._kernels.matrices import Columns, Rows, SparseRows

_GRAM_BLOCK_VALUES = 2**16  # 512 kB of float64: a block stays in the second-level cache
_SPARSE_BLOCK = 1024  # rows
_RETRY_UNITS = (1.0, 2.0**1000, 2.0**-1000)  # squares of columns near 1e-200 or 1e200


class Matrix:
    """A read-only view of X with the few sums over its rows that are not losses."""

    def __init__(self, X):
        self.source = X
        self.shape = X.shape
        self.is_sparse = sp.issparse(X)
        if self.is_sparse:
            self.layout = SparseRows(_frozen(X.data), _frozen(X.indices), _frozen(X.indptr))
        elif X.flags.c_contiguous:
            self.layout = Rows(_frozen(X))
        elif X.flags.f_contiguous:
            self.layout = Columns(_frozen(X.T))
        else:
            self.layout = Rows(_frozen(np.ascontiguousarray(X)))

    def take(self, rows):
        """Return a Matrix of some rows, copied."""
        return Matrix(self.source[rows])

    def blocks(self):
        """Yield (start, stop) of the row blocks that readings for many problems go through."""
        length = _SPARSE_BLOCK if self.is_sparse else max(64, _GRAM_BLOCK_VALUES // self.shape[1])
        for start in range(0, self.shape[0], length):
            yield start, min(start + length, self.shape[0])

    def dense_block(self, start, stop):
        """Return rows of a dense X as float64."""
        return self.source[start:stop].astype(np.float64, copy=False)

    def scores(self, coef, shift):
        """Return X @ coef + shift, float64."""
        scores = np.empty(self.shape[0])
        passes.scores_pass(self.layout, coef, shift, scores)
        return scores

    def center_and_scale(self, weight, centered):
        """Return the centre and the scale of every column, and whether centring leaves nothing.

        The scale is the root mean square about the centre, rounded to a power of two so that to
        divide by it is exact. A constant column has scale 1; if columns are centred its centre is
        the very constant, so that it vanishes to the last bit. Sparse columns have centre 0.

        Parameters
        ----------
        weight : ndarray of shape (n_rows,)
            Weights with sum 1; rows of weight zero count for nothing.
        centered : bool
            Whether the centre is the mean (dense X only) or zero.
        """
        centered = centered and not self.is_sparse
        n_columns = self.shape[1]
        origin = np.zeros(n_columns)
        if centered:
            origin[:] = self.source[np.flatnonzero(weight)[0]]
        mean = np.zeros(n_columns)
        scale = np.zeros(n_columns)
        for unit in _RETRY_UNITS:
            todo = scale == 0.0
            if not todo.any():
                break
            total, squares = self._moments(weight, origin, np.full(n_columns, unit))
            squares = np.where(np.isfinite(squares) & (squares > 1e-280), squares, 0.0)
            scale[todo] = np.sqrt(squares[todo]) / unit
            mean[todo] = total[todo]
        constant = scale == 0.0
        if not centered:
            unit = _power_of_two(np.where(constant, 1.0, scale))
            return origin, unit, np.zeros(n_columns, dtype=bool)
        # About the mean instead of the origin; the floor is for an origin far out.
        distance = np.where(constant, 0.0, mean - origin) / np.where(constant, 1.0, scale)
        scale *= np.sqrt(np.maximum(1.0 - distance**2, 1e-6))
        unit = _power_of_two(np.where(constant, 1.0, scale))
        return np.where(constant, origin, mean), unit, constant

    def _moments(self, weight, origin, unit):
        total, squares = np.zeros((2, self.shape[1]))
        passes.moments_pass(self.layout, weight, origin, unit, total, squares)
        return total, squares

    def squares(self, weight, center, scale):
        """Return weight @ ((X - center) / scale) ** 2, shape (n_columns,)."""
        return self._moments(weight, center, 1.0 / scale)[1]

    def gram(self, weight, center, scale):
        """Return S.T @ diag(weight) @ S with S = [(X - center) / scale, 1].

        Shape (n_columns + 1, n_columns + 1). The centre of sparse columns is zero.
        """
        size = self.shape[1] + 1
        gram = np.zeros((size, size))
        if self.is_sparse:
            self._add_sparse_gram(weight, scale, gram)
        else:
            self._add_dense_gram(weight, center, scale, gram)
        return gram

    def gram_root(self, weight, center, scale):
        """Return a triangle R with R.T @ R = `gram`, by QR of one block of rows after another."""
        size = self.shape[1] + 1
        length = max(2 * size, _GRAM_BLOCK_VALUES // size)
        triangle = np.empty((0, size))
        for start in range(0, self.shape[0], length):
            block = self._weighted_block(weight, center, scale, start, length)
            rows = np.vstack([triangle, block])
            triangle = qr(rows, mode="r", overwrite_a=True, check_finite=False)[0][:size]
        return triangle

    def _weighted_block(self, weight, center, scale, start, length):
        root = np.sqrt(weight[start : start + length])
        block = np.empty((root.size, self.shape[1] + 1))
        if self.is_sparse:
            block[:, :-1] = self.source[start : start + length].toarray() / scale
            block[:, -1] = 1.0
            block *= root[:, np.newaxis]
        else:
            passes.weighted_block(self.layout, center, 1.0 / scale, weight, start, block)
        return block

    def _add_dense_gram(self, weight, center, scale, gram):
        # Blocks are centred before they are multiplied: afterwards the digits would be gone.
        size = gram.shape[0]
        length = max(64, _GRAM_BLOCK_VALUES // size)
        buffer = np.empty((min(length, self.shape[0]), size))
        inverse = 1.0 / scale
        for start in range(0, self.shape[0], length):
            block = buffer[: self.shape[0] - start]
            passes.weighted_block(self.layout, center, inverse, weight, start, block)
            gram += block.T @ block

    def _add_sparse_gram(self, weight, scale, gram):
        total, diagonal, zeros = np.zeros((3, self.shape[1]))
        inner = gram[:-1, :-1]
        passes.sparse_gram_pass(self.layout, weight, 1.0 / scale, inner, diagonal)
        inner += inner.T.copy()
        inner[np.diag_indices_from(inner)] += diagonal
        gram[-1, -1] = passes.curvature_pass(self.layout, zeros, 1.0, weight, total)
        gram[-1, :-1] = gram[:-1, -1] = total / scale


def _frozen(array):
    """A view that kernels cannot write to: one compiled variant serves read-only data too."""
    view = np.require(array, requirements=["A"]).view()
    view.flags.writeable = False
    return view


def _power_of_two(values):
    return np.exp2(np.round(np.log2(values)))
