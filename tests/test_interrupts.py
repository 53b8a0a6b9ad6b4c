"""Ctrl-C while a kernel is compiled, where an exception in a callback from C is lost."""

import ctypes
import os
import signal
import sys
import threading

import pytest
from numba import config
from numba.core.event import Listener, install_listener

from sklearn_bce._kernels.interrupts import interrupts_between_passes
from sklearn_bce._kernels.jit import jit

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals"),
    pytest.mark.usefixtures("control_c"),
]


@ctypes.CFUNCTYPE(None)
def control_c_in_a_callback():
    os.kill(os.getpid(), signal.SIGINT)


class ControlC(Listener):
    def on_start(self, event):
        control_c_in_a_callback()

    def on_end(self, event):
        pass


def test_without_the_block_the_interrupt_is_lost(monkeypatch):
    lost = []
    monkeypatch.setattr(sys, "unraisablehook", lambda report: lost.append(report.exc_type))
    control_c_in_a_callback()
    assert lost == [KeyboardInterrupt]


def test_within_the_block_it_is_raised_at_the_end():
    handler, done = signal.getsignal(signal.SIGINT), []
    with pytest.raises(KeyboardInterrupt), interrupts_between_passes(), interrupts_between_passes():
        control_c_in_a_callback()
        done.append(True)
    assert done and signal.getsignal(signal.SIGINT) is handler


@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is compiled")
@pytest.mark.parametrize("event", ["numba:compile", "numba:run_pass"])
def test_an_interrupted_kernel_is_compiled_at_the_next_call(event):
    @jit
    def outer(x):
        return inner(x) + 1.0

    @jit
    def inner(x):
        return 2.0 * x

    handler = signal.getsignal(signal.SIGINT)
    with install_listener(event, ControlC()), pytest.raises(KeyboardInterrupt):
        outer(3.0)
    assert signal.getsignal(signal.SIGINT) is handler
    assert not outer.signatures
    assert outer(3.0) == 7.0


def test_other_threads_and_ignored_interrupts_are_left_alone():
    handlers = []

    def note():
        with interrupts_between_passes():
            handlers.append(signal.getsignal(signal.SIGINT))

    handler = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=note)
    thread.start()
    thread.join()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        note()
    finally:
        signal.signal(signal.SIGINT, handler)
    assert handlers == [handler, signal.SIG_IGN]
