"""The layouts of X, records of arrays; and verbs, whose bodies are chosen by layout."""

from functools import wraps
from typing import NamedTuple

import numpy as np
from numba.extending import overload


class Rows(NamedTuple):
    """Dense X, row after row in memory."""

    values: np.ndarray  # (n_rows, n_columns), C order


class Columns(NamedTuple):
    """Dense X, column after column in memory."""

    values: np.ndarray  # (n_columns, n_rows), C order: the transpose of X


class SparseRows(NamedTuple):
    """Sparse X, row after row (CSR); unsorted and repeated entries are legal."""

    values: np.ndarray | None  # None: all are 1
    indices: np.ndarray
    indptr: np.ndarray


class SparseColumns(NamedTuple):
    """Sparse X, column after column in memory (CSC), without repeated entries."""

    values: np.ndarray
    indices: np.ndarray
    indptr: np.ndarray


def verb(bodies):
    """Turn a stub into the choice among its bodies, a dict by layout.

    Numba chooses by type when it compiles; in plain Python the same is done at every call.
    """

    def choice(stub):
        @wraps(stub)
        def choose(X, *rest):
            return bodies[type(X)](X, *rest)

        @overload(choose, inline="never")
        def _(X, *rest):
            body = bodies[X.instance_class]

            def call(X, *rest):
                return body(X, *rest)

            call.__qualname__ = f"{stub.__name__}.{body.__name__}"  # see `_KernelCache`
            return call

        return choose

    return choice
