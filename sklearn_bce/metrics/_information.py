"""Entropy of labels, and what probabilities tell of them."""

import numpy as np
from scipy.special import entr, rel_entr

from .._soft import check_labels_and, check_unit_interval
from .._targets import check_sample_weight
from ._losses import row_losses, weighted_mean


def entropy(y, *, sample_weight=None):
    r"""Return the mean entropy of soft labels, the log loss that no probabilities can beat.

    The mean of :math:`-y \log y - (1-y) \log(1-y)`; 0 log 0 is 0, so that hard labels have none.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Labels in [0, 1].
    sample_weight : float or array-like of shape (n_samples,), default=None
        Weights of the rows, >= 0. None is 1 for all.

    Returns
    -------
    entropy : float
        In nats, from 0 to log 2.

    Raises
    ------
    ValueError
        If an argument is not as described.

    Examples
    --------
    >>> from sklearn_bce.metrics import entropy
    >>> round(entropy([0.0, 0.5]), 6)
    0.346574
    """
    y = check_unit_interval(y, "y")
    weight = check_sample_weight(sample_weight, len(y))
    return weighted_mean(_entropies(y), weight)


def _entropies(y):
    return entr(y) + entr(1.0 - y)


def kl_divergence(y, p, *, sample_weight=None):
    r"""Return the mean Kullback-Leibler divergence of probabilities from soft labels.

    The mean of :math:`y \log(y/p) + (1-y) \log((1-y)/(1-p))`: the part of the log loss that better
    probabilities could save. ``soft_log_loss(y, p) == entropy(y) + kl_divergence(y, p)``, up to
    rounding.

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
    divergence : float
        In nats, >= 0, and 0 where p = y; infinite if some p is 0 or 1 and its y is not, unless the
        row's weight is zero.

    Raises
    ------
    ValueError
        If an argument is not as described.

    Examples
    --------
    >>> from sklearn_bce.metrics import kl_divergence
    >>> round(kl_divergence([0.2, 0.7], [0.3, 0.6]), 6)
    0.023666
    """
    y, p, weight = check_labels_and(y, p, sample_weight)
    divergences = rel_entr(y, p) + rel_entr(1.0 - y, 1.0 - p)
    return weighted_mean(np.maximum(divergences, 0.0), weight)  # rounding may leave -1e-17


def information_gain(y, p, *, sample_weight=None, normalize=False):
    r"""Return how much less log loss probabilities have than the base rate has.

    With the base rate b, the mean of y, it is the log loss of predicting b for every row, which is
    the entropy of b, minus the log loss of p. Normalised, it is the share of the former that p
    saves, :math:`D^2 = 1 - \mathrm{loss}(p) / \mathrm{loss}(b)`, McFadden's pseudo R².

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Labels in [0, 1].
    p : array-like of shape (n_samples,)
        Probabilities in [0, 1].
    sample_weight : float or array-like of shape (n_samples,), default=None
        Weights of the rows, >= 0. None is 1 for all.
    normalize : bool, default=False
        Whether to return D² in place of nats.

    Returns
    -------
    gain : float
        Negative where p is worse than the base rate, down to minus infinity (see `soft_log_loss`).
        At most the entropy of b, or 1; for soft labels less, by their own entropy.

    Raises
    ------
    ValueError
        If an argument is not as described, or D² is asked for and the labels are all 0 or all 1:
        there is no loss to save.

    See Also
    --------
    sklearn.metrics.d2_log_loss_score : D² for hard labels.

    References
    ----------
    D. McFadden, "Conditional logit analysis of qualitative choice behavior", in *Frontiers in
    Econometrics*, 1974.

    Examples
    --------
    >>> from sklearn_bce.metrics import information_gain
    >>> y, p = [1, 0, 0, 0], [0.7, 0.1, 0.3, 0.1]
    >>> round(information_gain(y, p), 6), round(information_gain(y, p, normalize=True), 6)
    (0.331317, 0.589181)
    """
    y, p, weight = check_labels_and(y, p, sample_weight)
    base_loss = float(_entropies(np.array(weighted_mean(y, weight))))
    gain = base_loss - weighted_mean(row_losses(y, p), weight)
    if not normalize:
        return gain
    if base_loss == 0.0:
        raise ValueError("y holds only one class, so that the base rate has no loss to compare to.")
    return gain / base_loss
