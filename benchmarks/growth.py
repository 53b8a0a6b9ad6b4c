"""Growth: seconds a row as rows are added, and as columns are.

    python benchmarks/growth.py [--most-rows 10_000_000]

Made-up data in float32: correlated columns of different scales, labels drawn from a logistic model.
Rows at 50 columns, from 10^5 up as memory allows; columns from 10 to 2,000 at 2 * 10^7 entries.
BCEClassifier with its default settings beside LogisticRegression(solver="newton-cholesky") at the
loosest tolerance that is within 1e-6 of ours, up to the sizes that it can take in 30 seconds.
Writes growth.png beside this file.
"""

import argparse
from pathlib import Path

import numpy as np
from entrants import DECADES, ours, scikit_learn
from exact import Exact
from measure import Worker, fit_for, measure
from report import commit, duration, machine, read_bandwidth, table, times, versions

PICTURE = Path(__file__).with_name("growth.png")
LIMIT = 30.0  # seconds of one fit of the peer
CLOSE = 1e-6
ENTRIES = 20_000_000
N_FEATURES = 50
ROWS = (100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
FEATURES = (10, 30, 100, 300, 1_000, 2_000)
PEER = "newton-cholesky"
_BLOCK = 100_000


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--most-rows", type=int, default=ROWS[-1])
    parser.add_argument("--without-peer", action="store_true")
    options = parser.parse_args()
    rows = [n for n in ROWS if n <= options.most_rows]
    print(f"{machine()}; {versions()}; commit {commit()}\n")
    peer = not options.without_peer
    curves = {
        "rows": compare([(n, N_FEATURES) for n in rows], peer),
        "columns": compare([(ENTRIES // p, p) for p in FEATURES], peer),
    }
    picture(curves)


def compare(shapes, with_peer):
    """Print a table; return (shape, our seconds, the peer's seconds or nan) of every shape."""
    bandwidth, curve = read_bandwidth(), []
    for shape in shapes:
        X, y = made_up(*shape)
        mine = measure(ours(1.0, 1e-8), X, y, None, 300.0, warm_up=True)
        theirs = np.nan
        if with_peer and (not curve or np.isfinite(curve[-1][2])):
            theirs = peer_seconds(X, y, mine.estimator)
        curve.append((shape, mine.seconds if mine else np.nan, theirs))
    lines = [
        [
            " x ".join(f"{n:,}" for n in shape),
            duration(seconds),
            f"{1e9 * seconds / shape[0]:.3g} ns",
            f"{seconds * bandwidth / (4.0 * np.prod(shape)):.2g}",
            times(theirs / seconds) if np.isfinite(theirs) else "-",
        ]
        for shape, seconds, theirs in curve
    ]
    print("\n".join(table(["X", "ours", "a row", "in readings", PEER], lines)) + "\n", flush=True)
    return curve


def peer_seconds(X, y, mine):
    """Least time of the peer to be as good as ours; nan if that takes too long.

    With one thread, and with all at the tolerance that is needed.
    """
    exact = Exact(X, y, None, 1.0)
    least = exact.value(mine.coef_[0], mine.intercept_[0])
    worker = Worker(X, y)
    try:
        for tol in DECADES:
            peer = scikit_learn(1.0, tol, solver=PEER)
            fits = worker.ask(fit_for, peer, 0.0, 1, limit=LIMIT)
            if not isinstance(fits, list):
                break
            value = exact.value(fits[0].estimator.coef_[0], fits[0].estimator.intercept_[0])
            if value <= least * (1.0 + CLOSE):
                fits += worker.ask(fit_for, peer, limit=LIMIT) or []
                return min(fit.seconds for fit in fits)
    finally:
        worker.close()
    return np.nan


def made_up(n_rows, n_features):
    """(X, y) with three correlated groups of columns whose scales go from 0.1 to 10."""
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(3, n_features))
    scale = 10.0 ** rng.uniform(-1.0, 1.0, n_features)
    coef = rng.normal(size=n_features) / np.sqrt(n_features)
    X = np.empty((n_rows, n_features), dtype=np.float32)
    y = np.empty(n_rows, dtype=bool)
    for start in range(0, n_rows, _BLOCK):
        block = X[start : start + _BLOCK]
        standard = rng.standard_normal(block.shape, dtype=np.float32)
        standard += rng.standard_normal((len(block), 3)) @ mixing
        logits = standard @ coef - 1.0
        y[start : start + _BLOCK] = rng.logistic(size=len(block)) < logits
        block[:] = standard * scale
    return X, y


def picture(curves):
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    for ax, (what, curve), position in zip(axes, curves.items(), (0, 1), strict=True):
        sizes = [shape[position] for shape, _, _ in curve]
        unit = [1e9 / shape[0] if position == 0 else 1.0 for shape, _, _ in curve]
        for label, which, style in (("BCEClassifier", 1, "k-D"), (PEER, 2, "C0--o")):
            ax.plot(
                sizes,
                [each[which] * factor for each, factor in zip(curve, unit, strict=True)],
                style,
                label=label,
            )
        ax.set(xscale="log", xlabel=what)
        ax.grid(alpha=0.3)
    axes[0].set(title=f"{N_FEATURES} columns", ylabel="nanoseconds a row", ylim=(0, None))
    axes[1].set(title=f"{ENTRIES:,} entries", ylabel="seconds", yscale="log")
    axes[0].legend()
    figure.savefig(PICTURE, dpi=150)
    plt.close(figure)


if __name__ == "__main__":
    main()
