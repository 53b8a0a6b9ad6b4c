"""Ctrl-C while Numba compiles.

LLVM calls back into Python at its work, and an exception raised in there is lost, Ctrl-C included.
So Ctrl-C is noted while a kernel is compiled, and raised between two passes of the compiler.
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
def interrupts_between_passes():
    """Let Ctrl-C raise between the compiler's passes only, or at the end of the block."""
    handler = signal.getsignal(signal.SIGINT)
    if current_thread() is not main_thread() or not callable(handler):
        yield  # Ctrl-C raises in the main thread or not at all
        return
    interrupts = _Interrupts(handler)
    signal.signal(signal.SIGINT, interrupts.note)
    try:
        with install_listener("numba:run_pass", interrupts):
            yield
    finally:
        signal.signal(signal.SIGINT, handler)
        interrupts.pass_on()
