"""Labels and weights of every kind become (u, v): the weight of each row on "yes" and on "no".

A row with label y in [0, 1] and weight w has u = w y and v = w (1 - y); label smoothing first moves
y towards 1/2; class_weight and pos_weight then multiply u or v. Below this file nothing knows
what a label is.
"""

import numbers
from typing import NamedTuple

import numpy as np
from sklearn.utils import check_array
from sklearn.utils.multiclass import type_of_target

from ._label_weights import LabelWeights

_LEAST_SHARE = 1e-250  # of the other class's mass: below, double precision loses a class


class Targets(NamedTuple):
    """What a fit needs to know about y."""

    positive: np.ndarray  # u, (n_rows,): weight on "yes"
    negative: np.ndarray  # v, (n_rows,): weight on "no"
    classes: np.ndarray  # (2,)
    factors: np.ndarray  # (2,): from class_weight and pos_weight, on [no, yes]


def binary_targets(y, sample_weight, estimator):
    """Turn one column of labels into `Targets`.

    Parameters
    ----------
    y : ndarray of shape (n_rows,)
        Two hard labels of any type, or floats in [0, 1].
    sample_weight : float, array-like or None
        As in `BCEClassifier.fit`.
    estimator : BCEClassifier
        Its parameters are read.

    Returns
    -------
    Targets

    Raises
    ------
    ValueError
        If y is no binary target, or if weights leave only one class.
    """
    classes, y = encode_labels(y)
    weight = check_sample_weight(sample_weight, y.shape[0])
    where = "y" if sample_weight is None else "y, where sample_weight is not zero,"
    return encoded_targets(y, weight, classes, LabelWeights(estimator, classes), where)


def encoded_targets(y, weight, classes, label_weights, where="y"):
    """Turn labels y in [0, 1] and checked weights into `Targets`; errors call them ``where``."""
    mass = mass_of(y, weight)
    if not mass.all():
        only = classes.tolist()[int(mass[1] > 0.0)]
        raise ValueError(f"{where} contains only one class: {only!r}. Two classes are needed.")

    factors = label_weights.factors(mass=mass)
    check_both_weigh(factors, label_weights.class_weight, classes)
    return Targets(*weigh(y, weight, factors, label_weights.label_smoothing), classes, factors)


def check_both_weigh(factors, class_weight, classes):
    """Raise ValueError if one of two classes is left without a weight."""
    if class_weight is not None and not factors.all():
        only = classes.tolist()[int(factors[1] > 0.0)]
        raise ValueError(
            f"class_weight={class_weight!r} leaves only one class with a weight: {only!r}."
        )


def mass_of(y, weight):
    """Return the weight on [no, yes].

    Not by BLAS: its threads, once awake, spin for a while on the cores that the fit is to have.
    """
    return np.array([np.sum(weight * (1.0 - y)), np.sum(weight * y)])


def weigh(y, weight, factors, label_smoothing):
    """Return (u, v) for labels y in [0, 1] and factors on [no, yes].

    Raises
    ------
    ValueError
        If that leaves only one class, or too large weights.
    """
    positive, negative = weigh_rows(y, weight, factors, label_smoothing)
    check_finite_sum(positive, negative, name="sample_weight, class_weight or pos_weight")
    masses = positive.sum(), negative.sum()
    if not min(masses) > _LEAST_SHARE * max(masses):
        raise ValueError(
            f"The weights leave only one class: those on the two classes sum to {masses[1]:g} and "
            f"{masses[0]:g}, which is as good as nothing on one of them. They are the products of "
            "sample_weight, class_weight, pos_weight and the labels."
        )
    return positive, negative


def weigh_rows(y, weight, factors, label_smoothing):
    """Return (u, v) for some of the rows, which may be of one class."""
    smoothed = y * (1.0 - label_smoothing) + 0.5 * label_smoothing if label_smoothing else y
    with np.errstate(over="ignore", invalid="ignore"):
        return weight * smoothed * factors[1], weight * (1.0 - smoothed) * factors[0]


def is_soft(y):
    """Whether an ndarray y holds floats in [0, 1], and so the probabilities of "yes"."""
    return y.dtype.kind == "f" and bool(np.min(y) >= 0.0 and np.max(y) <= 1.0)


def may_be_soft(classes):
    """Whether soft labels may go with hard ones of these two classes: those that are 0 and 1."""
    return classes.dtype.kind in "biuf" and np.array_equal(classes, (0, 1))


