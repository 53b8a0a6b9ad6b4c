"""Ctrl-C where an exception would be lost, or leave a lock behind.

LLVM calls back into Python at its work, and an exception raised in there is lost, Ctrl-C included.
So Ctrl-C is noted while a kernel is compiled, and raised between two passes of the compiler; while
threads are started or ended, after that.
"""

import signal
from contextlib import contextmanager
from threading import current_thread, main_thread

from numba.core.event import Listener, install_listener


class _Interrupts(Listener):
    def __init__(self, handler):
        self._handler = handler
        self._noted = []

    def note(self, *interrupt):
        self._noted.append(interrupt)

    def pass_on(self, _event=None):
        if self._noted and current_thread() is main_thread():
            self._handler(*self._noted.pop())

    on_start = on_end = pass_on


@contextmanager
def interrupts_deferred():
    """Let Ctrl-C raise at the end of the block; yield what notes it, or None where none comes."""
    handler = signal.getsignal(signal.SIGINT)
    if current_thread() is not main_thread() or not callable(handler):
        yield None  # Ctrl-C raises in the main thread or not at all
        return
    interrupts = _Interrupts(handler)
    signal.signal(signal.SIGINT, interrupts.note)
    try:
        yield interrupts
    finally:
        signal.signal(signal.SIGINT, handler)
        interrupts.pass_on()


@contextmanager
def interrupts_between_passes():
    """Let Ctrl-C raise between the compiler's passes only, or at the end of the block."""
    with interrupts_deferred() as interrupts:
        if interrupts is None:
            yield
            return
        with install_listener("numba:run_pass", interrupts):
            yield
