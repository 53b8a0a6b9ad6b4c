"""Cross-validation splits as problems over the same rows: a row that is left out weighs nothing."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from sklearn.utils.multiclass import type_of_target

from ._targets import encoded_targets, is_soft


class Fold(NamedTuple):
    """One split of the rows."""

    counts: np.ndarray  # (n_rows,): how often a row is trained on, mostly 0 or 1
    held_out: np.ndarray  # the rows to score
    factors: np.ndarray  # (2,): from class_weight and pos_weight, on [no, yes]
    targets: Callable  # () -> Targets of all rows, made anew; those not trained on weigh nothing


def split(cv, X, y, **metadata):
    """Return (train, test) of every fold, as the estimator's ``cv`` says.

    An int, or None for 5, is stratified: by class, or by the values of soft labels.
    """
    # Not before it is needed: a mere import should not wait for it.
    from sklearn.model_selection import check_cv

    from .model_selection import SoftStratifiedKFold

    is_number = cv is None or isinstance(cv, (int, np.integer))
    if is_number and is_soft(y) and type_of_target(y) != "binary":
        cv = SoftStratifiedKFold(5 if cv is None else cv)
    elif not (is_number or hasattr(cv, "split")):
        cv = [_pair(each, k) for k, each in enumerate(cv)]
    return list(check_cv(cv, y, classifier=True).split(X, y, **metadata))


def _pair(pair, fold):
    try:
        train, test = pair
    except (TypeError, ValueError):
        length = f" of length {len(pair)}" if hasattr(pair, "__len__") else ""
        raise ValueError(
            f"cv must make pairs (train, test). Got {type(pair).__name__}{length} for fold {fold}."
        ) from None
    return train, test


def make_folds(splits, y, weight, classes, label_weights):
    """Return the Fold of every split.

    Parameters
    ----------
    splits : list of (train, test)
        Arrays of row numbers, or masks.
    y : ndarray of shape (n_rows,)
        In [0, 1].
    weight : ndarray of shape (n_rows,)
    classes : ndarray of shape (2,)
    label_weights : LabelWeights
        "balanced" counts the rows that are trained on.

    Raises
    ------
    ValueError
        If a fold trains on only one class, or scores nothing.
    """
    folds = []
    for k, (train, test) in enumerate(splits):
        counts = np.bincount(_numbers(train, k, len(y)), minlength=len(y))
        counts = counts.astype(np.min_scalar_type(counts.max()))
        where = f"Fold {k} of cv cannot be fitted: y of its training rows"
        make = partial(_targets, y, weight, counts, classes, label_weights, where)
        held_out = _numbers(test, k, len(y))
        if not weight[held_out].any():
            raise ValueError(f"Fold {k} of cv holds out no rows, or only rows without weight.")
        folds.append(Fold(counts, held_out, make().factors, make))
    if not folds:
        raise ValueError("cv makes no splits.")
    return folds


def _numbers(rows, fold, n_rows):
    """The numbers of rows that a splitter has chosen, by number or with a mask."""
    message = f"Fold {fold} of cv does not choose among the {n_rows} rows of X:"
    try:
        numbers = np.arange(n_rows)[rows]
    except IndexError as error:
        raise ValueError(f"{message} {error}.") from None
    if numbers.ndim != 1:
        raise ValueError(f"{message} an array with {numbers.ndim} dimensions, expected 1.")
    return numbers


def _targets(y, weight, counts, classes, label_weights, where):
    return encoded_targets(y, weight * counts, classes, label_weights, where)