def encode_labels(y):
    """Return the two classes in order, and y as float64 in [0, 1].

    Any float y inside [0, 1] has the classes [0., 1.], so that a fold in which no fraction happens
    to stand is read as the others are.
    """
    if is_soft(y):
        return np.array([0.0, 1.0]), y.astype(np.float64)
    if y.dtype.kind in "biu":  # the usual case, without the sorting of the others
        classes, is_second = np.array([y.min(), y.max()]), y == y.max()
        if classes[0] != classes[1] and (is_second | (y == classes[0])).all():
            return classes, is_second.astype(np.float64)
    if y.dtype.kind == "O":
        sorted_labels(y)
    kind = type_of_target(y, input_name="y")
    if kind == "multiclass":
        raise ValueError(
            "Only binary classification is supported. The type of the target is multiclass, with "
            f"{np.unique(y).size} classes."
        )
    if kind != "binary":
        raise unknown_labels(kind)
    classes, codes = np.unique(y, return_inverse=True)
    if classes.size < 2:
        raise ValueError(
            f"y contains only one class: {classes.tolist()[0]!r}. Two classes are needed "
            f"(n_samples = {len(y)})."
        )
    return classes, codes.astype(np.float64)


def sorted_labels(y, **more):
    """Return what `numpy.unique` does, or raise ValueError where labels have no order."""
    try:
        return np.unique(y, **more)
    except TypeError:
        raise ValueError("Unknown label type: y mixes labels of several types.") from None


def unknown_labels(kind):
    """Return the error for a y of this kind, as `type_of_target` calls it."""
    hints = {
        "continuous": " Soft labels are floats between 0 and 1.",
        "unknown": (
            " An object array y may hold strings alone: turn it into numbers or booleans, as in "
            "y.astype(int)."
        ),
    }
    return ValueError(f"Unknown label type: {kind}.{hints.get(kind, '')}")


def are_shares(y, classes):
    """Whether labels of these classes, which are known already, are shares in [0, 1]."""
    is_soft = classes.dtype.kind == "f" and np.array_equal(classes, (0.0, 1.0))
    return is_soft and y.dtype.kind in "biuf"


def encode_known(y, classes):
    """Return y as float64 by classes that are known already, and which labels are among them.

    That is the number of each label's class, or where labels are shares y itself.
    """
    if are_shares(y, classes):
        return y.astype(np.float64), (y >= 0) & (y <= 1)
    if len(classes) == 2 and y.dtype.kind in "biuf" and classes.dtype.kind in "biuf":
        is_second = y == classes[1]  # the usual case, at the speed of arrays
        return is_second.astype(np.float64), is_second | (y == classes[0])
    number = {label: float(k) for k, label in enumerate(classes.tolist())}
    codes = np.array([number.get(label, -1.0) for label in y.tolist()])
    return codes, codes >= 0.0


def check_sample_weight(
    sample_weight, n_rows, n_problems=None, *, name="sample_weight", allow_zero=False
):
    """Return the weights as float64 of shape (n_rows,), finite, not negative, not all zero.

    With ``n_problems`` the shape (n_rows, n_problems) is legal too, with ``allow_zero`` weights
    that are all zero.
    """
    if sample_weight is None:
        return np.ones(n_rows)
    try:
        if isinstance(sample_weight, numbers.Real) or getattr(sample_weight, "ndim", 1) == 0:
            sample_weight = np.full(n_rows, sample_weight, dtype=np.float64)
        weight = check_array(
            sample_weight,
            ensure_2d=False,
            allow_nd=True,
            ensure_min_samples=0,
            dtype=np.float64,
            input_name=name,
        )
    except (TypeError, ValueError, OverflowError) as error:
        if name in str(error):
            raise
        raise ValueError(f"{name} must hold numbers: {error}") from error
    is_one_each = n_problems is not None and weight.shape == (n_rows, n_problems)
    if weight.ndim != 1 and not is_one_each:
        raise ValueError(
            f"Sample weights must be 1D array or scalar, got {weight.ndim}D array for "
            f"{n_rows} rows: {name}."
        )
    if weight.shape != (n_rows,) and not is_one_each:
        raise ValueError(f"{name}.shape == {weight.shape}, expected {(n_rows,)}!")
    if (weight < 0.0).any():
        raise ValueError(f"{name} must not be negative; its smallest entry is {weight.min()}.")
    if not (allow_zero or weight.any()):
        raise ValueError(f"Sample weights must contain at least one non-zero number: {name}.")
    check_finite_sum(weight, name=name)
    return weight


def check_finite_sum(*weights, name="sample_weight"):
    """Raise ValueError if the sum of all weights overflows."""
    with np.errstate(over="ignore"):
        if not np.isfinite(sum(weight.sum() for weight in weights)):
            raise ValueError(f"{name} is too large: the sum of all weights overflows.")
