"""Labels of a part of a stream, by classes that its first call settles."""

import numpy as np
from sklearn.utils import column_or_1d

from ._label_columns import LabelColumns
from ._label_weights import LabelWeights
from ._targets import (
    are_shares,
    check_both_weigh,
    check_sample_weight,
    encode_known,
    is_soft,
    weigh_rows,
)

_SHOWN = 5  # unknown labels that an error names


def first_classes(y, classes, many):
    """Return the classes that the first call settles."""
    if y.ndim == 2:
        expected = np.arange(y.shape[1])
        if classes is not None and not np.array_equal(classes, expected):
            raise ValueError(
                f"classes={classes!r} does not fit y with {y.shape[1]} columns: those of several "
                "columns are their numbers, and need not be passed."
            )
        return expected
    if classes is None:
        if is_soft(y):
            return np.array([0.0, 1.0])
        raise ValueError(
            "classes must be passed on the first call to partial_fit: all labels that will ever be "
            "in y. Only soft labels, floats in [0, 1], and y with several columns do without."
        )
    known = _sorted_classes(classes)
    if known.size < 2 or (known.size > 2 and not many):
        kinds = "at least two classes" if many else "two classes: only binary classification is"
        raise ValueError(
            f"classes must hold {kinds}{'' if many else ' supported'}. Got {known.tolist()}."
        )
    if is_soft(known) and not np.array_equal(known, (0.0, 1.0)):
        raise ValueError(
            f"classes={known.tolist()} are floats in [0, 1], which are read as soft labels. Their "
            "classes are [0.0, 1.0]; hard labels may be floats outside of [0, 1], or other types."
        )
    if is_soft(y) and known.dtype.kind in "biu" and np.array_equal(known, (0, 1)):
        # Fractions say that the labels are soft; without any, 0.0 and 1.0 are the labels 0 and 1.
        return np.array([0.0, 1.0]) if (y % 1.0).any() else known
    return known


def _sorted_classes(classes):
    classes = column_or_1d(classes)
    try:
        known = np.unique(classes)
    except TypeError:
        raise ValueError(f"classes mix labels of several types. Got {classes.tolist()}.") from None
    if (known != known).any():
        raise ValueError(f"classes must not hold NaN. Got {classes.tolist()}.")
    return known


def same_classes(y, classes, known, is_multilabel):
    """Return the classes of the calls before, if nothing speaks against them."""
    is_other = not (classes is None or np.array_equal(classes, known))
    if is_other and not np.array_equal(_sorted_classes(classes), known):
        raise ValueError(
            f"classes={classes!r} is not the same as in the calls before: {known.tolist()}."
        )
    if is_multilabel and (y.ndim != 2 or y.shape[1] != len(known)):
        raise ValueError(
            f"y of shape {y.shape} has not a column for each of the {len(known)} labels of the "
            "calls before."
        )
    if y.ndim == 2 and not is_multilabel:
        raise ValueError(f"y of shape {y.shape} must be 1D, as in the calls before.")
    return known


def columns_of(y, classes, is_multilabel):
    """Return a y in [0, 1] for each problem, the class number of each row, and an indicator's form.

    Where y has a column for each label, rows have no class; where it has not, the form is empty.
    """
    if is_multilabel:
        labels = LabelColumns(y)
        columns = [labels.column(k) for k in range(len(classes))]
        return columns, None, (labels.dtype, labels.format)
    codes, is_known = encode_known(y, classes)
    if are_shares(y, classes):
        if not is_known.all():
            raise ValueError(
                "Unknown label type: the labels of the calls before were soft, floats in [0, 1], "
                f"but y goes from {y.min()} to {y.max()}."
            )
        return [codes], None, ("", "")
    if not is_known.all():
        hint = " Soft labels must be soft from the first call on." if is_soft(y) else ""
        raise ValueError(
            f"y has labels that are none of the classes {classes.tolist()} of the first call: "
            f"{np.unique(y[~is_known])[:_SHOWN].tolist()}.{hint}"
        )
    codes = codes.astype(np.intp)
    chosen = [1] if len(classes) == 2 else range(len(classes))
    return [(codes == k).astype(np.float64) for k in chosen], codes, ("", "")


def weigh_stream(estimator, columns, codes, classes, is_multilabel, sample_weight, n_rows):
    """Return the weights u and v, (n_problems, n_rows), and the factors on [no, yes].

    The factors, (n_problems, 2), are None where the rows of one problem's "no" have different ones.
    """
    _refuse_strange_keys(estimator.class_weight, classes, is_multilabel)
    label_weights = LabelWeights(estimator, classes, is_multilabel)
    smoothing = label_weights.label_smoothing
    n_problems = len(columns)
    weight = check_sample_weight(sample_weight, n_rows, n_problems if n_problems > 1 else None)
    weight = label_weights.on_rows(weight, codes)
    factors = np.array([label_weights.factors(k) for k in range(n_problems)])
    if n_problems == 1 and not is_multilabel:
        check_both_weigh(factors[0], estimator.class_weight, classes)
    positive, negative = np.empty((2, n_problems, n_rows))
    for k, column in enumerate(columns):
        own = weight if weight.ndim == 1 else weight[:, k]
        positive[k], negative[k] = weigh_rows(column, own, factors[k], smoothing)
    return positive, negative, factors if label_weights.has_posterior else None


def _refuse_strange_keys(class_weight, classes, is_multilabel):
    """A stream has been told all labels, so that a key beside them is a mistake."""
    if class_weight is None or is_multilabel:
        return
    strange = [label for label in class_weight if label not in classes.tolist()]
    if strange:
        raise ValueError(
            f"class_weight has keys that are no label: {strange[:_SHOWN]}. The classes are "
            f"{classes.tolist()}."
        )
