"""Few dense rows: Newton's steps by the products of the rows, beside the solvers without them.

    python benchmarks/few_rows.py

Default penalty and tol; median times of a fit, compilation not counted.
"""

from contextlib import contextmanager
from statistics import median

import datasets
import numpy as np
from measure import fit_for
from report import duration, state, table
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from sklearn_bce import BCEClassifier
from sklearn_bce._objective import Objective

ENOUGH = 2.0  # seconds of fitting after which the median is good enough


def main():
    print(state())
    rows = []
    for name, X, y in data():
        times = []
        for solver in ("lbfgs", "newton-cg"):
            with without_row_products():
                times.append(seconds(BCEClassifier(solver=solver), X, y))
        times.append(seconds(BCEClassifier(), X, y))
        rows.append([name, " x ".join(f"{n:,}" for n in X.shape), *map(duration, times)])
    print("\n".join(table(["data", "size", "lbfgs", "newton-cg", "by the rows"], rows)))


def data():
    """Yield the name of a data set, X and y."""
    X, y = datasets.fashion_pair()
    for n_rows in (200, 700):
        yield "coat or pullover, raw pixels", X[:n_rows], y[:n_rows]
    for n_rows in (200, 1000, 2000):
        pixels = np.asarray(X[:n_rows, ::6], dtype=float) / 255.0
        pairs = PolynomialFeatures(2, include_bias=False).fit_transform(pixels)
        yield "every sixth pixel, and the products of two", pairs, y[:n_rows]
    X, y = datasets.breast_cancer_scaled()
    for degree in (3, 4):
        products = PolynomialFeatures(degree, include_bias=False).fit_transform(X)
        products = StandardScaler().fit_transform(products)
        yield f"breast cancer, polynomials of degree {degree}, scaled", products, y


@contextmanager
def without_row_products():
    """Let no solver use them."""
    usual = Objective.by_rows
    Objective.by_rows = False
    try:
        yield
    finally:
        Objective.by_rows = usual


def seconds(estimator, X, y):
    """Median time of a fit, after one that compiles."""
    estimator.fit(X[:100, :50], y[:100])
    return median(fit.seconds for fit in fit_for(X, y, None, estimator, ENOUGH))


if __name__ == "__main__":
    main()
