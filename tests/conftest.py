"""Fixtures that several files share."""

import signal

import pytest

from sklearn_bce._kernels import jit


@pytest.fixture
def control_c():
    """Let Ctrl-C interrupt as in a terminal: what a shell starts in the background ignores it."""
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, handler)


@pytest.fixture
def no_cache(monkeypatch):
    """Let every kernel that is made be compiled here and now."""

    def refuse(function):
        raise OSError("no cache")

    monkeypatch.setattr(jit, "_KernelCache", refuse)
