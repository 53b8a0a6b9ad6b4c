"""Stochastic gradient descent: epochs of small steps, with the loss measured after each.

It makes no claim about the distance to the minimum. It ends when the objective has stopped to
improve.
"""

import numpy as np

from .._descent import Descent
from .._epochs import Epochs
from ._loop import Solution


def solve(objective, theta, control, n_iter=0):
    """Minimise from ``theta``; an iteration is an epoch. The best one's coefficients count."""
    steps = control.steps
    point = yield objective.evaluate, theta
    epochs = Epochs(objective, _start(objective, point, steps.rule), steps.rule, steps.seed)
    curve = [point.value]
    best = point
    n_idle = number = 0
    told_to_stop = control.begin(n_iter, theta)
    while n_iter < control.max_iter and n_idle < steps.n_iter_no_change and not told_to_stop:
        yield epochs.epoch, number
        number += 1
        n_iter += 1
        (coef,), (intercept,) = epochs.descent.coefficients(steps.rule)
        point = yield objective.evaluate, objective.to_theta(coef, intercept)
        curve.append(point.value)
        n_idle = 0 if point.value < best.value * (1.0 - steps.tol) else n_idle + 1
        best = point if point.value < best.value else best
        told_to_stop = control.watch(n_iter, point.theta, point.value, np.nan)
    is_done = n_idle >= steps.n_iter_no_change
    return Solution(best, n_iter, np.nan, curve, np.zeros_like(theta), bool(told_to_stop), is_done)


def _start(objective, point, rule):
    coef, intercept = objective.from_theta(point.theta)
    prior = float(rule.batch_size)
    if point.theta[:-1].any():
        # A start that others have found is as good as one that these rows have led to: the squared
        # slopes of well-fitted rows are their curvatures on average.
        prior += objective.n_rows * point.weight.sum()
    return Descent.start(
        coef[np.newaxis],
        np.array([intercept]),
        rule,
        is_sparse=objective.matrix.is_sparse,
        penalty=np.zeros(1),
        prior=np.array([prior]),
    )
