"""The threads of a fit: how many, who does what, and BLAS kept to one of them.

Sums over rows are shared out among the threads in parts that depend on the data alone, and added
up in the order of the parts. So the coefficients are the same, to the last bit, for every number
of threads. BLAS and LAPACK keep no such promise: while a fit runs they have one thread. That limit
belongs to the whole process, and fits may run side by side: the first one sets it, the last one
lifts it.
"""

import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import copy_context
from functools import cache
from threading import Lock

import numba
from threadpoolctl import ThreadpoolController

_lock = Lock()
_running = 0
_limit = None
_blas_threads = 1  # before the limit


class Team:
    """A pool of threads that is started when it is first needed."""

    def __init__(self, size=1):
        self.size = size
        self._pool = None

    def map(self, task, parts):
        """Return [task(*part) for part in parts], worked out by all threads.

        A task may call `map` itself: whoever waits for parts works on them too.
        """
        n_helpers = min(self.size, len(parts)) - 1
        if n_helpers <= 0:
            return [task(*part) for part in parts]
        results = [None] * len(parts)
        todo = deque(enumerate(parts))

        def work():
            try:
                while (numbered := _next(todo)) is not None:
                    index, part = numbered
                    results[index] = task(*part)
            finally:
                todo.clear()  # after an error, nobody begins another part

        helpers = [self._submit(work) for _ in range(n_helpers)]
        try:
            work()
        finally:
            # One that has not begun has nothing left to do, and may never begin.
            begun = [helper for helper in helpers if not helper.cancel()]
            wait(begun)
            task = None  # which the others would keep, with its data, until a thread meets them
        for helper in begun:
            helper.result()
        return results

    def _submit(self, work):
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.size - 1)
        return self._pool.submit(copy_context().run, work)  # NumPy's error state comes along

    def close(self):
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


ALONE = Team()


def _next(queue):
    """Take the first element, or None where other threads have taken all."""
    try:
        return queue.popleft()
    except IndexError:
        return None


@cache
def _controller():
    return ThreadpoolController()  # looks through all loaded libraries: once is enough


def _forget():
    """In a forked child no fit is running, whatever the parent's threads were at."""
    global _lock, _running
    _lock = Lock()
    if _running:
        _running = 0
        _limit.restore_original_limits()


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
            team.close()


@contextmanager
def _one_blas_thread():
    global _running, _limit, _blas_threads
    with _lock:
        if _running == 0:
            _blas_threads = _count_blas_threads()  # takes as long as a small fit
            _limit = _controller().limit(limits=1, user_api="blas")
        _running += 1
        share = _blas_threads // _running
    try:
        yield share
    finally:
        with _lock:
            _running -= 1
            if _running == 0:
                _limit.restore_original_limits()


def _count_blas_threads():
    libraries = _controller().lib_controllers
    counts = [each.num_threads for each in libraries if each.user_api == "blas"]
    return min(counts) if counts else os.cpu_count()


def _numba_threads():
    try:
        numba.threading_layer()
    except ValueError:  # not started, and to ask for the number of its threads would start it
        return numba.config.NUMBA_NUM_THREADS
    return numba.get_num_threads()
