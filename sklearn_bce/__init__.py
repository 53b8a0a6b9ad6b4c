"""scikit-learn estimators for the binary cross-entropy family."""

from importlib import import_module

from ._binary import BCEClassifier
from ._cv import BCEClassifierCV
from ._exceptions import InconsistentVersionWarning, SeparationWarning
from ._l1_min_C import l1_min_C
from ._one_vs_rest import OneVsRestBCEClassifier
from ._path import bce_path
from ._version import __version__ as __version__

__all__ = [
    "BCEClassifier",
    "BCEClassifierCV",
    "InconsistentVersionWarning",
    "OneVsRestBCEClassifier",
    "SeparationWarning",
    "bce_path",
    "callbacks",
    "display",
    "l1_min_C",
    "loss",
    "metrics",
    "model_selection",
]


def __getattr__(name):
    # Only when asked for: they bring Numba and more of scikit-learn.
    if name in ("callbacks", "display", "loss", "metrics", "model_selection"):
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
