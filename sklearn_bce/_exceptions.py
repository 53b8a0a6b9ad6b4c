"""Warnings and errors of this package."""

from sklearn.exceptions import ConvergenceWarning


class SeparationWarning(ConvergenceWarning):
    """The classes are separated and nothing is penalised: no finite coefficients are the best."""


class InvalidParameterError(ValueError, TypeError):
    """A parameter has the wrong type, or a value out of its range."""
