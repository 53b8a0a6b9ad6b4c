"""K sigmoids at once: OneVsRestBCEClassifier beside K fits of scikit-learn's LogisticRegression.

    python benchmarks/one_vs_rest.py [name of a data set ...]

Ours runs with default settings, scikit-learn's OneVsRestClassifier around LogisticRegression with
tol=1e-8, one problem after the other. "sub-optimality" is the worst (F - F*) / F of the K problems,
with F evaluated in extended precision and F* the least value that any solver found for that
problem, ours at tol=1e-20 included. The "reference" row proves F*: the worst relative duality gap.
"ratio" is the fastest scikit-learn that is within 1e-6 of the optimum, to our solver="auto".

Every fit has one thread. With two, BLAS made scikit-learn's newton-cholesky many times slower on
these small matrices.
"""

import os
import sys

import datasets
import numpy as np
from exact import Exact
from measure import measure
from optimum import solvers
from report import number, row, state
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

from sklearn_bce import OneVsRestBCEClassifier

ONE_THREAD = dict.fromkeys(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"], "1")
LIMIT = 120.0  # seconds for the fits of one solver
CLOSE = 1e-6  # sub-optimality from which scikit-learn's time counts
DATA = ("digits_all", "yeast", "reuters", "newsgroups_all")
COLUMNS = ["data", "solver", "sub-optimality", "warnings", "seconds", "CPU s", "ratio"]


class OneVsRest(OneVsRestClassifier):
    """With the signature of fit that `measure` calls, and coef_ and intercept_ of all problems."""

    def fit(self, X, y, sample_weight=None):
        return super().fit(X, y)

    @property
    def coef_(self):
        return np.vstack([each.coef_ for each in self.estimators_])

    @property
    def intercept_(self):
        return np.concatenate([each.intercept_ for each in self.estimators_])


def main(names):
    os.environ.update(ONE_THREAD)  # for the processes that fit; they start later
    print(state(), row(COLUMNS), row(["---"] * len(COLUMNS)), sep="\n", flush=True)
    ratios = []
    for name in names:
        try:
            X, y = getattr(datasets, name)()
        except datasets.Unavailable as error:
            print(row([name, f"skipped: {error}", *[""] * 5]), flush=True)
            continue
        ratios += compare(name, X, y)
    mean = np.exp(np.mean(np.log(ratios))) if ratios else np.nan
    print(f"\nGeometric mean of the {len(ratios)} ratios: {mean:.2g}")


def compare(name, X, y):
    """Print the rows of one data set; return its ratio, in a list that is empty without one."""
    fits = {"reference": measure(OneVsRestBCEClassifier(tol=1e-20), X, y, None, LIMIT)}
    for solver in solvers(X, ["auto", "newton-cholesky", "newton-cg", "lbfgs"]):
        ours = OneVsRestBCEClassifier(solver=solver)
        fits[f"ours {solver}"] = measure(ours, X, y, None, LIMIT, warm_up=True)
    for solver in solvers(X, ["newton-cholesky", "newton-cg", "lbfgs"]):
        theirs = OneVsRest(LogisticRegression(solver=solver, tol=1e-8, max_iter=10_000))
        fits[f"sklearn {solver}"] = measure(theirs, X, y, None, LIMIT)

    ended = {label: fit for label, fit in fits.items() if fit}
    above, gap = judge(X, y, [fit.estimator for fit in ended.values()])
    above = dict(zip(ended, above, strict=True))
    close = [
        fit.seconds
        for label, fit in ended.items()
        if label.startswith("sklearn") and above[label] <= CLOSE
    ]
    auto = ended.get("ours auto")
    ratios = [min(close) / auto.seconds] if close and auto else []

    shape = f"{name} {X.shape[0]} x {X.shape[1]}, K = {n_problems(y)}"
    print(row([shape, "reference", f"gap {number(gap)}", *[""] * 4]))
    for label in list(fits)[1:]:
        fit = fits[label]
        if fit is None:
            print(row([name, label, "no end", "", f"> {LIMIT:g}", "", ""]))
            continue
        ratio = f"{ratios[0]:.2g}" if ratios and label == "ours auto" else ""
        times = [f"{fit.seconds:.3g}", f"{fit.cpu_seconds:.3g}", ratio]
        print(row([name, label, number(above[label]), " ".join(fit.warnings), *times]), flush=True)
    return ratios


def judge(X, y, estimators):
    """Worst relative sub-optimality of each estimator, and worst duality gap of the best."""
    worst, worst_gap = np.zeros(len(estimators)), 0.0
    points = [(each.coef_, each.intercept_) for each in estimators]
    for k in range(n_problems(y)):
        exact = Exact(X, y[:, k] if y.ndim == 2 else y == np.unique(y)[k], None, C=1.0)
        values = np.array([exact.value(coef[k], intercept[k]) for coef, intercept in points])
        worst = np.maximum(worst, ((values - values.min()) / values).astype(float))
        coef, intercept = points[int(np.argmin(values))]
        worst_gap = max(worst_gap, float(exact.gap(coef[k], intercept[k]) / values.min()))
    return worst, worst_gap


def n_problems(y):
    return y.shape[1] if y.ndim == 2 else len(np.unique(y))


if __name__ == "__main__":
    main(sys.argv[1:] or DATA)
