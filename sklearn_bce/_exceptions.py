"""Warnings and errors of this package."""

import sys
import warnings

from sklearn import exceptions

_OURS = ("sklearn_bce", "sklearn.callback")  # the latter wraps `fit`


class SeparationWarning(exceptions.ConvergenceWarning):
    """The classes are separated and nothing is penalised: no finite coefficients are the best."""


class InconsistentVersionWarning(exceptions.InconsistentVersionWarning):
    """An estimator was saved by another version of sklearn_bce than the one that loads it.

    It is a kind of scikit-learn's warning of that name, so that one filter serves for both.

    Attributes
    ----------
    estimator_name : str
        The estimator's class.
    current_sklearn_version, original_sklearn_version : str
        The versions of sklearn_bce that load and that saved it.
    """

    def __str__(self):
        return (
            f"{self.estimator_name} was saved by sklearn_bce {self.original_sklearn_version}, and "
            f"is loaded by {self.current_sklearn_version}. It may not work, or give other results: "
            "fit it again."
        )


class InvalidParameterError(ValueError, TypeError):
    """A parameter has the wrong type, or a value out of its range."""


def warn(message, category=UserWarning):
    """Warn, and name the line outside this package that has called it."""
    depth = 2
    frame = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").startswith(_OURS):
        depth, frame = depth + 1, frame.f_back
    warnings.warn(message, category, stacklevel=depth)
