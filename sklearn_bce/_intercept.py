"""The best intercept for given logits, or without any feature: one number, no reading of X."""

import numpy as np
from scipy.optimize import brentq

from ._kernels.pointwise import loss_of_rows


def intercept_shift(logits, positive, negative, gammas):
    """Return the shift of all logits at which the loss is stationary.

    For cross-entropy this is the minimum; for focal losses it is one for a constant logit, and a
    good starting point otherwise.
    """

    def slope(shift):
        return total_slope(logits + shift, positive, negative, *gammas)

    # Far to the left every "yes" pulls up, far to the right every "no" pulls down.
    bound = 1.0
    while slope(-bound) >= 0.0 or slope(bound) <= 0.0:
        bound *= 2.0
    return brentq(slope, -bound, bound)


def total_slope(logits, positive, negative, gamma_positive, gamma_negative):
    """Return the derivative of the loss in a shift of all logits."""
    slope, weight = np.empty((2, logits.size))
    loss_of_rows(logits, positive, negative, gamma_positive, gamma_negative, slope, weight)
    return slope.sum()


def best_constant(objective):
    """Return theta with no feature and the best intercept, which is 0 where none is fitted."""
    theta = np.zeros(objective.size)
    if objective.fit_intercept:
        masses = objective.positive.sum(keepdims=True), objective.negative.sum(keepdims=True)
        if any(objective.gammas):
            theta[-1] = intercept_shift(np.zeros(1), *masses, objective.gammas)
        else:
            theta[-1:] = np.log(masses[0]) - np.log(masses[1])
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
