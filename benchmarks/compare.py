"""Two commits, side by side: BCEClassifier with default settings on a few data sets.

    python benchmarks/compare.py COMMIT_A COMMIT_B [name of a data set ...] [--tol TOL]

Each commit is unpacked into a folder of its own; a folder may be given in its place. Fits alternate
between the two. "B / A" is the median over the rounds of the ratio of their times, with its
quartiles; below 1 B is faster. "F" is how far B's objective is above A's, relative.
"""

import argparse
import subprocess
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path
from statistics import median
from time import perf_counter

import datasets
import numpy as np
from exact import Exact
from measure import Worker
from passes import count_passes
from report import duration, geometric_mean, machine, table, versions

DATA = ("breast_cancer_raw", "digits", "spam", "flights_dense", "newsgroups", "flights_one_hot")
ROUNDS = 9
_VISIT = 0.05  # seconds of fits in a row
_LIMIT = 300.0
COLUMNS = ["data", "A", "B", "B / A", "quartiles", "readings of A", "of B", "F"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("commits", nargs=2, metavar="COMMIT", help="or a folder")
    parser.add_argument("names", nargs="*", default=DATA, metavar="name", help="data sets")
    parser.add_argument("--tol", type=float, default=1e-8)
    parser.add_argument("--solver", default="auto")
    options = parser.parse_args()
    settings = {"tol": options.tol, "solver": options.solver}
    print(f"{machine()}; {versions()}; A = {options.commits[0]}, B = {options.commits[1]}\n")
    with tempfile.TemporaryDirectory() as place:
        folders = [unpacked(c, Path(place, str(k))) for k, c in enumerate(options.commits)]
        rows, ratios = [], []
        for name in options.names:
            try:
                X, y, *weight = getattr(datasets, name)()
            except datasets.Unavailable as error:
                print(f"{name}: skipped, {error}", flush=True)
                continue
            cells, ratio = compare(folders, X, y, weight[0] if weight else None, settings)
            rows.append([name, *cells])
            ratios.append(ratio)
    print("\n".join(table(COLUMNS, rows)))
    print(f"\nGeometric mean of B / A: {geometric_mean(ratios):.3g}")


def compare(folders, X, y, weight, settings):
    """Return the cells of one data set and its ratio."""
    workers = [Worker(X, y, weight, folder=folder) for folder in folders]
    try:
        for worker in workers:
            answered(worker, fit_ours, settings, 0.0)  # compiles
        seconds, points = [[], []], [None, None]
        for _ in range(ROUNDS):
            for k, worker in enumerate(workers):
                visit, points[k] = answered(worker, fit_ours, settings, _VISIT)
                seconds[k].append(median(visit))
        passes = [sum(answered(worker, count_ours, settings).values()) for worker in workers]
    finally:
        for worker in workers:
            worker.close()
    exact = Exact(X, y, weight, 1.0)
    values = [exact.value(*point) for point in points]
    a, b = np.array(seconds)
    low, ratio, high = np.quantile(b / a, [0.25, 0.5, 0.75])
    above = float((values[1] - values[0]) / values[0])
    cells = [duration(median(a)), duration(median(b)), f"{ratio:.3f}", f"{low:.3f} to {high:.3f}"]
    return [*cells, *(f"{count:.3g}" for count in passes), f"{above:+.0e}"], ratio


def answered(worker, task, *arguments):
    answer = worker.ask(task, *arguments, limit=_LIMIT)
    if isinstance(answer, Exception):
        raise answer
    if answer is None:
        raise RuntimeError(f"no answer within {_LIMIT:g} s, or the process died")
    return answer


# The worker's own copy of the package is meant below, so it is imported there.


def fit_ours(X, y, weight, settings, seconds):
    """Return the times of the fits and (coef, intercept)."""
    from sklearn_bce import BCEClassifier

    estimator, times = BCEClassifier(**settings), []
    while not times or sum(times) < seconds:
        begin = perf_counter()
        estimator.fit(X, y, sample_weight=weight)
        times.append(perf_counter() - begin)
    return times, (estimator.coef_[0], estimator.intercept_[0])


def count_ours(X, y, weight, settings):
    from sklearn_bce import BCEClassifier

    return count_passes(X, y, weight, BCEClassifier(**settings))


def unpacked(commit, folder):
    """The package at a commit, in a folder."""
    if Path(commit).is_dir():
        return Path(commit).resolve()
    top = Path(__file__).resolve().parents[1]
    command = ["git", "-C", str(top), "archive", commit, "sklearn_bce"]
    archive = subprocess.run(command, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=BytesIO(archive)) as tar:
        tar.extractall(folder, filter="data")
    return folder


if __name__ == "__main__":
    main()
