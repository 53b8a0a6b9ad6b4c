"""What a user waits for: the import, the first fit, one row's probability, a small fit.

    python benchmarks/first_fit.py

Each line is a median over a few fresh processes, or over many calls in turn. An empty cache is a
folder of its own in NUMBA_CACHE_DIR: compilation of all that a first fit needs.
"""

import os
import subprocess
import sys
import tempfile
from statistics import median
from time import perf_counter

import numpy as np
from report import commit, duration, machine, table, times, versions
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression

from sklearn_bce import BCEClassifier

_PROCESSES = 5
_CALLS = 15  # of everything in turn
_VISIT = 0.02  # seconds of calls at a time
_MANY_ROWS = 400_000

_PEER_IMPORT = "from sklearn.linear_model import LogisticRegression"
_IMPORT = "from sklearn_bce import BCEClassifier"
_DATA = (
    "from sklearn.datasets import load_breast_cancer; X, y = load_breast_cancer(return_X_y=True)"
)


def main():
    print(f"{machine()}; {versions()}; commit {commit()}\n")
    lines = [*imports(), *first_fits(), *predictions(), *small_fits()]
    print("\n".join(table(["", "ours", "LogisticRegression", "theirs / ours"], lines)))


def imports():
    beyond = seconds_of(_IMPORT, before=_PEER_IMPORT)
    theirs = seconds_of(_PEER_IMPORT)
    yield ["import; ours after scikit-learn's", duration(beyond), duration(theirs), ""]


def first_fits():
    """A fresh process each, the imports included."""
    peer = seconds_of(f"{_PEER_IMPORT}\n{_DATA}\nLogisticRegression().fit(X, y)")
    mine = f"{_IMPORT}\n{_DATA}\nBCEClassifier().fit(X, y)"
    for cache, runs in (("empty", 3), ("warm", _PROCESSES)):
        with tempfile.TemporaryDirectory() as folder:
            seconds = []
            if cache == "warm":
                seconds_of(mine, runs=1, cache=folder)
            for run in range(runs):
                place = folder if cache == "warm" else f"{folder}/{run}"
                seconds.append(seconds_of(mine, runs=1, cache=place))
        name = f"first fit in a process, imports included, {cache} cache"
        yield [name, duration(median(seconds)), duration(peer), times(peer / median(seconds))]


def predictions():
    X, y = load_breast_cancer(return_X_y=True)
    mine = BCEClassifier().fit(X, y)
    theirs = LogisticRegression(solver="newton-cholesky").fit(X, y)
    many = np.tile(X, (_MANY_ROWS // len(X) + 1, 1))[:_MANY_ROWS]
    for name, rows in (("predict_proba, one row", X[:1]), ("the same, 400,000 x 30", many)):
        yield [name, *in_turn(lambda: mine.predict_proba(rows), lambda: theirs.predict_proba(rows))]  # noqa: B023


def small_fits():
    """Ours beside the fastest of LogisticRegression's solvers, all with default settings."""
    X, y = load_breast_cancer(return_X_y=True)
    solvers = ["newton-cholesky", "liblinear"]
    calls = [lambda s=s: LogisticRegression(solver=s).fit(X, y) for s in solvers]
    yield ["default fit, 569 x 30", *in_turn(lambda: BCEClassifier().fit(X, y), *calls)]


def in_turn(mine, *theirs):
    """Cells with the median time of ours, the least of theirs, and their ratio."""
    calls = [mine, *theirs]
    seconds = [[] for _ in calls]
    for _ in range(_CALLS):
        for call, times_of_call in zip(calls, seconds, strict=True):
            end = perf_counter() + _VISIT
            while True:
                begin = perf_counter()
                call()
                times_of_call.append(perf_counter() - begin)
                if perf_counter() > end:
                    break
    ours, *others = map(median, seconds)
    return [duration(ours), duration(min(others)), times(min(others) / ours)]


def seconds_of(script, before="", runs=_PROCESSES, cache=None):
    """Median time that a fresh process takes for the script, without what comes before."""
    timed = f"{before}\nfrom time import perf_counter\nbegin = perf_counter()\n{script}\n"
    timed += "print(perf_counter() - begin)"
    environment = os.environ | ({"NUMBA_CACHE_DIR": cache} if cache else {})
    outputs = [
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", timed],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for _ in range(runs)
    ]
    return median(map(float, outputs))


if __name__ == "__main__":
    main()
