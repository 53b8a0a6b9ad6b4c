"""scikit-learn estimators for the binary cross-entropy family."""

from importlib import import_module

from ._binary import BCEClassifier
from ._exceptions import SeparationWarning
from ._one_vs_rest import OneVsRestBCEClassifier

__version__ = "0.1.0"
__all__ = [
    "BCEClassifier",
    "OneVsRestBCEClassifier",
    "SeparationWarning",
    "callbacks",
    "display",
    "loss",
    "metrics",
    "model_selection",
]


def __getattr__(name):
    # Only when asked for: they bring Numba and more of scikit-learn.
    if name in ("callbacks", "display", "loss", "metrics", "model_selection"):
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
