"""The threads of a fit: how many, who does what, and BLAS kept to one of them.

Sums over rows are shared out among the threads in parts that depend on the data alone, and added
up in the order of the parts. So the coefficients are the same, to the last bit, for every number
of threads. BLAS and LAPACK keep no such promise: while a fit runs they have one thread. That limit
belongs to the whole process, and fits may run side by side: the first one sets it, the last one
lifts it.
"""

import os
from collections import deque
from contextlib import contextmanager
from contextvars import copy_context
from functools import cache, partial
from operator import itemgetter
from queue import SimpleQueue
from threading import Lock, Thread

import numba
from threadpoolctl import ThreadpoolController

from ._kernels.interrupts import interrupts_deferred

_HELPER = "sklearn_bce"  # and a number: the names of the threads

_lock = Lock()
_running = set()  # a token for each fit
_limited = []  # (library, threads before the limit) for each BLAS
_blas_threads = 1  # before the limit


class Team:
    """Threads that are started when they are first needed.

    Not a ThreadPoolExecutor, whose locks are held by Python code: an exception from outside, as
    Ctrl-C raises it, may leave one locked, and all threads waiting for it. Here they share nothing
    but queues that are written in C. To start and to end a thread takes such locks as well: Ctrl-C
    waits until that is done.
    """

    def __init__(self, size=1):
        self.size = size
        self._jobs = None
        self._helpers = []

    def map(self, task, parts):
        """Return [task(*part) for part in parts], worked out by all threads.

        A task may call `map` itself: whoever waits for parts works on them too.
        """
        n_helpers = min(self.size, len(parts)) - 1
        if n_helpers <= 0:
            return [task(*part) for part in parts]
        self._start()
        job = _Job(task, parts)
        try:
            for _ in range(n_helpers):
                self._jobs.put(partial(copy_context().run, job.work))  # with NumPy's error state
            job.work()
            return job.results()
        finally:
            job.forget()

    def _start(self):
        if self._jobs is not None:
            return
        with interrupts_deferred():
            self._jobs = SimpleQueue()
            for k in range(self.size - 1):
                name, jobs = f"{_HELPER}_{k}", (self._jobs,)
                helper = Thread(target=_help, args=jobs, name=name, daemon=True)
                helper.start()
                self._helpers.append(helper)

    def close(self):
        """End the threads."""
        if self._jobs is None:
            return
        with interrupts_deferred():
            self._jobs.put(None)
            while self._helpers:
                self._helpers.pop().join()
            self._jobs = None


class _Job:
    """A task and its parts, each of which some thread takes, works on and answers, once."""

    def __init__(self, task, parts):
        self._task = task
        self._todo = deque(enumerate(parts))
        self._answers = SimpleQueue()
        self._n_parts = len(parts)

    def work(self):
        """Work on parts until all are taken."""
        task = self._task
        while (numbered := _next(self._todo)) is not None:
            index, part = numbered
            result = error = None
            try:
                result = task(*part)
            except BaseException as caught:
                error = caught
                self._skip()
            self._answers.put((index, result, error))
            del result, error

    def _skip(self):
        """Answer for the parts that nobody has taken."""
        while (numbered := _next(self._todo)) is not None:
            self._answers.put((numbered[0], None, None))

    def results(self):
        """Return the results in the order of the parts; raise the first error, if any."""
        answers = sorted((self._answers.get() for _ in range(self._n_parts)), key=itemgetter(0))
        errors = [error for _, _, error in answers if error is not None]
        if errors:
            del answers  # an error keeps this frame alive, so the frame must not keep the error
            raise errors.pop(0)
        return [result for _, result, _ in answers]

    def forget(self):
        """Drop the parts that nobody has taken, and the task, which holds the data.

        A thread that has been busy elsewhere may come upon this much later.
        """
        self._todo.clear()
        self._task = None


def _help(jobs):
    """Do one job after the other until there is None, which is passed on to the next helper."""
    while (job := jobs.get()) is not None:
        job()
        del job
    jobs.put(None)


ALONE = Team()


def _next(queue):
    """Take the first element, or None where other threads have taken all."""
    try:
        return queue.popleft()
    except IndexError:
        return None


def _forget():
    """In a forked child no fit is running, whatever the parent's threads were at."""
    global _lock
    _lock = Lock()
    _running.clear()
    _lift()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


@contextmanager
def team_of_a_fit():
    """The Team for one fit, with BLAS limited to one thread until all such blocks are left.

    It has as many threads as both Numba and BLAS may use, shared with the fits that already run.
    """
    with _one_blas_thread() as allowed:
        team = Team(max(1, min(_numba_threads(), allowed)))
        try:
            yield team
        finally:
            _surely(team.close)


@contextmanager
def _one_blas_thread():
    fit = object()
    try:  # Ctrl-C may come between any two lines
        yield _enter(fit)
    finally:
        _surely(_leave, fit)


def _surely(action, *arguments):
    """Do what may be done twice; where Ctrl-C breaks it off, do it again before that goes on."""
    try:
        action(*arguments)
    except BaseException:
        action(*arguments)
        raise


def _enter(fit):
    """Limit BLAS if nobody has; return how many threads the fit may have."""
    global _blas_threads
    with _lock:
        if not _running:
            _lift()  # what a fit that was broken off here has left
            _limited.extend((library, library.num_threads) for library in _blas_libraries())
            _blas_threads = _count_blas_threads()
            for library, _ in _limited:
                library.set_num_threads(1)
        _running.add(fit)
        return _blas_threads // len(_running)


def _leave(fit):
    """Lift the limit if nobody else is running."""
    with _lock:
        _running.discard(fit)
        if not _running:
            _lift()


def _lift():
    for library, n_threads in _limited:
        library.set_num_threads(n_threads)
    _limited.clear()


@cache
def _blas_libraries():
    """Controls of every BLAS that is loaded; to look through all libraries once is enough."""
    return ThreadpoolController().select(user_api="blas").lib_controllers


def _count_blas_threads():
    counts = [library.num_threads for library in _blas_libraries()]
    return min(counts) if counts else os.cpu_count()


def _numba_threads():
    try:
        numba.threading_layer()
    except ValueError:  # not started, and to ask for the number of its threads would start it
        return numba.config.NUMBA_NUM_THREADS
    return numba.get_num_threads()
