"""Fit estimators in processes of their own, under a time limit.

A fit that hangs, or takes a day, is ended. Whatever it left in memory, threads or caches does not
touch the next one.
"""

import multiprocessing
import sys
import warnings
from contextlib import contextmanager, nullcontext
from statistics import median
from time import perf_counter, process_time
from typing import NamedTuple

from threadpoolctl import threadpool_limits

_MAX_RUNS = 5
_ENOUGH = 2.0  # seconds of fitting after which the median is good enough
_START_LIMIT = 200.0  # for starting the process, and again for compiling


class Measured(NamedTuple):
    """A fitted estimator, the categories of its warnings, and the medians over its fits."""

    estimator: object
    warnings: list
    seconds: float
    cpu_seconds: float  # of all threads; they do not grow when the machine has other work


class Worker:
    """A process that has the data, and works out what it is asked for.

    It is started when it is first needed, and again after it had to be ended. Each time it first
    fits ``warm_up``, an estimator that compiles. ``folder`` is where it looks for packages first.
    """

    def __init__(self, X, y, weight=None, warm_up=None, folder=None):
        self.data = X, y, weight
        self.warm_up = warm_up
        self.folder = folder
        self._process = None

    def ask(self, task, *arguments, limit):
        """Return ``task(X, y, weight, *arguments)``, or None if that took more than ``limit`` s.

        An error of the task comes back as the exception itself.
        """
        try:
            self.start()
            self._connection.send((task, arguments))
            if self._connection.poll(limit):
                return self._connection.recv()
        except (EOFError, OSError):  # it did not start, or died, of a lack of memory for example
            pass
        self.close()
        return None

    def close(self):
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None

    def start(self):
        """Start the process, if it does not run."""
        if self._process is not None:
            return
        context = multiprocessing.get_context("spawn" if self.folder else "forkserver")
        if not self.folder:
            context.set_forkserver_preload(["sklearn.linear_model", "sklearn_bce._fit"])
        self._connection, theirs = context.Pipe()
        arguments = (theirs, *self.data)
        process = context.Process(target=_work, args=arguments, daemon=True)
        with _first_on_path(self.folder):
            process.start()
        self._process = process
        theirs.close()
        self._answer("to start")
        if self.warm_up is not None:
            self._connection.send((fit_for, (self.warm_up,)))
            self._answer("for a first fit")

    def _answer(self, what):
        if not self._connection.poll(_START_LIMIT):
            raise TimeoutError(f"more than {_START_LIMIT:g} s {what}")
        return self._connection.recv()


@contextmanager
def _first_on_path(folder):
    """A process that is spawned takes the path over."""
    path = sys.path.copy()
    sys.path[:0] = [str(folder)] if folder else []
    try:
        yield
    finally:
        sys.path[:] = path


def _work(connection, X, y, weight):
    connection.send("ready")
    while True:
        task, arguments = connection.recv()
        try:
            answer = task(X, y, weight, *arguments)
        except Exception as error:
            answer = error
        connection.send(answer)


def fit_for(X, y, weight, estimator, seconds=0.0, threads=None):
    """Fit once, and then again until ``seconds`` are over; return a list of Measured.

    ``threads`` limits those of BLAS and OpenMP.
    """
    fits, spent = [], 0.0
    with nullcontext() if threads is None else threadpool_limits(threads):
        while not fits or spent < seconds:
            fits.append(_fit(X, y, weight, estimator))
            spent += fits[-1].seconds
    return fits


def measure(estimator, X, y, weight, limit, warm_up=False, threads=None):
    """Return Measured, or None if no fit ended within ``limit`` seconds.

    ``warm_up`` is for estimators that compile: one fit before, which neither counts nor is limited.
    ``threads`` limits those of BLAS and OpenMP.
    """
    worker = Worker(X, y, weight, warm_up=estimator if warm_up else None)
    fits, spent = [], 0.0
    try:
        worker.start()
        end = perf_counter() + limit
        while len(fits) < _MAX_RUNS and spent <= _ENOUGH:
            left = max(0.0, end - perf_counter())
            answer = worker.ask(fit_for, estimator, 0.0, threads, limit=left)
            if not isinstance(answer, list):
                break
            fits += answer
            spent += answer[0].seconds
    except OSError:  # TimeoutError is one
        pass
    finally:
        worker.close()
    if not fits:
        return None
    return fits[-1]._replace(
        seconds=median(fit.seconds for fit in fits),
        cpu_seconds=median(fit.cpu_seconds for fit in fits),
    )


def _fit(X, y, weight, estimator):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        begin, cpu_begin = perf_counter(), process_time()
        estimator.fit(X, y, sample_weight=weight)
        seconds, cpu_seconds = perf_counter() - begin, process_time() - cpu_begin
    names = sorted({warning.category.__name__ for warning in caught})
    return Measured(estimator, names, seconds, cpu_seconds)
