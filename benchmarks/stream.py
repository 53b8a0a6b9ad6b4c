"""One pass over a stream, part by part: BCEClassifier.partial_fit and scikit-learn's SGDClassifier.

    python benchmarks/stream.py [name of a stream ...]

Both learn the same rows in the same order, once, 1,000 a call; and again 10,000 a call, which both
do in less time. "log loss" is that of rows held out, a fifth, after the pass of 1,000 a call;
"batch" is the fit of all rows to the optimum, which a single pass only beats where it is better to
stop early. Both run with default settings, SGDClassifier also averaged and with the penalty that
ours has. "rows / s" is that of the best of some passes, which take turns.
BLAS has one thread: with two, SGDClassifier keeps the other one waiting, and is no faster for it.

The exit status is 1 if ours takes fewer rows a second than the fastest SGDClassifier, or has a
larger log loss than the best of them.
"""

import sys
from time import perf_counter

import datasets
import numpy as np
from report import number, row, state
from sklearn.base import clone
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from sklearn_bce import BCEClassifier

PARTS = (1_000, 10_000)  # rows of a call
PASSES = 5
COLUMNS = ["stream", "estimator", "log loss", "above batch"]
COLUMNS += [f"rows / s, {part:,} a call" for part in PARTS] + ["ratios"]


def flights():
    """Late arrivals: 57 unscaled columns, from 0 and 1 to thousands of miles."""
    return datasets.flights_dense()


def flights_scaled():
    """The same, standardised, as a stream rarely is."""
    X, y = datasets.flights_dense()
    return StandardScaler().fit_transform(X), y


def flights_one_hot():
    """The same with every category a column: sparse."""
    return datasets.flights_one_hot()


def paragraphs():
    """170,000 short pieces of newsgroup texts, words hashed to 262,144 columns."""
    return datasets.newsgroup_paragraphs()


STREAMS = {each.__name__: each for each in (flights, flights_scaled, flights_one_hot, paragraphs)}


def main(names):
    unknown = [name for name in names if name not in STREAMS]
    if unknown:
        return f"There is no stream {', '.join(unknown)}, but {', '.join(STREAMS)}."
    print(state(), row(COLUMNS), row(["---"] * len(COLUMNS)), sep="\n", flush=True)
    failures = []
    for name in names:
        try:
            X, y = STREAMS[name]()
        except datasets.Unavailable as error:
            print(row([name, f"skipped: {error}", *[""] * 5]), flush=True)
            continue
        failures += compare(name, X, y.astype(int))
    print()
    print("\n".join(failures) or "Ours is ahead in rows a second and in log loss on every stream.")
    return bool(failures)


def compare(name, X, y):
    """Print the rows of one stream; return what is wrong with ours, a line each."""
    order = np.random.default_rng(0).permutation(len(y))
    n = 4 * len(y) // 5
    X_test, y_test = X[order[n:]], y[order[n:]]
    X, y = X[order[:n]], y[order[:n]]
    batch = log_loss(y_test, BCEClassifier(tol=1e-6).fit(X, y).predict_proba(X_test))
    alpha = 1.0 / n
    contestants = {
        "ours": BCEClassifier(),
        "SGDClassifier": SGDClassifier(loss="log_loss"),
        "SGDClassifier, average": SGDClassifier(loss="log_loss", average=True),
        "SGDClassifier, C=1": SGDClassifier(loss="log_loss", alpha=alpha),
        "SGDClassifier, C=1, average": SGDClassifier(loss="log_loss", alpha=alpha, average=True),
    }
    rates = {}
    for part in PARTS[::-1]:  # what the first ones have learned is looked at
        seconds = {label: [] for label in contestants}
        for _ in range(PASSES):
            for label, estimator in contestants.items():
                contestants[label] = learned = clone(estimator)
                seconds[label].append(one_pass(learned.set_params(random_state=0), X, y, part))
        rates[part] = {label: n / min(each) for label, each in seconds.items()}
    found = {
        label: log_loss(y_test, estimator.predict_proba(X_test))
        for label, estimator in contestants.items()
    }
    print(row([f"{name} {n} x {X.shape[1]}", "batch", f"{batch:.4f}", *[""] * 4]))
    for label in contestants:
        above = number(max(found[label] / batch - 1.0, 0.0))
        speeds = [f"{rates[part][label]:.3g}" for part in PARTS]
        ratios = " and ".join(f"{each[label] / each['ours']:.2g}" for each in map(rates.get, PARTS))
        print(row([name, label, f"{found[label]:.4f}", above, *speeds, ratios]), flush=True)
    theirs = [label for label in contestants if label != "ours"]
    failures = []
    for part, each in rates.items():
        if each["ours"] < max(each[label] for label in theirs):
            failures.append(f"{name}, {part:,} a call: fewer rows a second than their fastest")
    if found["ours"] > min(found[label] for label in theirs):
        failures.append(f"{name}: a larger log loss than the best of theirs")
    return failures


def one_pass(estimator, X, y, part):
    """Learn all rows once, and return the seconds it took."""
    begin = perf_counter()
    with threadpool_limits(1, user_api="blas"):
        for start in range(0, len(y), part):
            estimator.partial_fit(X[start : start + part], y[start : start + part], classes=[0, 1])
    return perf_counter() - begin


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or list(STREAMS)))
