"""Labels, scores and weights as the displays of predictions need them.

A label becomes the probability of the positive class: hard labels 0 or 1, soft ones themselves.
"""

from typing import NamedTuple

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from .._parameters import one_of
from .._soft import check_column, one_column
from .._targets import check_sample_weight, encode_known, is_soft, may_be_soft


class Predictions(NamedTuple):
    """Rows with a weight."""

    y: np.ndarray  # (n_rows,): probability of the positive class, in [0, 1]
    score: np.ndarray  # (n_rows,): greater where the positive class is predicted
    weight: np.ndarray  # (n_rows,): in (0, 1]; only ratios of weights matter


def check_predictions(y_true, score, sample_weight, pos_label, score_name="y_score", classes=None):
    """Validate labels, scores and weights; rows without a weight are dropped.

    Where the ``classes`` of the model are known, the rows need not be of both.
    """
    y = one_column(y_true, "y_true")
    if np.ndim(pos_label) != 0:
        raise ValueError(f"pos_label must be one label. Got {pos_label!r}.")
    y = _positive_share(y, pos_label) if classes is None else _share_of(pos_label, y, classes)
    score = check_column(score, score_name)
    if len(score) != len(y):
        raise ValueError(f"y_true has {len(y)} rows, but {score_name} has {len(score)}.")
    weight = check_sample_weight(sample_weight, len(y))
    weight = weight / weight.max()
    kept = weight > 0.0
    return Predictions(y[kept], score[kept], weight[kept])


def predictions_of(estimator, X, y, sample_weight, pos_label, method="predict_proba"):
    """Return the Predictions of a fitted classifier, and the positive class."""
    score, pos_label, classes = _response_of(estimator, X, pos_label, method)
    return check_predictions(y, score, sample_weight, pos_label, classes=classes), pos_label


def _share_of(pos_label, y, classes):
    if is_soft(y) and len(classes) == 2 and may_be_soft(classes):
        return 1.0 - y if pos_label == 0 else y.astype(np.float64)
    _, is_known = encode_known(y, classes)
    if not is_known.all():
        raise ValueError(
            f"y has the label {y[~is_known].tolist()[0]!r}, which is none of the model's classes "
            f"{_some(classes.tolist())}."
        )
    return (y == pos_label).astype(np.float64)


def _positive_share(y, pos_label):
    if is_soft(y):
        if pos_label not in (None, 0, 1):
            raise ValueError(
                f"pos_label must be 0 or 1 for soft labels. Got {pos_label!r} instead."
            )
        return 1.0 - y if pos_label == 0 else y.astype(np.float64)
    labels = np.unique(y).tolist()
    is_usual = any(set(labels) <= pair for pair in ({0, 1}, {-1, 1}))
    if is_usual and (pos_label is None or pos_label == 1):  # which may not be there
        return (y == 1).astype(np.float64)
    if pos_label is None:
        raise ValueError(
            "pos_label must be given if y_true is neither soft (floats in [0, 1]) nor has the "
            f"labels 0 and 1, or -1 and 1. Its labels are {_some(labels)}."
        )
    if pos_label not in labels:
        raise ValueError(f"pos_label={pos_label!r} is not among y_true's labels {_some(labels)}.")
    return (y == pos_label).astype(np.float64)


def _some(labels):
    return f"{labels}" if len(labels) <= 10 else f"{labels[:10]} and {len(labels) - 10} more"


def _response_of(estimator, X, pos_label, method):
    """Return a classifier's score of ``pos_label`` on every row, ``pos_label``, and its classes.

    ``method`` "auto" is predict_proba where there is one, else decision_function.
    """
    one_of("response_method", method, ("auto", "predict_proba", "decision_function"))
    if not is_classifier(estimator):
        raise ValueError(f"estimator must be a classifier. Got {type(estimator).__name__} instead.")
    check_is_fitted(estimator)
    classes = np.asarray(estimator.classes_).tolist()
    if np.ndim(pos_label) != 0:
        raise ValueError(f"pos_label must be one label. Got {pos_label!r}.")
    if pos_label is None and len(classes) != 2:
        raise ValueError(f"pos_label must be given; it is one of the classes {_some(classes)}.")
    if pos_label is not None and pos_label not in classes:
        raise ValueError(f"pos_label={pos_label!r} is not among the classes {_some(classes)}.")
    column = 1 if pos_label is None else classes.index(pos_label)
    if method == "auto":
        method = "predict_proba" if hasattr(estimator, "predict_proba") else "decision_function"
    if not hasattr(estimator, method):
        raise ValueError(f"estimator must have {method}; {type(estimator).__name__} has not.")
    response = np.asarray(getattr(estimator, method)(X))
    if response.ndim == 2:
        response = response[:, column]
    elif column == 0:
        response = -response
    return response, classes[column], np.asarray(estimator.classes_)


def counts_by_threshold(predictions):
    """Return thresholds, falling, and the weight of true and of false positives at each.

    At a threshold the rows with a score of at least as much are predicted positive. The thresholds
    are the scores, once each.
    """
    order = np.argsort(-predictions.score, kind="stable")
    y, score, weight = (each[order] for each in predictions)
    last_of_ties = np.append(np.flatnonzero(np.diff(score)), len(score) - 1)
    true_positive = np.cumsum(weight * y)[last_of_ties]
    false_positive = np.cumsum(weight * (1.0 - y))[last_of_ties]
    if not true_positive[-1] > 0.0:
        raise ValueError("y_true has no positive row with a weight.")
    return score[last_of_ties], true_positive, false_positive


def positive_class_note(pos_label):
    """What to append to the label of an axis."""
    return "" if pos_label is None else f" (Positive class: {pos_label})"
