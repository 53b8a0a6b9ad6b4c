"""X on its way in: what scikit-learn checks, and what it leaves to the loops to trip over."""

import numpy as np
import scipy.sparse as sp
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.validation import validate_data


def check_X(estimator, X, y="no_validation", *, reset, multi_output=False, finite=True):
    """Validate X, and y if given, for fit (``reset=True``) or prediction.

    With ``multi_output`` y may have several columns, dense or sparse. Without ``finite`` nobody
    looks for NaN and infinity. Returns X as a float32 or float64 ndarray or CSR array, and y if it
    was given.
    """
    check_structure(X)
    checked = validate_data(
        estimator,
        X,
        y,
        reset=reset,
        **({"multi_output": True} if multi_output else {}),
        accept_sparse="csr",
        dtype=[np.float64, np.float32],
        ensure_all_finite=finite,
    )
    if sp.issparse(X) and X.format in ("lil", "dok", "dia"):  # only now do they have indices
        check_structure(checked[0] if isinstance(checked, tuple) else checked)
    return checked


def refuse_infinite(estimator, X):
    """Raise scikit-learn's ValueError if X, checked with ``finite=False``, is not all finite."""
    assert_all_finite(X, estimator_name=type(estimator).__name__, input_name="X")


def flat_if_one_column(y):
    """Return a y of one column as 1-D, with scikit-learn's warning; any other as it is."""
    if y.ndim == 1 or y.shape[1] != 1:
        return y
    return column_or_1d(y.toarray() if sp.issparse(y) else y, warn=True)


def check_structure(X):
    """Raise ValueError if a sparse X points outside its own arrays.

    SciPy does not look when a matrix is built from parts, and compiled loops would read, or crash
    on, whatever lies there.
    """
    if not sp.issparse(X):
        return
    if X.ndim != 2:
        raise ValueError(f"Expected a 2D sparse X, got {X.ndim}D.")
    if X.format == "lil" and any(map(_differ, X.rows, X.data)):
        raise ValueError(
            "X is a malformed sparse matrix: a row's indices and data differ in length."
        )
    if X.format == "dia" and not (X.data.ndim == 2 and X.offsets.shape == (len(X.data),)):
        raise ValueError("X is a malformed sparse matrix: offsets and data differ in length.")
    if X.format in ("csr", "csc", "bsr"):
        _check_compressed(X)
    elif X.format == "coo":
        for name, index, size in zip(("row", "column"), (X.row, X.col), X.shape, strict=True):
            if len(index) != len(X.data):
                raise ValueError(
                    f"X is a malformed sparse matrix: {name} and data differ in length."
                )
            _check_range(index, size)


def _differ(indices, data):
    return len(indices) != len(data)


def _check_compressed(X):
    for name, ndim in (("indptr", 1), ("indices", 1), ("data", 3 if X.format == "bsr" else 1)):
        array = getattr(X, name)
        if array.ndim != ndim or (name != "data" and array.dtype.kind not in "iu"):
            raise ValueError(
                f"X is a malformed sparse matrix: {name} is {array.ndim}D of type {array.dtype}."
            )
    block = X.blocksize if X.format == "bsr" else (1, 1)
    n_rows, n_columns = (size // side for size, side in zip(X.shape, block, strict=True))
    n_lines, n_places = (n_columns, n_rows) if X.format == "csc" else (n_rows, n_columns)
    if len(X.indptr) != n_lines + 1:
        raise ValueError(
            f"X is a malformed sparse matrix: indptr has length {len(X.indptr)}, expected "
            f"{n_lines + 1}."
        )
    if X.indptr[0] != 0 or (X.indptr[1:] < X.indptr[:-1]).any():
        raise ValueError("X is a malformed sparse matrix: indptr must rise from 0, never falling.")
    if len(X.indices) != len(X.data) or X.indptr[-1] > len(X.indices):
        raise ValueError(
            f"X is a malformed sparse matrix: indptr ends at {X.indptr[-1]}, with "
            f"{len(X.indices)} indices and {len(X.data)} values."
        )
    _check_range(X.indices[: X.indptr[-1]], n_places)


def _check_range(index, size):
    # Without their signs negative numbers are the largest: one look at each is enough.
    if len(index) and not index.view(f"u{index.itemsize}").max() < size:
        raise ValueError(
            f"X is a malformed sparse matrix: index {index.min()} to {index.max()} is not within "
            f"0 to {size - 1}."
        )
