"""BLAS and LAPACK on one thread while a fit runs.

Their sums depend on the number of threads, and so would the last digits of the coefficients; and a
pool of spinning threads beside other busy processes makes small factorisations slow. The limit
belongs to the whole process, and fits may run side by side: the first one sets it, the last one
lifts it.
"""

import os
from contextlib import contextmanager
from functools import cache
from threading import Lock

from threadpoolctl import ThreadpoolController

_lock = Lock()
_running = 0
_limit = None


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
def one_blas_thread():
    """Limit BLAS to one thread until the last of the overlapping blocks is left."""
    global _running, _limit
    with _lock:
        if _running == 0:
            _limit = _controller().limit(limits=1, user_api="blas")
        _running += 1
    try:
        yield
    finally:
        with _lock:
            _running -= 1
            if _running == 0:
                _limit.restore_original_limits()
