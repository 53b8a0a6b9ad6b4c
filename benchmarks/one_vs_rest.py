"""K sigmoids at once: OneVsRestBCEClassifier beside K fits of scikit-learn's LogisticRegression.

    python benchmarks/one_vs_rest.py [name of a data set ...]

Both minimise the same K objectives. "sub-optimality" is the worst (F - F*) / F of the K problems,
with F evaluated in extended precision and F* the least value that any solver found for that
problem, ours at tol=1e-20 included. The "reference" row proves F*: the worst relative duality gap.

A ratio is to our fastest time within 1e-6 of the optimum; entrants that are further away have none.
scikit-learn's OneVsRestClassifier is as it comes, one problem after the other, with one thread for
BLAS: with two, newton-cholesky was many times slower on these small matrices. Soft labels are ours
alone: there the run shows that the optimum is reached.
"""

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

LIMIT = 60.0  # seconds for the fits of one entrant
CLOSE = 1e-6  # sub-optimality from which a time counts
TOLS = (1e-4, 1e-6, 1e-8)  # of scikit-learn's solvers
DATA = ("digits_all", "yeast", "reuters", "newsgroups_all", "vader_shares")
COLUMNS = ["data", "entrant", "sub-optimality", "warnings", "seconds", "CPU s", "ratio"]


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
    print(state(), row(COLUMNS), row(["---"] * len(COLUMNS)), sep="\n", flush=True)
    ratios = []
    for name in names:
        try:
            X, y = getattr(datasets, name)()
        except datasets.Unavailable as error:
            print(row([name, f"skipped: {error}", *[""] * 5]), flush=True)
            continue
        ratios += compare(name, X, y)
    if ratios:
        mean = np.exp(np.mean(np.log(ratios)))
        print(f"\nFastest scikit-learn, geometric mean over {len(ratios)} sets: {mean:.2g}")


def compare(name, X, y):
    """Print the rows of one data set; return the fastest peer's ratio, in a list."""
    fits = {"reference": measure(OneVsRestBCEClassifier(tol=1e-20), X, y, None, LIMIT)}
    for tol in (1e-8, 1e-6):
        ours = OneVsRestBCEClassifier(tol=tol)
        fits[f"ours tol={tol:g}"] = measure(ours, X, y, None, LIMIT, warm_up=True)
    for label, theirs in ({} if y.dtype.kind == "f" else peers(X)).items():
        fits[label] = measure(theirs, X, y, None, LIMIT, threads=1)

    ended = {label: fit for label, fit in fits.items() if fit}
    above, gap = judge(X, y, [fit.estimator for fit in ended.values()])
    above = dict(zip(ended, above, strict=True))
    close = {label: fit.seconds for label, fit in ended.items() if above[label] <= CLOSE}
    ours, theirs = (
        min((seconds for label, seconds in close.items() if kind in label), default=np.nan)
        for kind in ("ours", "sklearn")
    )

    shape = f"{name} {X.shape[0]} x {X.shape[1]}, K = {n_problems(y)}"
    print(row([shape, "reference", f"gap {number(gap)}", *[""] * 4]))
    for label in list(fits)[1:]:
        fit = fits[label]
        if fit is None:
            print(row([name, label, "no end", "", f"> {LIMIT:g}", "", ""]))
            continue
        ratio = f"{fit.seconds / ours:.2g}" if label in close else ""
        times = [f"{fit.seconds:.3g}", f"{fit.cpu_seconds:.3g}", ratio]
        print(row([name, label, number(above[label]), " ".join(fit.warnings), *times]), flush=True)
    return [] if np.isnan(theirs) else [theirs / ours]


def peers(X):
    """scikit-learn's estimators, by how the table names them."""
    return {
        f"sklearn {solver} tol={tol:g}": OneVsRest(
            LogisticRegression(solver=solver, tol=tol, max_iter=10_000)
        )
        for solver in solvers(X, ["newton-cholesky", "newton-cg", "lbfgs"])
        for tol in TOLS
    }


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
