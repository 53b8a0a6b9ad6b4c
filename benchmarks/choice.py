"""What solver="auto" chooses, beside every solver it could have taken, over values of C.

    python benchmarks/choice.py [name of a data set ...]

Seconds of a fit to tol=1e-8, the median of some; "over the best" is the choice's time in units of
the fastest solver's. The rule and its constants are in `sklearn_bce._solvers`.

The exit status is 1 if a choice takes more than 1.5 times as long as the best solver.
"""

import sys
import warnings

import datasets
import numpy as np
from measure import measure
from optimum import solvers
from report import duration, row, state, times
from sklearn.exceptions import ConvergenceWarning

from sklearn_bce import BCEClassifier

SOLVERS = ("lbfgs", "newton-cg", "newton-cholesky")
CS = (0.01, 1.0, 100.0, 1e4)
LIMIT = 60.0  # seconds for the fits of one solver
ALLOWED = 1.5


def reuters_largest():
    """6,500 news: is it of the largest of 52 topics?"""
    X, y = datasets.reuters()
    topics, counts = np.unique(y, return_counts=True)
    return X, y == topics[counts.argmax()]


def flights_sample():
    """20,000 of the flights, one-hot."""
    X, y = datasets.flights_one_hot()
    rows = np.random.default_rng(0).choice(len(y), 20_000, replace=False)
    return X[rows], y[rows]


DATA = {
    "breast_cancer_raw": datasets.breast_cancer_raw,
    "breast_cancer_scaled": datasets.breast_cancer_scaled,
    "digits": datasets.digits,
    "spam": datasets.spam,
    "flights_dense": datasets.flights_dense,
    "newsgroups": datasets.newsgroups,
    "newsgroups_binary": datasets.newsgroups_binary,
    "reuters_largest": reuters_largest,
    "vader": datasets.vader,
    "wordnet": datasets.wordnet,
    "flights_sample": flights_sample,
    "flights_one_hot": datasets.flights_one_hot,
}
COLUMNS = ["data", "C", *SOLVERS, "auto", "over the best"]


def main(names):
    print(state(), row(COLUMNS), row(["---"] * len(COLUMNS)), sep="\n", flush=True)
    slow = []
    for name in names:
        try:
            X, y, *weight = DATA[name]()
        except datasets.Unavailable as error:
            print(row([name, f"skipped: {error}", *[""] * 5]), flush=True)
            continue
        for C in CS:
            ratio = compare(name, X, y, weight[0] if weight else None, C)
            if ratio > ALLOWED:
                slow.append(f"{name}, C={C:g}: {ratio:.2g} times the best solver's time")
    print()
    print("\n".join(slow) or f"No choice takes more than {ALLOWED} times the best solver's time.")
    return bool(slow)


def compare(name, X, y, weight, C):
    """Print a row, and return the time of the choice over that of the best solver."""
    seconds = dict.fromkeys(SOLVERS, np.inf)
    for solver in solvers(X, SOLVERS):
        fit = measure(_ours(C, solver), X, y, weight, LIMIT, warm_up=True)
        seconds[solver] = np.inf if fit is None else fit.seconds
    with warnings.catch_warnings(category=ConvergenceWarning, action="ignore"):
        choice = BCEClassifier(C=C, max_iter=1).fit(X, y, sample_weight=weight).solver_
    ratio = seconds[choice] / min(seconds.values())
    cells = [duration(each) if each < np.inf else "" for each in seconds.values()]
    print(row([name, f"{C:g}", *cells, choice, times(ratio)]), flush=True)
    return ratio


def _ours(C, solver):
    return BCEClassifier(C=C, solver=solver, max_iter=10_000)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or list(DATA)))
