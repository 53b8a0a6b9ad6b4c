"""The loss as a function of the logit: value, gradient and curvature on arrays."""

import numpy as np

from ._kernels.pointwise import loss_arrays
from ._parameters import gamma_pair, is_real

__all__ = ["curvature", "gradient", "value"]


def value(y, z, *, gamma=0.0, pos_weight=1.0):
    r"""Return the loss of label y at logit z.

    With p = sigmoid(z): :math:`-\,\mathrm{pos\_weight}\; y\,(1-p)^{\gamma_+} \log p -
    (1-y)\,p^{\gamma_-} \log(1-p)`, the focal loss of Lin et al. (ICCV 2017), mixed linearly for
    soft labels; with ``gamma=0`` binary cross-entropy.

    Parameters
    ----------
    y : array-like
        Labels in [0, 1].
    z : array-like
        Logits, finite. Broadcast against ``y``.
    gamma : float or tuple of two floats, default=0.0
        Focal exponent, >= 0, or a pair (on positive labels, on negative labels).
    pos_weight : float, default=1.0
        Factor on the positive term, >= 0.

    Returns
    -------
    loss : ndarray, or float if both are scalars
        In nats. The error is at most 1e-15 for cross-entropy and 1e-13 for focal losses, relative
        or absolute, whichever is larger.

    Raises
    ------
    ValueError
        If ``y`` leaves [0, 1], if ``z`` is not finite, or if ``gamma`` or ``pos_weight`` is
        negative or not finite.

    Examples
    --------
    >>> from sklearn_bce import loss
    >>> float(loss.value(1.0, 0.0).round(6))
    0.693147
    """
    return _evaluate(y, z, gamma, pos_weight)[0]


def gradient(y, z, *, gamma=0.0, pos_weight=1.0):
    """Return the derivative of `value` in z; for ``gamma=0`` and ``pos_weight=1`` it is p - y.

    Parameters
    ----------
    y : array-like
        Labels in [0, 1].
    z : array-like
        Logits. Broadcast against ``y``.
    gamma : float or tuple of two floats, default=0.0
        Focal exponent, >= 0, or a pair (on positive labels, on negative labels).
    pos_weight : float, default=1.0
        Factor on the positive term, >= 0.

    Returns
    -------
    slope : ndarray, or float if both are scalars
        The derivative.

    Raises
    ------
    ValueError
        As `value`.
    """
    return _evaluate(y, z, gamma, pos_weight)[1]


def curvature(y, z, *, gamma=0.0, pos_weight=1.0):
    """Return the second derivative of `value` in z, negative in places where gamma > 0.

    Parameters
    ----------
    y : array-like
        Labels in [0, 1].
    z : array-like
        Logits. Broadcast against ``y``.
    gamma : float or tuple of two floats, default=0.0
        Focal exponent, >= 0, or a pair (on positive labels, on negative labels).
    pos_weight : float, default=1.0
        Factor on the positive term, >= 0.

    Returns
    -------
    curvature : ndarray, or float if both are scalars
        The second derivative.

    Raises
    ------
    ValueError
        As `value`.
    """
    return _evaluate(y, z, gamma, pos_weight)[2]


def _evaluate(y, z, gamma, pos_weight):
    y, z = np.broadcast_arrays(np.asarray(y, dtype=np.float64), np.asarray(z, dtype=np.float64))
    if not ((y >= 0.0) & (y <= 1.0)).all():
        raise ValueError(f"y must lie in [0, 1]. Got {np.min(y):g} to {np.max(y):g}.")
    if not np.isfinite(z).all():
        raise ValueError(f"z must be finite. Got {z[~np.isfinite(z)][0]:g}.")
    gammas = gamma_pair(gamma)
    if not (is_real(pos_weight) and 0.0 <= pos_weight < np.inf):
        raise ValueError(f"pos_weight must be a finite number >= 0. Got {pos_weight!r}.")
    u, v = (pos_weight * y).ravel(), (1.0 - y).ravel()
    results = np.empty((3, y.size))
    # A copy of z: Numba asks whether a broadcast view may be written, of which NumPy 2.0 warns.
    loss_arrays(z.flatten(), u, v, *gammas, *results)
    return tuple(result.reshape(y.shape)[()] for result in results)
