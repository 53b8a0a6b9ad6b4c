"""Who takes part in the race: a table of short adapters, each with scikit-learn's interface.

All minimise C * sum of losses + |w|^2 / 2. An entrant has one ladder or more: a function of C and
tol that returns an estimator, tried with one tolerance after the other. Where a package states the
objective differently, its adapter says how that is mapped.
"""

import importlib.util
import os
from functools import partial
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression

from sklearn_bce import BCEClassifier

DECADES = tuple(10.0**-k for k in range(1, 11))
OURS = (1e-5, 1e-6, 1e-7, 1e-8)  # looser ones are taken for the first of them
_MAX_ITER = 100_000  # the race has a limit of time instead
_MAX_HESSIAN_FEATURES = 5_000  # beyond, each dense p x p matrix takes seconds to factorise


class Entrant(NamedTuple):
    name: str
    ladders: list  # of functions (C, tol) -> estimator
    tols: tuple = DECADES  # from loose to tight
    is_peer: bool = True
    compiles: bool = False  # a fit before all others, which does not count
    has_weights: bool = True
    has_soft_labels: bool = False
    has_threads: bool = True  # whether the threads of BLAS or OpenMP make a difference
    package: str = "sklearn"
    max_features: int | None = None
    sparse_only: bool = False

    @property
    def has_choice_of_threads(self):
        """Whether it is tried with one thread and with all; ours chooses by itself."""
        return self.is_peer and self.has_threads and os.cpu_count() > 1

    def can_fit(self, X, weight):
        """Return why it does not take part, or an empty string."""
        if importlib.util.find_spec(self.package) is None:
            return "not installed"
        if weight is not None and not self.has_weights:
            return "no weights"
        if self.sparse_only and not sp.issparse(X):
            return "for sparse X"
        return "p too large" if self.max_features and X.shape[1] > self.max_features else ""


class Glum(BaseEstimator):
    """glum.GeneralizedLinearRegressor: mean deviance / 2 + alpha * penalty.

    The unit deviance is twice the loss, so alpha is 1 / (C * sum of weights). Nothing is scaled.
    """

    def __init__(self, C=1.0, l1_ratio=0.0, tol=1e-4, solver="auto"):
        self.C = C
        self.l1_ratio = l1_ratio
        self.tol = tol
        self.solver = solver

    def fit(self, X, y, sample_weight=None):
        from glum import GeneralizedLinearRegressor

        total = len(y) if sample_weight is None else np.sum(sample_weight)
        model = GeneralizedLinearRegressor(
            family="binomial",
            alpha=1.0 / (self.C * total),
            l1_ratio=self.l1_ratio,
            solver=self.solver,
            gradient_tol=self.tol,
            max_iter=_MAX_ITER,
        )
        model.fit(X, np.asarray(y, dtype=float), sample_weight=sample_weight)
        self.coef_, self.intercept_ = model.coef_[np.newaxis], np.array([model.intercept_])
        return self


class Skglm(BaseEstimator):
    """skglm.SparseLogisticRegression: mean loss + alpha * penalty, so alpha is 1 / (C * n_rows).

    Its other classes do not take an L2 penalty and an intercept together.
    """

    def __init__(self, C=1.0, l1_ratio=0.0, tol=1e-4):
        self.C = C
        self.l1_ratio = l1_ratio
        self.tol = tol

    def fit(self, X, y, sample_weight=None):
        from skglm import SparseLogisticRegression

        model = SparseLogisticRegression(
            alpha=1.0 / (self.C * len(y)),
            l1_ratio=self.l1_ratio,
            tol=self.tol,
            max_iter=1_000,
            max_epochs=_MAX_ITER,
        )
        model.fit(X, y)
        self.coef_, self.intercept_ = model.coef_, np.ravel(model.intercept_)
        return self


def ours(C, tol, **options):
    return BCEClassifier(C=C, tol=tol, **options)


def scikit_learn(C, tol, **options):
    return LogisticRegression(C=C, tol=tol, max_iter=_MAX_ITER, random_state=0, **options)


def glum(C, tol, solver):
    return Glum(C, tol=tol, solver=solver)


def skglm(C, tol):
    return Skglm(C, tol=tol)


def _our_solver(name, **options):
    return Entrant(
        f"ours {name}",
        [partial(ours, solver=name)],
        OURS,
        is_peer=False,
        compiles=True,
        has_soft_labels=True,
        has_threads=False,
        package="sklearn_bce",
        **options,
    )


AUTO = _our_solver("auto")._replace(name="ours")
OUR_SOLVERS = [
    _our_solver("lbfgs"),
    _our_solver("newton-cholesky", max_features=_MAX_HESSIAN_FEATURES),
    _our_solver("newton-cg"),
]
PEERS = [
    Entrant("lbfgs", [partial(scikit_learn, solver="lbfgs")]),
    Entrant("newton-cg", [partial(scikit_learn, solver="newton-cg")]),
    Entrant(
        "newton-cholesky",
        [partial(scikit_learn, solver="newton-cholesky")],
        max_features=_MAX_HESSIAN_FEATURES,
    ),
    # LIBLINEAR penalises the intercept too, by intercept**2 / (2 * intercept_scaling**2). A larger
    # scaling brings its objective nearer to the others', and makes its problem harder.
    Entrant(
        "liblinear",
        [partial(scikit_learn, solver="liblinear", intercept_scaling=s) for s in (1.0, 30.0, 1e3)],
        has_threads=False,
    ),
    Entrant(
        "liblinear dual",
        [
            partial(scikit_learn, solver="liblinear", dual=True, intercept_scaling=s)
            for s in (1.0, 30.0)
        ],
        has_threads=False,
        sparse_only=True,
    ),
    Entrant("sag", [partial(scikit_learn, solver="sag")], has_threads=False),
    Entrant(
        "glum irls",
        [partial(glum, solver="irls-ls")],
        has_soft_labels=True,
        package="glum",
        max_features=_MAX_HESSIAN_FEATURES,
    ),
    Entrant("glum lbfgs", [partial(glum, solver="lbfgs")], has_soft_labels=True, package="glum"),
    Entrant(
        "skglm",
        [partial(skglm)],
        compiles=True,
        has_weights=False,
        has_threads=False,
        package="skglm",
    ),
]
