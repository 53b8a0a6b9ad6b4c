"""Fit an estimator in a process of its own, a few times, under a time limit.

A fit that hangs, or takes a day, is ended. Whatever it left in memory, threads or caches does not
touch the next one.
"""

import multiprocessing
import warnings
from statistics import median
from time import perf_counter, process_time
from typing import NamedTuple

_MAX_RUNS = 5
_ENOUGH = 2.0  # seconds of fitting after which the median is good enough
_START_LIMIT = 300.0  # for starting the process, and compiling


class Measured(NamedTuple):
    """A fitted estimator, the categories of its warnings, and the medians over its fits."""

    estimator: object
    warnings: list
    seconds: float
    cpu_seconds: float  # of all threads; they do not grow when the machine has other work


def measure(estimator, X, y, weight, limit, warm_up=False):
    """Return Measured, or None if no fit ended within ``limit`` seconds.

    ``warm_up`` is for estimators that compile: one fit before, which neither counts nor is limited.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["sklearn.linear_model", "sklearn_bce._fit"])
    ours, theirs = context.Pipe()
    arguments = (theirs, estimator, X, y, weight, warm_up)
    process = context.Process(target=_fit_and_send, args=arguments, daemon=True)
    process.start()
    theirs.close()
    try:
        return _receive(ours, limit)
    finally:
        process.kill()
        process.join()


def _receive(connection, limit):
    if not connection.poll(_START_LIMIT):
        return None
    fits = [connection.recv()][1:]  # the first message says that the fits begin
    end = perf_counter() + limit
    while connection.poll(max(0.0, end - perf_counter())):
        try:
            fits.append(connection.recv())
        except EOFError:
            break
    if not fits:
        return None
    estimator, names, _, _ = fits[-1]
    _, _, seconds, cpu_seconds = zip(*fits, strict=True)
    return Measured(estimator, names, median(seconds), median(cpu_seconds))


def _fit_and_send(connection, estimator, X, y, weight, warm_up):
    if warm_up:
        _timed_fit(estimator, X, y, weight)
    connection.send("ready")
    spent = 0.0
    for _ in range(_MAX_RUNS):
        names, seconds, cpu_seconds = _timed_fit(estimator, X, y, weight)
        connection.send((estimator, names, seconds, cpu_seconds))
        spent += seconds
        if spent > _ENOUGH:
            break
    connection.close()


def _timed_fit(estimator, X, y, weight):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        begin, cpu_begin = perf_counter(), process_time()
        estimator.fit(X, y, sample_weight=weight)
        seconds, cpu_seconds = perf_counter() - begin, process_time() - cpu_begin
    return sorted({warning.category.__name__ for warning in caught}), seconds, cpu_seconds
