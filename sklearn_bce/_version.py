"""The version, which fitted estimators are stamped with when they are saved."""

__version__ = "0.1.0"
