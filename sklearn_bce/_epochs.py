"""Epochs of stochastic steps: every row of a fit once, for many problems in one reading."""

from typing import NamedTuple

import numpy as np

from ._descent import Descent, in_random_order
from ._kernels.stochastic import Rule

_LARGEST_SHARE = 1e100  # of the penalty, for a row


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
        rows = in_random_order(rows, first.seed, number)
    objectives = [each.objective for each in problems]
    descent = Descent.join([each.descent for each in problems])
    descent.learn(
        first.matrix.source,
        rows,
        np.stack([each.positive for each in objectives]),
        np.stack([each.negative for each in objectives]),
        np.array([each.gammas for each in objectives]),
        rule,
        share=np.array([min(each.strength, _LARGEST_SHARE) for each in objectives]),
        factor=float(rows.size),  # the weights of an objective sum to 1
    )
    for k, each in enumerate(problems):
        each.descent = descent.part(k)
