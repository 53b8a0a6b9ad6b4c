"""An L1 penalty: the time to within 1e-6 of the optimum, beside LIBLINEAR, skglm, saga and glum.

    python benchmarks/l1.py [name of a data set ...]

All minimise C * sum of losses + |w|_1, C = 1. LIBLINEAR penalises the intercept, so it is compared
without one, the others with one. Everybody climbs a ladder of tolerances; what counts is the median
time of the loosest one that is within 1e-6 of the least objective that anybody reached, or for ours
within what `tol` asks. Compilation does not count. "ratio" is to our time for the same problem.
"""

import sys
from functools import partial
from statistics import median

import datasets
import numpy as np
from entrants import Glum, Skglm
from measure import Worker, fit_for
from report import duration, geometric_mean, state, table, times
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from sklearn_bce import BCEClassifier

TARGET = 1e-6  # relative
LIMIT = 20.0  # seconds for all tolerances of an entrant
DECADES = [10.0**-k for k in range(1, 11)]
OURS = DECADES[4:8]


def scaled(name):
    X, y = getattr(datasets, name)()
    return StandardScaler().fit_transform(X), y


def fashion():
    """Pullover or coat, pixels from 0 to 1."""
    X, y = datasets.fashion_pair()
    return X / 255.0, y


def cancer_polynomial():
    """569 rows, 5,455 products of up to three measurements, which say nearly the same."""
    X, y = scaled("breast_cancer_raw")
    X = PolynomialFeatures(3, include_bias=False).fit_transform(X)
    return StandardScaler().fit_transform(X), y


DATA = {
    "spam": partial(scaled, "spam"),
    "flights": partial(scaled, "flights_dense"),
    "newsgroups": datasets.newsgroups,
    "newsgroups_binary": datasets.newsgroups_binary,
    "fashion": fashion,
    "wordnet": datasets.wordnet,
    "cancer_polynomial": cancer_polynomial,
}


def saga(tol):
    return LogisticRegression(
        l1_ratio=1.0, solver="saga", tol=tol, max_iter=100_000, random_state=0
    )


def liblinear(tol):
    return LogisticRegression(
        l1_ratio=1.0, solver="liblinear", tol=tol, max_iter=100_000, fit_intercept=False
    )


# name: (tolerance -> estimator, its tolerances, whether it compiles)
WITH_INTERCEPT = {
    "ours": (lambda tol: BCEClassifier(l1_ratio=1.0, tol=tol), OURS, True),
    "skglm": (lambda tol: Skglm(l1_ratio=1.0, tol=tol), DECADES, True),
    "glum": (lambda tol: Glum(l1_ratio=1.0, tol=tol, solver="irls-cd"), DECADES, False),
    "saga": (saga, DECADES, False),
}
WITHOUT = {
    "ours": (
        lambda tol: BCEClassifier(l1_ratio=1.0, tol=tol, fit_intercept=False),
        OURS,
        True,
    ),
    "liblinear": (liblinear, DECADES, False),
}
COLUMNS = ["data", "ours", "skglm", "glum", "saga", "ours, no intercept", "LIBLINEAR", "ratio"]


def main(names):
    print(state())
    rows, ratios = [], []
    for name in names:
        try:
            X, y = DATA[name]()
        except datasets.Unavailable as error:
            print(f"{name}: skipped, {error}", flush=True)
            continue
        cells, ratio = compare(X, y)
        ratios.append(ratio)
        rows.append([f"{name} {X.shape[0]} x {X.shape[1]}", *cells, f"{ratio:.2g}"])
        print(*table(COLUMNS, rows[-1:])[-1:], flush=True)
    print("\n".join(table(COLUMNS, rows)))
    print(f"\nGeometric mean of the ratio to the fastest: {geometric_mean(ratios):.3g}")


def compare(X, y):
    """Return the cells of a row, and the ratio of the fastest peer's time to ours."""
    cells, ratios = [], []
    for entrants in (WITH_INTERCEPT, WITHOUT):
        first, *_ = entrants["ours"]
        least = value(first(1e-10).fit(X, y), X, y)
        ours = None
        for name, entrant in entrants.items():
            seconds = time_to_target(X, y, least, *entrant)
            if name == "ours":
                ours = seconds
                cells.append("-" if ours is None else duration(ours))
            elif seconds is None:
                cells.append("-")
            else:
                ratios.append(seconds / ours)
                cells.append(times(seconds / ours))
    return cells, min(ratios)


def time_to_target(X, y, least, make, tolerances, compiles):
    """Return the median time of the loosest tolerance that is good enough, None if none is."""
    worker = Worker(X, y, warm_up=make(tolerances[0]) if compiles else None)
    left = LIMIT
    try:
        for tol in tolerances:
            fits = worker.ask(fit_for, make(tol), limit=left)
            if not isinstance(fits, list):
                return None
            left = max(0.0, left - fits[0].seconds)
            reached = value(fits[0].estimator, X, y)
            if reached - least <= TARGET * reached:
                fits += worker.ask(fit_for, make(tol), 1.0, limit=LIMIT) or []
                return median(fit.seconds for fit in fits)
    finally:
        worker.close()
    return None


def value(estimator, X, y):
    """The objective with C = 1. Double precision is a million times finer than the target."""
    w = np.ravel(estimator.coef_).astype(float)
    z = X @ w + np.ravel(estimator.intercept_)
    return np.sum(np.logaddexp(0.0, np.where(y, -z, z))) + np.abs(w).sum()


if __name__ == "__main__":
    main(sys.argv[1:] or DATA)
