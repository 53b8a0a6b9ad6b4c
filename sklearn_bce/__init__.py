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
    "loss",
    "metrics",
    "model_selection",
]


def __getattr__(name):
    if name in ("loss", "metrics", "model_selection"):  # only when asked for: they take time
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
