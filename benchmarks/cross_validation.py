"""C by cross-validation: BCEClassifierCV beside scikit-learn's LogisticRegressionCV.

    python benchmarks/cross_validation.py [name of a data set ...]

Both try the same 10 values of C on the same 5 folds, by log loss. Ours runs with default settings,
tol=1e-8; scikit-learn's with its default tol=1e-4, and as many iterations as it takes. "held-out
loss" is the least mean log loss of the rows held out, over the Cs. "ratio" is the fastest of
scikit-learn's solvers, however well it did, to ours. "liblinear" penalises the intercept too.

Every fit has one thread, and its CPU time counts, which does not grow when the machine has other
work. With two, BLAS makes scikit-learn's newton-cholesky many times slower on small matrices.
"""

import os
import sys

import datasets
import numpy as np
from measure import measure
from optimum import row, solvers, state
from sklearn.linear_model import LogisticRegressionCV

from sklearn_bce import BCEClassifierCV

ONE_THREAD = dict.fromkeys(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"], "1")
LIMIT = 60.0  # seconds for the fits of one solver
ROWS = 60_000  # of the larger sets, drawn at random
DATA = [
    *["breast_cancer_scaled", "spam", "spam_scaled", "digits", "default", "flights_dense"],
    *["flights_dense_part", "newsgroups", "vader_hard", "flights_one_hot_part"],
]
COLUMNS = ["data", "solver", "held-out loss", "C", "warnings", "seconds", "CPU s", "ratio"]


def main(names):
    os.environ.update(ONE_THREAD)  # for the processes that fit; they start later
    print(state(), row(COLUMNS), row(["---"] * len(COLUMNS)), sep="\n", flush=True)
    ratios = []
    for name in names:
        try:
            X, y = load(name)
        except datasets.Unavailable as error:
            print(row([name, f"skipped: {error}", *[""] * 6]), flush=True)
            continue
        ratios += compare(name, X, y)
    mean = np.exp(np.mean(np.log(ratios))) if ratios else np.nan
    print(f"\nGeometric mean of the {len(ratios)} ratios: {mean:.2g}")


def load(name):
    """A data set with hard labels, of the larger ones a part."""
    if name == "vader_hard":
        X, y, _ = datasets.vader()
        return X, y > 0.5
    X, y = getattr(datasets, name.removesuffix("_part"))()
    if not name.endswith("_part"):
        return X, y
    rows = np.sort(np.random.default_rng(0).permutation(len(y))[:ROWS])
    return X[rows], y[rows]


def compare(name, X, y):
    """Print the rows of one data set; return its ratio, in a list that is empty without one."""
    fits = {"ours": measure(BCEClassifierCV(), X, y, None, LIMIT, warm_up=True)}
    for solver in solvers(X, ["newton-cholesky", "newton-cg", "lbfgs", "liblinear"]):
        theirs = LogisticRegressionCV(
            solver=solver,
            max_iter=10_000,
            scoring="neg_log_loss",
            l1_ratios=(0.0,),
            use_legacy_attributes=False,
        )
        fits[f"sklearn {solver}"] = measure(theirs, X, y, None, LIMIT)
    ours = fits["ours"]
    others = [fit.cpu_seconds for label, fit in fits.items() if fit and label != "ours"]
    ratios = [min(others) / ours.cpu_seconds] if ours and others else []
    for label, fit in fits.items():
        start = [f"{name} {X.shape[0]} x {X.shape[1]}" if label == "ours" else name, label]
        if fit is None:
            print(row([*start, "no end", "", "", f"> {LIMIT:g}", "", ""]), flush=True)
            continue
        loss, C = -fit.estimator.scores_.mean(axis=0).max(), fit.estimator.C_
        cells = [f"{loss:.6f}", f"{C:.3g}", " ".join(fit.warnings), f"{fit.seconds:.3g}"]
        ratio = f"{ratios[0]:.2g}" if ratios and label == "ours" else ""
        print(row([*start, *cells, f"{fit.cpu_seconds:.3g}", ratio]), flush=True)
    return ratios


if __name__ == "__main__":
    main(sys.argv[1:] or DATA)
