"""Epochs of stochastic steps: every row of a fit once, for many problems in one reading."""

from typing import NamedTuple

import numpy as np

from ._descent import Descent
from ._kernels.stochastic import N_MOMENTS, N_PLACES, Rule


class Steps(NamedTuple):
    """What the user asks of stochastic steps in a fit."""

    rule: Rule
    seed: int | None  # of the order of the rows; None leaves them as they are
    tol: float  # an epoch that improves the objective by less, relative, is in vain
    n_iter_no_change: int  # after as many of those in a row the fit ends
    saved: dict  # by the problem's index: how far a fit had come that was broken off
    index: int = 0  # of the problem


class Epochs:
    """One problem of a fit, which learns all rows in every epoch.

    Parameters
    ----------
    objective : Objective
    descent : Descent
    rule : Rule
    seed : int or None
        Of the order of rows, another in every epoch; None is theirs.
    """

    def __init__(self, objective, descent, rule, seed):
        self.objective = objective
        self.matrix = objective.matrix
        self.descent = descent
        self.rule = rule
        self.seed = seed
        self.rows = np.flatnonzero(objective.positive + objective.negative)

    def epoch(self, number):
        """Learn all rows that have a weight, once."""
        _learn([self], number)

    def shares_reading(self, other):
        """Whether both may learn from the same batches, number by number."""
        return np.array_equal(self.rows, other.rows)


def learn_together(matrix, problems, numbers):
    """Let many problems learn an epoch each; those at the same number share the reading of X."""
    waiting = list(zip(problems, numbers, strict=True))
    while waiting:
        first, number = waiting[0]
        some = [each for each, n in waiting if n == number and first.shares_reading(each)]
        waiting = [pair for pair in waiting if pair[0] not in some]
        _learn(some, number)
    return [None] * len(problems)


def _learn(problems, number):
    first = problems[0]
    rows, rule = first.rows, first.rule
    if first.seed is not None:
        rows = np.random.default_rng([first.seed, number]).permutation(rows)
    objectives = [each.objective for each in problems]
    descent = _joined([each.descent for each in problems])
    descent.learn(
        first.matrix.source,
        rows,
        [each.positive for each in objectives],
        [each.negative for each in objectives],
        np.array([each.gammas for each in objectives]),
        rule,
        share=np.array([each.strength for each in objectives]),
        factor=float(rows.size),  # the weights of an objective sum to 1
    )
    for k, each in enumerate(problems):
        each.descent = _parted(descent, k)


# What belongs to each problem, and the axis of problems: for dense rows and for sparse ones. So do
# ``features``, but for sparse rows they begin with moments that all problems share.
_AXES = {
    "average": (0, 1),
    "intercept": (1, 1),
    "row_weight": (0, 0),
    "prior": (0, 0),
    "penalty": (0, 0),
}


def _joined(descents):
    """Problems that have learned from the same rows, as one Descent."""
    first = descents[0]
    if len(descents) == 1:
        return first
    arrays = {
        name: np.concatenate(
            [getattr(each.state, name) for each in descents], axis[first.is_sparse]
        )
        for name, axis in _AXES.items()
    }
    features = [each.state.features for each in descents]
    if first.is_sparse:
        features = [features[0][:, :N_MOMENTS], *[each[:, N_MOMENTS:] for each in features]]
    features = np.concatenate(features, axis=1)
    return Descent(first.state._replace(features=features, **arrays), first.is_sparse)


def _parted(descent, k):
    """Problem k by itself."""
    if descent.n_problems == 1:
        return descent
    arrays = {
        name: np.take(getattr(descent.state, name), [k], axis[descent.is_sparse])
        for name, axis in _AXES.items()
    }
    own = [k]
    if descent.is_sparse:
        first = N_MOMENTS + k * N_PLACES
        own = [*range(N_MOMENTS), *range(first, first + N_PLACES)]
    arrays |= {"features": np.take(descent.state.features, own, 1)}
    arrays |= {name: getattr(descent.state, name).copy() for name in ("moments", "totals")}
    return Descent(descent.state._replace(**arrays), descent.is_sparse)
