"""The best intercept for given logits: one number, no reading of X."""

import numpy as np
from scipy.optimize import brentq

from .._kernels.pointwise import loss_of_rows


def intercept_shift(logits, positive, negative, gammas):
    """Return the shift of all logits at which the loss is stationary.

    For cross-entropy this is the minimum; for focal losses it is one for a constant logit, and a
    good starting point otherwise.
    """
    slope = np.empty_like(logits)
    weight = np.empty_like(logits)

    def total_slope(shift):
        loss_of_rows(logits + shift, positive, negative, *gammas, slope, weight)
        return slope.sum()

    # Far to the left every "yes" pulls up, far to the right every "no" pulls down.
    bound = 1.0
    while total_slope(-bound) >= 0.0 or total_slope(bound) <= 0.0:
        bound *= 2.0
    return brentq(total_slope, -bound, bound)


def best_constant(objective):
    """Return theta with no feature and the best intercept, which is 0 where none is fitted."""
    theta = np.zeros(objective.size)
    if objective.fit_intercept:
        theta[-1] = intercept_shift(
            np.zeros(1),
            objective.positive.sum(keepdims=True),
            objective.negative.sum(keepdims=True),
            objective.gammas,
        )
    return theta


def constant_value(objective, theta):
    """Return the objective's value at a theta without any feature."""
    unused = np.empty(1)
    value, _ = loss_of_rows(
        theta[-1:],
        objective.positive.sum(keepdims=True),
        objective.negative.sum(keepdims=True),
        *objective.gammas,
        unused,
        unused,
    )
    return value
