"""Stochastic gradient descent: epochs of small steps, with the objective measured after each.

It makes no claim about the distance to the minimum. It ends when the objective has stopped
improving, and the best epoch counts.
"""

import numpy as np

from .._descent import Descent
from .._epochs import Epochs
from .._progress import SAME
from ._loop import Solution, unwatched


def solve(objective, theta, control, n_iter=0):
    """Minimise from ``theta``; an iteration is an epoch."""
    steps = control.steps
    point = yield objective.evaluate_alone, theta
    nowhere = np.zeros_like(theta)
    if n_iter >= control.max_iter:
        return Solution(point, n_iter, np.nan, [point.value], nowhere, is_done=False)
    search = _Search(objective, point, steps, n_iter)
    saved = steps.saved.get(steps.index)
    if search.is_of(saved):
        there = yield objective.evaluate_alone, saved["theta"]
        if np.isclose(there.value, saved["least"], rtol=SAME, atol=0.0):
            search.go_on(saved)
    told_to_stop = control.begin(search.n_iter, search.theta, progress=search.gone_on_from)
    while search.n_iter < control.max_iter and not search.is_over and not told_to_stop:
        yield search.epochs.epoch, search.n_iter
        (coef,), (intercept,) = search.epochs.descent.coefficients(steps.rule)
        point = yield objective.evaluate_alone, objective.to_theta(coef, intercept)
        search.note(point)
        progress = None if control.watch is unwatched else search.save()
        told = search.n_iter, point.theta, point.value, np.nan
        told_to_stop = control.watch(*told, progress=progress)
    best = yield objective.evaluate_alone, search.theta
    return Solution(
        best, search.n_iter, np.nan, search.curve, nowhere, bool(told_to_stop), search.is_over
    )


class _Search:
    """How far the epochs of one problem have come, in plain numbers and arrays.

    A fit that was broken off goes on from what `save` has returned to the same bits, if it is asked
    to solve the same problem by the same steps.
    """

    def __init__(self, objective, point, steps, n_iter):
        self.steps = steps
        self.n_iter = n_iter
        self.n_idle = 0  # epochs in vain, in a row
        self.curve = [point.value]
        self.theta, self.least = point.theta, point.value  # the best
        self.problem = [
            *[objective.n_rows, objective.strength, *objective.gammas, steps.seed],
            *[*steps.rule, objective.matrix.is_sparse],
        ]
        self.gone_on_from = {}
        descent = _start(objective, point, steps.rule)
        self.epochs = Epochs(objective, descent, steps.rule, steps.seed)

    def is_of(self, saved):
        """Whether something was saved, and the same problem and steps were meant."""
        return saved is not None and saved.get("problem") == self.problem

    def go_on(self, saved):
        """Take up what another search has saved."""
        self.gone_on_from = saved
        for name in ("n_iter", "n_idle", "theta", "least"):
            setattr(self, name, saved[name])
        self.curve = list(saved["curve"])
        self.epochs.descent = Descent.from_dict(saved["descent"]).copy()

    @property
    def is_over(self):
        return self.n_idle >= self.steps.n_iter_no_change

    def note(self, point):
        """Take note of the point that an epoch has led to."""
        self.n_iter += 1
        self.curve.append(np.inf if np.isnan(point.value) else point.value)  # beyond all floats
        is_in_vain = not point.value < self.least * (1.0 - self.steps.tol)
        self.n_idle = self.n_idle + 1 if is_in_vain else 0
        if point.value < self.least:
            self.theta, self.least = point.theta, point.value

    def save(self):
        """Return what `go_on` needs."""
        return {
            "problem": self.problem,
            "n_iter": self.n_iter,
            "n_idle": self.n_idle,
            "curve": list(self.curve),
            "theta": self.theta,
            "least": self.least,
            "descent": self.epochs.descent.copy().as_dict(),
        }


def _start(objective, point, rule):
    coef, intercept = objective.from_theta(point.theta)
    prior = float(rule.batch_size)
    if point.theta[:-1].any():
        # A start that others have found is as good as one that these rows have led to: the squared
        # slopes of well-fitted rows are their curvatures on average.
        prior += objective.n_rows * point.curvature.sum()
    return Descent.start(
        coef[np.newaxis],
        np.array([intercept]),
        rule,
        is_sparse=objective.matrix.is_sparse,
        penalty=np.zeros(1),
        prior=np.array([prior]),
    )
