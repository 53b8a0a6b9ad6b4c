"""Mean losses of probabilities, each linear in the label."""

import numpy as np
from scipy.special import xlog1py, xlogy

from .._parameters import gamma_pair, is_real, one_of
from .._soft import check_column, check_labels_and


def binary_cross_entropy(
    y, p, *, sample_weight=None, from_logits=False, gamma=0.0, reduction="mean"
):
    r"""Return the binary cross-entropy, or focal loss, of probabilities or of logits.

    A row's loss is :math:`-y (1-p)^{\gamma_+} \log p - (1-y)\,p^{\gamma_-} \log(1-p)`, the focal
    loss of Lin et al. (ICCV 2017), mixed linearly for soft labels. With ``gamma=0`` it is binary
    cross-entropy.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Labels in [0, 1].
    p : array-like of shape (n_samples,)
        Probabilities in [0, 1]; with ``from_logits=True`` logits, finite.
    sample_weight : float or array-like of shape (n_samples,), default=None
        Weights of the rows, >= 0. None is 1 for all.
    from_logits : bool, default=False
        Whether ``p`` holds logits. Far out they say more than probabilities, which round to 1.
    gamma : float or tuple of two floats, default=0.0
        Focal exponent, >= 0, or a pair (on positive labels, on negative labels).
    reduction : {"mean", "sum", "none"}, default="mean"
        The weighted mean, the weighted sum, or each row's loss times its weight.

    Returns
    -------
    loss : float, or ndarray of shape (n_samples,)
        In nats. Infinite where p is 0 and y is not, or p is 1 and y is not; 0 log 0 is 0. Rows of
        weight zero count nothing, also where their loss is infinite.

    Raises
    ------
    ValueError
        If an argument is not as described.

    See Also
    --------
    sklearn_bce.loss.value : The loss on arrays of any shape, with ``pos_weight``.

    Examples
    --------
    >>> from sklearn_bce.metrics import binary_cross_entropy
    >>> round(binary_cross_entropy([1.0, 0.0, 0.5], [0.9, 0.2, 0.5]), 6)
    0.34055
    >>> binary_cross_entropy([0.0], [800.0], from_logits=True)
    800.0
    """
    one_of("reduction", reduction, ("mean", "sum", "none"))
    if from_logits:
        from ..loss import value  # this brings Numba, which probabilities do not need

        y, z, weight = check_labels_and(y, p, sample_weight, check_column)
        losses = value(y, z, gamma=gamma)
    else:
        y, p, weight = check_labels_and(y, p, sample_weight)
        losses = row_losses(y, p, *gamma_pair(gamma))
    if reduction == "mean":
        return weighted_mean(losses, weight)
    weighted = np.multiply(losses, weight, out=np.zeros_like(losses), where=weight > 0.0)
    return weighted if reduction == "none" else float(weighted.sum())


def row_losses(y, p, gamma_yes=0.0, gamma_no=0.0):
    """Return the loss of each row, for checked labels and probabilities."""
    return 0.0 - xlogy(y * (1.0 - p) ** gamma_yes, p) - xlog1py((1.0 - y) * p**gamma_no, -p)


def weighted_mean(values, weight):
    """Return the mean of the rows that have a weight: others may be infinite.

    Both sums add in the same order, so that the mean of values within [0, 1] is within it too.
    """
    counts = weight > 0.0
    weight = weight[counts] / weight.max()
    return float(np.sum(values[counts] * weight) / np.sum(weight))


def soft_log_loss(y, p, *, sample_weight=None):
    r"""Return the mean log loss of probabilities against soft labels.

    The mean of :math:`-y \log p - (1-y) \log(1-p)`. Its least value is the
    :func:`entropy` of the labels, at p = y.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Labels in [0, 1].
    p : array-like of shape (n_samples,)
        Probabilities in [0, 1].
    sample_weight : float or array-like of shape (n_samples,), default=None
        Weights of the rows, >= 0. None is 1 for all.

    Returns
    -------
    loss : float
        In nats; infinite if some p is 0 or 1 and its y is not, unless the row's weight is zero.

    Raises
    ------
    ValueError
        If an argument is not as described.

    See Also
    --------
    neg_soft_log_loss : As a scorer, where probabilities stay off 0 and 1.
    sklearn.metrics.log_loss : For hard labels; moves probabilities off 0 and 1.

    Examples
    --------
    >>> from sklearn_bce.metrics import soft_log_loss
    >>> round(soft_log_loss([0.2, 0.7], [0.3, 0.6]), 6)
    0.5793
    """
    return binary_cross_entropy(y, p, sample_weight=sample_weight)


def soft_brier_score(y, p, *, sample_weight=None):
    r"""Return the mean Brier score of probabilities against soft labels.

    The mean of :math:`y (1-p)^2 + (1-y)\,p^2 = (p - y)^2 + y (1-y)`: what a soft label means as
    two weighted hard rows. The last term does not depend on p, and is zero for hard labels.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Labels in [0, 1].
    p : array-like of shape (n_samples,)
        Probabilities in [0, 1].
    sample_weight : float or array-like of shape (n_samples,), default=None
        Weights of the rows, >= 0. None is 1 for all.

    Returns
    -------
    score : float
        In [0, 1]; smaller is better. The least is the mean of y (1 - y), at p = y.

    Raises
    ------
    ValueError
        If an argument is not as described.

    See Also
    --------
    sklearn.metrics.brier_score_loss : For hard labels.

    Examples
    --------
    >>> from sklearn_bce.metrics import soft_brier_score
    >>> round(soft_brier_score([0.2, 0.7], [0.3, 0.6]), 6)
    0.195
    """
    y, p, weight = check_labels_and(y, p, sample_weight)
    return weighted_mean((p - y) ** 2 + y * (1.0 - y), weight)


def expected_accuracy(y, p, *, sample_weight=None, threshold=0.5):
    """Return the share of right answers, if each label were drawn with its probability.

    The mean of y where "yes" is predicted and of 1 - y elsewhere. This is what the ``score`` of
    :class:`~sklearn_bce.BCEClassifier` returns, with ``p`` what ``predict`` returns.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Labels in [0, 1].
    p : array-like of shape (n_samples,)
        Probabilities in [0, 1], or predictions 0 and 1.
    sample_weight : float or array-like of shape (n_samples,), default=None
        Weights of the rows, >= 0. None is 1 for all.
    threshold : float, default=0.5
        In [0, 1]. "Yes" is predicted where p is greater.

    Returns
    -------
    accuracy : float
        In [0, 1].

    Raises
    ------
    ValueError
        If an argument is not as described.

    See Also
    --------
    sklearn.metrics.accuracy_score : For hard labels.

    Examples
    --------
    >>> from sklearn_bce.metrics import expected_accuracy
    >>> round(expected_accuracy([0.2, 0.7, 0.4], [0.3, 0.6, 0.9]), 6)
    0.633333
    """
    y, p, weight = check_labels_and(y, p, sample_weight)
    if not (is_real(threshold) and 0.0 <= threshold <= 1.0):
        raise ValueError(f"threshold must be a number in [0, 1]. Got {threshold!r}.")
    return weighted_mean(np.where(p > threshold, y, 1.0 - y), weight)
