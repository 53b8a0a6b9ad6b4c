"""C by cross-validation: BCEClassifierCV beside scikit-learn's LogisticRegressionCV.

    python benchmarks/cross_validation.py [name of a data set ...]

Both try the same 10 values of C on the same 5 folds, by log loss. Ours runs with default settings,
tol=1e-8, and with larger ones; scikit-learn's with its default tol=1e-4, and as many iterations as
it takes. "held-out loss" is the least mean log loss of the rows held out, over the Cs. There are
two ratios of CPU times:

"default"        the fastest of scikit-learn's solvers, however well it did, to ours with tol=1e-8.
"equal quality"  the fastest of those that minimise the same function to the fastest of ours whose
                 held-out loss is at most 1e-4 of itself above that solver's; if none is as good, to
                 ours with tol=1e-8. "liblinear" is left out: it penalises the intercept too, so
                 that its losses are of other models.

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
TOLS = [1e-8, 1e-6, 1e-4]  # the default first
SAME_LOSS = 1e-4  # relative
COLUMNS = ["data", "solver", "held-out loss", "C", "warnings", "seconds", "CPU s"]


def main(names):
    os.environ.update(ONE_THREAD)  # for the processes that fit; they start later
    print(state(), row(COLUMNS), row(["---"] * len(COLUMNS)), sep="\n", flush=True)
    ratios = []
    for name in names:
        try:
            X, y = load(name)
        except datasets.Unavailable as error:
            print(row([name, f"skipped: {error}", *[""] * 5]), flush=True)
            continue
        ratios += compare(name, X, y)
    for kind, values in zip(["default", "equal quality"], np.transpose(ratios), strict=False):
        mean = np.exp(np.mean(np.log(values)))
        print(f"\nGeometric mean of the {len(values)} ratios, {kind}: {mean:.2g}")


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
    """Print the rows of one data set; return its ratios, in a list that is empty without them."""
    ours, theirs = [], {}
    for tol in TOLS:
        ours.append(measure(BCEClassifierCV(tol=tol), X, y, None, LIMIT, warm_up=True))
    for solver in solvers(X, ["newton-cholesky", "newton-cg", "lbfgs", "liblinear"]):
        estimator = LogisticRegressionCV(
            solver=solver,
            max_iter=10_000,
            scoring="neg_log_loss",
            l1_ratios=(0.0,),
            use_legacy_attributes=False,
        )
        theirs[solver] = measure(estimator, X, y, None, LIMIT)
    labels = [f"ours, tol={tol:g}" for tol in TOLS] + [f"sklearn {solver}" for solver in theirs]
    for label, fit in zip(labels, [*ours, *theirs.values()], strict=True):
        start = [f"{name} {X.shape[0]} x {X.shape[1]}", label]
        if fit is None:
            print(row([*start, "no end", "", "", f"> {LIMIT:g}", ""]), flush=True)
            continue
        cells = [f"{held_out(fit):.6f}", f"{fit.estimator.C_:.3g}", " ".join(fit.warnings)]
        print(row([*start, *cells, f"{fit.seconds:.3g}", f"{fit.cpu_seconds:.3g}"]), flush=True)
    ratios = both_ratios(ours, theirs)
    for default, equal in ratios:
        print(row([name, f"ratios: default {default:.2g}, equal quality {equal:.2g}", *[""] * 5]))
    return ratios


def held_out(fit):
    """The least mean log loss of the rows held out."""
    return -fit.estimator.scores_.mean(axis=0).max()


def both_ratios(ours, theirs):
    """The ratios as the first lines define them, in a list that is empty without them."""
    ended = {solver: fit for solver, fit in theirs.items() if fit}
    same = [fit for solver, fit in ended.items() if solver != "liblinear"]
    if ours[0] is None or not same:
        return []
    fastest = min(same, key=lambda fit: fit.cpu_seconds)
    limit = held_out(fastest) * (1.0 + SAME_LOSS)
    as_good = [fit.cpu_seconds for fit in ours if fit and held_out(fit) <= limit]
    default = min(fit.cpu_seconds for fit in ended.values()) / ours[0].cpu_seconds
    return [(default, fastest.cpu_seconds / min(as_good, default=ours[0].cpu_seconds))]


if __name__ == "__main__":
    main(sys.argv[1:] or DATA)
