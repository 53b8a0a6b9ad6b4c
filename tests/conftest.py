"""Fixtures that several files share."""

import signal

import pytest


@pytest.fixture
def control_c():
    """Let Ctrl-C interrupt as in a terminal: what a shell starts in the background ignores it."""
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, handler)
