"""How close to the optimum, and how fast: BCEClassifier and scikit-learn's LogisticRegression.

    python benchmarks/optimum.py [name of a data set ...]

Ours runs with default settings, scikit-learn's with tol=1e-8. "sub-optimality" is
(F - F*) / F of the same objective, with F evaluated in extended precision and F* the least value
that any solver found, ours at tol=1e-20 included. The "reference" row is a proof of F* that trusts
no solver: its duality gap, an upper bound on how far F* is above the minimum. "ratio" is to the
seconds of our solver="auto".

The exit status is 1 if a default fit of ours is above 1e-8, or says that it is more than 10 times
closer to the optimum than it is.
"""

import sys

import datasets
import numpy as np
from exact import Exact
from measure import measure
from report import FLOOR, number, row, state
from sklearn.linear_model import LogisticRegression

from sklearn_bce import BCEClassifier

LIMIT = 60.0  # seconds for the fits of one solver
MAX_FACTOR_FEATURES = 2_000  # more are too many for newton-cholesky
PROMISED = 1e-8

SMALL = (1e-3, 1.0, 1e3)
PROBLEMS = {
    "breast_cancer_raw": SMALL,
    "breast_cancer_scaled": SMALL,
    "digits": SMALL,
    "spam": SMALL,
    "newsgroups": SMALL,
    "vader": SMALL,
    "flights_dense": (1.0,),
    "flights_one_hot": (1.0,),
}
COLUMNS = [
    *["data", "C", "solver", "sub-optimality", "`optimality_`", "iterations"],
    *["warnings", "seconds", "CPU s", "ratio"],
]


def main(names):
    print(state(), row(COLUMNS), row(["---"] * len(COLUMNS)), sep="\n", flush=True)
    failures = []
    for name in names:
        try:
            X, y, *weight = getattr(datasets, name)()
        except datasets.Unavailable as error:
            print(row([name, "", f"skipped: {error}", *[""] * 7]), flush=True)
            continue
        for C in PROBLEMS[name]:
            failures += compare(name, X, y, weight[0] if weight else None, C)
    print()
    print("\n".join(failures) or "Every default fit of ours keeps its promises.")
    return bool(failures)


def compare(name, X, y, weight, C):
    """Print the rows of one problem; return what is wrong with ours, a line each."""
    exact = Exact(X, y, weight, C)
    doubled = (X, y, weight) if weight is None else datasets.hard_rows(X, y, weight)
    reference = BCEClassifier(C=C, tol=1e-20).fit(X, y, sample_weight=weight)
    fits = {}
    for solver in solvers(X, ["auto", "newton-cholesky", "newton-cg", "lbfgs"]):
        estimator = BCEClassifier(C=C, solver=solver)
        fits["ours", solver] = measure(estimator, X, y, weight, LIMIT, warm_up=True)
    for solver in solvers(X, ["newton-cholesky", "newton-cg", "lbfgs"]):
        estimator = LogisticRegression(C=C, solver=solver, tol=1e-8, max_iter=10_000)
        fits["sklearn", solver] = measure(estimator, *doubled, LIMIT)

    known = [reference, *(fit.estimator for fit in fits.values() if fit)]
    values = [exact.value(each.coef_[0], each.intercept_[0]) for each in known]
    best = known[int(np.argmin(values))]
    gap = exact.gap(best.coef_[0], best.intercept_[0]) / min(values)
    shape = f"{name} {X.shape[0]} x {X.shape[1]}"
    print(row([shape, f"{C:g}", "reference", f"gap {number(gap)}", *[""] * 6]))

    failures = []
    unit = fits["ours", "auto"].seconds if fits["ours", "auto"] else np.nan
    for (side, solver), fit in fits.items():
        label = f"{side} {solver}"
        if fit is None:
            print(row([name, f"{C:g}", label, *["no end"] * 4, f"> {LIMIT:g}", "", ""]))
            failures += [f"{name} C={C:g} {label}: no end"] if side == "ours" else []
            continue
        value = exact.value(fit.estimator.coef_[0], fit.estimator.intercept_[0])
        above = float((value - min(values)) / value)
        claimed = getattr(fit.estimator, "optimality_", None)
        print(row([name, f"{C:g}", label, *cells(fit, above, claimed, unit)]), flush=True)
        if side == "ours":
            failures += [f"{name} C={C:g} {label}: {what}" for what in broken(above, claimed)]
    return failures


def cells(fit, above, claimed, unit):
    return [
        number(above),
        "" if claimed is None else number(claimed),
        str(np.max(fit.estimator.n_iter_)),
        " ".join(fit.warnings),
        f"{fit.seconds:.3g}",
        f"{fit.cpu_seconds:.3g}",
        f"{fit.seconds / unit:.2g}",
    ]


def broken(above, claimed):
    """The promises that a default fit of ours does not keep."""
    if above > PROMISED:
        yield f"sub-optimality {above:.1e} is above {PROMISED:g}"
    if above > FLOOR and claimed < above / 10.0:
        yield f"optimality_ {claimed:.1e} is more than 10 times below {above:.1e}"


def solvers(X, names):
    return [
        name for name in names if name != "newton-cholesky" or X.shape[1] <= MAX_FACTOR_FEATURES
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or PROBLEMS))
