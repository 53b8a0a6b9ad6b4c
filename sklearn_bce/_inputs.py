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
    check_structure(y, "y")
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
    has_y = isinstance(checked, tuple)
    csr = checked[0] if has_y else checked
    if sp.issparse(csr):
        if getattr(X, "format", None) in ("lil", "dok", "dia"):  # only now do they have indices
            check_structure(csr)
        csr = _packed(csr)
    return (csr, *checked[1:]) if has_y else csr


def refuse_infinite(estimator, X):
    """Raise scikit-learn's ValueError if X, checked with ``finite=False``, is not all finite."""
    assert_all_finite(X, estimator_name=type(estimator).__name__, input_name="X")


def flat_if_one_column(y):
    """Return a y of one column as 1-D, with scikit-learn's warning; any other as it is."""
    if y.ndim == 1 or y.shape[1] != 1:
        return y
    return column_or_1d(y.toarray() if sp.issparse(y) else y, warn=True)


def check_structure(X, name="X"):
    """Raise ValueError if a sparse matrix points outside its own arrays; look at nothing else.

    SciPy does not look when a matrix is built from parts, and compiled loops would read, or crash
    on, whatever lies there.
    """
    if not sp.issparse(X):
        return
    if X.ndim != 2:
        raise ValueError(f"Expected a 2D sparse {name}, got {X.ndim}D.")
    fault = _fault(X)
    if fault:
        raise ValueError(f"{name} is a malformed sparse matrix: {fault}.")


def _fault(X):
    """What is wrong with a sparse matrix, or nothing."""
    if X.format == "lil" and any(map(_differ, X.rows, X.data)):
        return "a row's indices and data differ in length"
    if X.format == "dia" and not (X.data.ndim == 2 and X.offsets.shape == (len(X.data),)):
        return "offsets and data differ in length"
    if X.format in ("csr", "csc", "bsr"):
        return _fault_of_compressed(X)
    if X.format == "coo":
        for name, index, size in zip(("row", "column"), (X.row, X.col), X.shape, strict=True):
            if len(index) != len(X.data):
                return f"{name} and data differ in length"
            fault = _fault_of_range(index, size)
            if fault:
                return fault
    return ""


def _differ(indices, data):
    return len(indices) != len(data)


def _fault_of_compressed(X):
    for name, ndim in (("indptr", 1), ("indices", 1), ("data", 3 if X.format == "bsr" else 1)):
        array = getattr(X, name)
        if array.ndim != ndim or (name != "data" and array.dtype.kind not in "iu"):
            return f"{name} is {array.ndim}D of type {array.dtype}"
    block = X.blocksize if X.format == "bsr" else (1, 1)
    n_rows, n_columns = (size // side for size, side in zip(X.shape, block, strict=True))
    n_lines, n_places = (n_columns, n_rows) if X.format == "csc" else (n_rows, n_columns)
    if len(X.indptr) != n_lines + 1:
        return f"indptr has length {len(X.indptr)}, expected {n_lines + 1}"
    if X.indptr[0] != 0 or (X.indptr[1:] < X.indptr[:-1]).any():
        return "indptr must rise from 0, never falling"
    if len(X.indices) != len(X.data) or X.indptr[-1] > len(X.indices):
        return (
            f"indptr ends at {X.indptr[-1]}, with {len(X.indices)} indices and {len(X.data)} values"
        )
    return _fault_of_range(X.indices[: X.indptr[-1]], n_places)


def _fault_of_range(index, size):
    # Without their signs negative numbers are the largest: one look at each is enough.
    unsigned = index.dtype.str.replace("i", "u")
    if len(index) and not index.view(unsigned).max() < size:
        return f"index {index.min()} to {index.max()} is not within 0 to {size - 1}"
    return ""


def _packed(X):
    """A CSR X whose arrays are contiguous and native, as compiled loops take them to be.

    After the last row, where anything may lie, they end.
    """
    size = X.indptr[-1]
    arrays = X.data[:size], X.indices[:size], X.indptr
    if len(X.indices) == size and all(map(_is_packed, arrays)):
        return X
    packed = [np.ascontiguousarray(each, each.dtype.newbyteorder("=")) for each in arrays]
    return type(X)(tuple(packed), shape=X.shape)


def _is_packed(array):
    return array.flags.c_contiguous and array.dtype.isnative
