"""How far probabilities are from the shares observed, in bins of similar probability."""

import numpy as np

from .._parameters import is_int, one_of
from .._soft import check_labels_and


def expected_calibration_error(y, p, *, n_bins=10, strategy="uniform", sample_weight=None):
    r"""Return the mean distance between predicted and observed shares, over bins.

    :math:`\sum_b (W_b / W)\, |\bar p_b - \bar y_b|`, with the weighted means of the rows in bin b,
    whose weight is :math:`W_b` (Naeini et al. 2015). Zero does not mean that p is good (the base
    rate everywhere has zero), and the value depends on the bins: with few rows a bin even perfect
    probabilities get some.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Labels in [0, 1].
    p : array-like of shape (n_samples,)
        Probabilities in [0, 1].
    n_bins : int, default=10
        Number of bins. Those without rows count nothing.
    strategy : {"uniform", "quantile"}, default="uniform"
        Bins of the same width; or of the same weight, as far as ties allow: rows with the same p
        are never parted.
    sample_weight : float or array-like of shape (n_samples,), default=None
        Weights of the rows, >= 0. None is 1 for all.

    Returns
    -------
    error : float
        In [0, 1].

    Raises
    ------
    ValueError
        If an argument is not as described.

    References
    ----------
    M. P. Naeini, G. F. Cooper, M. Hauskrecht, "Obtaining Well Calibrated Probabilities Using
    Bayesian Binning", AAAI 2015.

    Examples
    --------
    >>> from sklearn_bce.metrics import expected_calibration_error
    >>> y, p = [0, 0, 1, 1], [0.1, 0.3, 0.6, 0.8]
    >>> round(expected_calibration_error(y, p, n_bins=2), 6)
    0.25
    """
    check_bins(n_bins, strategy)
    y, p, weight = check_labels_and(y, p, sample_weight)
    weight = weight / weight.max()
    excess = np.bincount(bin_of_rows(p, weight, n_bins, strategy), weights=weight * (p - y))
    return min(1.0, float(np.abs(excess).sum() / weight.sum()))  # rounding may leave more


def check_bins(n_bins, strategy):
    """Raise ValueError if there are no such bins."""
    if not is_int(n_bins) or n_bins < 1:
        raise ValueError(f"n_bins must be an int >= 1. Got {n_bins!r}.")
    one_of("strategy", strategy, ("uniform", "quantile"))


def bin_of_rows(p, weight, n_bins, strategy):
    """Return the number of each row's bin. A bin holds its upper edge, as in calibration_curve."""
    edges = np.linspace(0.0, 1.0, n_bins + 1)[1:-1]
    if strategy == "quantile":
        edges = _weighted_quantiles(p, weight, edges)
    return np.searchsorted(edges, p)


def _weighted_quantiles(p, weight, shares):
    """Return the smallest p up to which each share of the weight lies, give or take rounding."""
    order = np.argsort(p)
    reached = np.cumsum(weight[order])
    return p[order][np.searchsorted(reached, (shares - 1e-12) * reached[-1])]
