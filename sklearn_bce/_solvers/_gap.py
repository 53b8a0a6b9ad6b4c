"""Bounds of the distance to the minimum by duality, which take no reading of X.

They hold for convex losses, cross-entropy that is, and are tight where the penalty is strong or has
an L1 part.
"""

import numpy as np


def gap_at(objective, point):
    r"""Return the duality gap of a convex loss, at a point whose intercept has its optimum.

    The slopes of the losses there, times some :math:`\alpha \le 1`, are the dual point. With
    g the gradient of the losses, their conjugate costs at most :math:`1 - \alpha` times what
    the losses are above the labels' entropy, by convexity, and each column

    .. math:: \alpha g w + l |w| + \tfrac m2 w^2 + (\alpha |g| - l)_+^2 / (2 m)

    for its L1 penalty l and L2 penalty m. Of :math:`\alpha = 1` and that which brings all
    :math:`\alpha |g|` down to l the better one is taken. For l = 0 this is
    :math:`|\nabla|^2 / (2 m)`.
    """
    l1, l2, theta = objective.l1[:-1], objective.l2[:-1], point.theta[:-1]
    if not objective.has_l1:
        return 0.5 * np.sum(point.gradient[:-1] ** 2 / l2) if l2.all() else np.inf
    slope = point.gradient[:-1] - l2 * theta
    gap = penalty_gap(slope, theta, l1, l2) if l2.all() else np.inf
    if l1.all():
        alpha = 1.0 / np.max(np.abs(slope) / l1, initial=1.0)
        penalty = np.sum(l1 * np.abs(theta) + 0.5 * l2 * theta**2)
        slope = np.clip(alpha * slope, -l1, l1)  # what is above l1 is rounding
        shrunk = (1.0 - alpha) * (point.value - penalty - objective.lowest)
        gap = min(gap, shrunk + penalty_gap(slope, theta, l1, l2))
    return gap


def gap_near(objective, point, slope):
    r"""Return a bound of the gap where the intercept is only near its optimum, or infinity.

    A dual point sums to 0. Let t be the sum of the slopes there, the ``slope`` in the
    intercept. Of its sign some slopes are, which sum to at least P, and these are shrunk by the
    part :math:`\varepsilon = |t| / P`. With :math:`|\cdot|_m` the norm that the L2 penalty m
    gives to coefficients and :math:`|\cdot|_{1/m}` its dual, the gap is at most

    .. math::

        \tfrac12 (|\nabla|_{1/m} + \varepsilon \sqrt\kappa)^2 + \varepsilon \sqrt\kappa\,
        |w|_m + |t b| + \varepsilon \log 2.

    A conjugate is at most log 2 below 0 for rows of weight 1 in all, and convex. By the shrunk
    slopes, which are no larger than their rows' weights, the gradient changes by no more
    than the root of the rows' mean square in the dual norm: :math:`\kappa`, the objective's
    `condition`. Rows that are sure have slopes of one sign, at least as large as their curvatures:
    P.
    """
    if not objective.has_own_columns or objective.has_l1 or objective.strength == 0.0:
        return np.inf
    unsure = objective.positive if slope > 0.0 else objective.negative
    least = point.curvature[unsure == 0.0].sum()
    if not least > abs(slope):
        return np.inf
    part = abs(slope) / least
    change = part * np.sqrt(objective.condition)
    l2, theta = objective.l2[:-1], point.theta[:-1]
    steepness = np.sqrt(np.sum(point.gradient[:-1] ** 2 / l2)) + change
    size = np.sqrt(np.sum(l2 * theta**2))
    rest = abs(slope * point.theta[-1]) + part * np.log(2.0)
    return 0.5 * steepness**2 + change * size + rest


def penalty_gap(slope, theta, l1, l2):
    """Return by how much the penalty at theta, and its conjugate at -slope, exceed -slope @ theta.

    Where l2 is 0, no slope may be above l1.
    """
    excess = np.maximum(np.abs(slope) - l1, 0.0)
    square = np.divide(excess**2, 2.0 * l2, out=np.zeros_like(l2), where=l2 > 0.0)
    return np.sum(slope * theta + l1 * np.abs(theta) + 0.5 * l2 * theta**2 + square)
