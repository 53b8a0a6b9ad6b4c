"""scikit-learn's metrics on soft labels, and scorers."""

import inspect

import numpy as np
from sklearn.metrics import average_precision_score, make_scorer, roc_auc_score

from ..model_selection import expand_soft_labels
from ._losses import soft_brier_score, soft_log_loss


def soften(metric):
    """Make a metric for hard labels one for soft labels.

    The result takes labels y in [0, 1] and calls ``metric`` on twice the rows: each as a 1 with
    the weight w y and as a 0 with the weight w (1 - y), those of weight zero left out. On hard
    labels it returns what ``metric`` returns.

    Parameters
    ----------
    metric : callable
        ``metric(y_true, y_pred, *, sample_weight, ...)``, of :mod:`sklearn.metrics` or in its
        manner. It gets labels 0 and 1.

    Returns
    -------
    soft_metric : callable
        ``soft_metric(y, y_pred, *, sample_weight=None, **kwargs)``. ``y_pred`` is what ``metric``
        wants, a score or a prediction a row; ``kwargs`` go to ``metric``. It can be pickled if
        ``metric`` can, and given to :func:`sklearn.metrics.make_scorer`.

    Raises
    ------
    ValueError
        If ``metric`` takes no ``sample_weight``.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.metrics import f1_score, roc_auc_score
    >>> from sklearn_bce.metrics import soften
    >>> y, p = np.array([0.9, 0.6, 0.2, 0.1]), np.array([0.8, 0.4, 0.5, 0.1])
    >>> round(float(soften(roc_auc_score)(y, p)), 6)
    0.752525
    >>> round(float(soften(f1_score)(y, p > 0.3)), 6)
    0.708333
    """
    return _SoftMetric(metric)


class _SoftMetric:
    """A metric on the doubled sample; a class, so that it can be pickled."""

    def __init__(self, metric):
        if not callable(metric):
            raise ValueError(f"metric must be callable. Got {metric!r}.")
        try:
            parameters = inspect.signature(metric).parameters
        except ValueError:  # of some builtins
            parameters = {}
        takes_any = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
        if "sample_weight" not in parameters and not takes_any:
            raise ValueError(f"metric must take sample_weight, and {_name(metric)} does not.")
        self.metric = metric
        self.__name__ = f"soften({_name(metric)})"

    def __call__(self, y, y_pred, *, sample_weight=None, **kwargs):
        y_pred, y, weight, _ = expand_soft_labels(y_pred, y, sample_weight)
        counts = weight > 0.0
        return self.metric(
            y[counts], np.asarray(y_pred)[counts], sample_weight=weight[counts], **kwargs
        )

    def __repr__(self):
        return self.__name__


def _name(metric):
    return getattr(metric, "__name__", repr(metric))


def _finite_soft_log_loss(y, p, *, sample_weight=None):
    """Log loss with p off 0 and 1, as `sklearn.metrics.log_loss`: a search needs finite scores."""
    least = np.finfo(p.dtype).eps
    return soft_log_loss(y, np.clip(p, least, 1.0 - least), sample_weight=sample_weight)


# To request weights by metadata routing is to change a scorer in place, so ask a copy of it:
# copy.deepcopy(soft_roc_auc).set_score_request(sample_weight=True)
_RANKING = ("decision_function", "predict_proba")

#: Minus the :func:`soft_log_loss` of ``predict_proba``, for ``scoring=``. Probabilities are kept
#: off 0 and 1 by the precision of their type, as with scikit-learn's "neg_log_loss", so that scores
#: are finite.
neg_soft_log_loss = make_scorer(
    _finite_soft_log_loss, greater_is_better=False, response_method="predict_proba"
)

#: Minus the :func:`soft_brier_score` of ``predict_proba``, for ``scoring=``.
neg_soft_brier_score = make_scorer(
    soft_brier_score, greater_is_better=False, response_method="predict_proba"
)

#: The area under the ROC curve on soft labels, ``soften(roc_auc_score)``, for ``scoring=``.
soft_roc_auc = make_scorer(soften(roc_auc_score), response_method=_RANKING)

#: The average precision on soft labels, ``soften(average_precision_score)``, for ``scoring=``.
soft_average_precision = make_scorer(soften(average_precision_score), response_method=_RANKING)
