"""The best intercept where no feature counts: one number, no reading of X."""

import numpy as np

from .._intercept import intercept_shift
from .._kernels.pointwise import loss_of_rows


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
