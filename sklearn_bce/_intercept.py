"""The best intercept for given logits: one number, no reading of X."""

import numpy as np
from scipy.optimize import brentq

from ._kernels.pointwise import loss_of_rows


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
