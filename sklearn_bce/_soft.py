"""Soft labels, probabilities and weights as the metrics and the splitters take them."""

import numpy as np
from sklearn.utils import check_array, check_consistent_length

from ._targets import check_sample_weight


def check_unit_interval(values, name, *, allow_2d=False):
    """Return numbers in [0, 1] as float64 of shape (n_rows,); with ``allow_2d`` (n_rows, k) too.

    Raises
    ------
    ValueError
        If they are no numbers, leave [0, 1] or have another shape.
    """
    values = check_column(values, name, allow_2d=allow_2d)
    outside = (values < 0.0) | (values > 1.0)
    if outside.any():
        raise ValueError(f"{name} must be in [0, 1]. Got {values[outside][0]}.")
    return values


def check_column(values, name, *, allow_2d=False):
    """Return finite numbers as float64 of shape (n_rows,); with ``allow_2d`` (n_rows, k) too."""
    checked = one_column(values, name, allow_2d=allow_2d)
    if checked.dtype.kind in "USmM":
        raise ValueError(f"{name} must hold numbers. Got an array of dtype {checked.dtype}.")
    try:
        return checked.astype(np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must hold numbers. Got {checked[:3].tolist()}, ...") from None


def one_column(values, name, *, allow_2d=False):
    """Return an array of any dtype without NaN, of the shape of `check_column`."""
    if values is None:
        raise ValueError(f"{name} must be an array of numbers. Got None.")
    checked = check_array(
        values,
        ensure_2d=False,
        allow_nd=True,
        ensure_min_samples=0,  # which would be a TypeError for a scalar
        dtype=None,
        input_name=name,
    )
    if checked.ndim not in ((1, 2) if allow_2d else (1,)):
        hint = f" Pass one column: {name}[:, k]." if checked.ndim == 2 else ""
        raise ValueError(f"{name} must have one column. Got shape {checked.shape}.{hint}")
    if len(checked) == 0:
        raise ValueError(f"{name} must have at least one row.")
    return checked


def check_labels_and(y, p, sample_weight, check_p=check_unit_interval, name="p"):
    """Return labels, probabilities (or what ``check_p`` checks) and weights of the same rows."""
    y, p = check_unit_interval(y, "y"), check_p(p, name)
    check_consistent_length(y, p)
    return y, p, check_sample_weight(sample_weight, len(y))
