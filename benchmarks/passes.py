"""How often a fit of ours reads X, counted from outside: the kernels are wrapped for one fit."""

import inspect
from collections import Counter
from contextlib import contextmanager

from sklearn_bce._kernels import passes
from sklearn_bce._matrix import Matrix

# What a kernel reads X for, and which of its arguments is as long as the rows that it reads.
_KERNELS = {
    "loss_pass": ("gradient", "u"),
    "curvature_pass": ("product", "weight"),
    "scores_pass": ("logits", "scores"),
    "combination_pass": ("product", "factors"),
    "moments_pass": ("scales", "weight"),
    "weighted_panels": ("Hessian", "weight"),
    "gram_pass": ("Hessian", "weight"),
    "sparse_gram_pass": ("Hessian", "weight"),
}


def count_passes(X, y, weight, estimator):
    """Fit once; return how often all rows were read, by what for. Samples count as their share."""
    rows = Counter()
    with _counting(rows):
        estimator.fit(X, y, sample_weight=weight)
    return {what: n_rows / X.shape[0] for what, n_rows in rows.items()}


def n_bytes(X):
    """What a reading of X moves: of sparse X of many ones, only their places."""
    layout, _ = Matrix(X).at(0, X.shape[0])
    return sum(array.nbytes for array in layout if array is not None)


@contextmanager
def _counting(rows):
    kernels = {name: getattr(passes, name) for name in _KERNELS}
    for name, (what, argument) in _KERNELS.items():
        setattr(passes, name, _counted(kernels[name], what, argument, rows))
    try:
        yield
    finally:
        for name, kernel in kernels.items():
            setattr(passes, name, kernel)


def _counted(kernel, what, argument, rows):
    function = getattr(kernel, "py_func", kernel)
    position = list(inspect.signature(function).parameters).index(argument)

    def counted(*arguments):
        rows[what] += len(arguments[position])
        return kernel(*arguments)

    return counted
