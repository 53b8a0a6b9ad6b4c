r"""From logits to the probabilities that belong to them.

A logit z minimises the expected loss of rows whose (smoothed) probability of "yes" is

.. math:: \frac{b\,\phi_{g_-}'(-z)}{a\,\phi_{g_+}'(z) + b\,\phi_{g_-}'(-z)},

with the weights a on "yes" and b on "no": that is where the slope of the expected loss is zero.
Everything is computed as a log odds, so that nothing underflows. For one exponent see
Charoenphakdee, Vongkulbhisal, Chairatanakul and Sugiyama, "On Focal Loss for Class-Posterior
Probability Estimation" (CVPR 2021); asymmetric exponents follow from the same zero.
"""

import numpy as np
from scipy.special import log_expit, logit


def loss_parameters(gamma, factors, label_smoothing):
    """Return what the posterior depends on, as plain numbers that a fitted estimator remembers.

    Parameters
    ----------
    gamma : float or array-like of shape (2,) or (n_problems, 2)
        On [yes, no].
    factors : ndarray of shape (n_problems, 2)
        Weights on [no, yes] of each problem.
    label_smoothing : float

    Returns
    -------
    dict
        Arrays of shape (n_problems,), and the float ``label_smoothing``.
    """
    gammas = np.empty((len(factors), 2))
    gammas[:] = gamma
    return {
        "gamma_positive": gammas[:, 0].copy(),
        "gamma_negative": gammas[:, 1].copy(),
        "weight_positive": factors[:, 1].copy(),
        "weight_negative": factors[:, 0].copy(),
        "label_smoothing": float(label_smoothing),
    }


def check_invertible(label_smoothing):
    """Raise if smoothing has left nothing of the labels."""
    if label_smoothing == 1.0:
        raise ValueError(
            "probability='posterior' needs label_smoothing < 1. With label_smoothing=1.0 all "
            "labels are 1/2, and nothing about their probabilities can be learned."
        )


def check_closed_form(is_known):
    """Raise if rows of one problem's "no" have different weights."""
    if not is_known:
        raise ValueError(
            "probability='posterior' has no closed form where class_weight gives the classes of a "
            'multiclass y different weights: those that are "no" in one problem then weigh '
            "differently. Use pos_weight with one value for each label, or class_weight='balanced'."
        )


def log_odds(
    z, *, gamma_positive, gamma_negative, weight_positive, weight_negative, label_smoothing
):
    """Return the log odds of the probability of "yes" at which z is the best logit.

    Parameters
    ----------
    z : ndarray of shape (..., n_problems)
        Finite logits.
    gamma_positive, gamma_negative : ndarray of shape (n_problems,)
        Focal exponents, >= 0.
    weight_positive, weight_negative : ndarray of shape (n_problems,)
        Weights on "yes" and "no", > 0.
    label_smoothing : float
        In [0, 1).

    Returns
    -------
    ndarray of the shape and dtype of z
        Finite. With smoothing the probability is clipped to the smallest normal number and the
        largest below 1, where no probability has z for its best logit.
    """
    check_invertible(label_smoothing)
    limits = np.finfo(z.dtype)
    z = z.astype(np.float64)
    odds = np.log(weight_negative) - np.log(weight_positive) + z
    if np.any(gamma_positive) or np.any(gamma_negative):
        with np.errstate(over="ignore"):  # clipped below
            odds = odds + _focal_part(z, gamma_negative) - _focal_part(-z, gamma_positive)
    if label_smoothing:
        # eta - 1/2 = (smoothed eta - 1/2) / (1 - smoothing), and tanh(odds / 2) = 2 eta - 1
        twice = np.clip(np.tanh(0.5 * odds) / (1.0 - label_smoothing), -1.0, 1.0)
        with np.errstate(divide="ignore"):
            odds = 2.0 * np.arctanh(twice)
        odds = np.clip(odds, np.log(limits.tiny), logit(1.0 - float(limits.epsneg)))
    return np.clip(odds, limits.min, limits.max).astype(limits.dtype)


def _focal_part(z, gamma):
    """What gamma adds to log(-phi'(-z)), which for cross-entropy is log sigmoid(z).

    -phi'(-z) = p^gamma (p + gamma q (-log q)), and q (-log q) / p is exp(-z) log(1 + exp(z)), which
    goes to 1 for z towards -inf, and to 0 for z towards inf.
    """
    e = np.exp(-np.abs(z))
    tail = np.log1p(e)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(z > 0.0, e * (z + tail), np.where(e > 0.0, tail / e, 1.0))
    with np.errstate(over="ignore"):
        return gamma * log_expit(z) + np.log1p(gamma * ratio)
