r"""Stochastic steps: one small batch of rows after another moves the coefficients of K problems.

With g_s the gradient of the losses of step s the coefficients w of a problem are, after any number
of steps, the minimiser of

.. math::

    \sum_s g_s \cdot w + \sum_s \tfrac12 (h_s - h_{s-1}) |w - w_s|^2
    + \Lambda [r |w|_1 + \tfrac12 (1 - r) |w|_2^2],

which is -soft(dual, r L) / (h + (1 - r) L), feature by feature, with ``dual`` the sum of all linear
terms, ``curvature`` h and ``penalty`` L: FTRL-Proximal (McMahan, "Follow-the-Regularized-Leader and
Mirror Descent", AISTATS 2011). The penalty grows or stays without a visit to any coefficient, so
that a step costs what the batch holds.

A step of dense rows is a batch. Sparse rows each take one, by a slope at the coefficients before
their batch, and by the squared gradients before it and their own: to find out which columns the
rows of a batch share takes more than it saves. Where h stays, as by the plain rules, that is the
same.

A feature's h changes only with a gradient that is not zero: sparse and dense rows do the same.
Where the penalty stays and r is 0 a step means w <- w - g / (h + L), whatever h was before: sparse
rows then keep w, and neither ``dual`` nor ``curvature``.
"""

import math
from typing import NamedTuple

import numpy as np

from .jit import jit, jit_exact, jit_within

# Places of a problem in `State.duals`.
DUAL = 0
CURVATURE = 1
N_DUALS = 2

# Places in `State.moments` of dense rows. The spread is the sum of squares about the centre.
CENTER = 0
SPREAD = 1

# Places in `State.features` of sparse rows, whose centre is 0: of all problems, then of each.
PRESENCE = 0  # number of entries; beside it, as above, SPREAD
N_MOMENTS = 2
SQUARES = 0  # sum of squared gradients
COEF = 1  # unless there are duals
N_PLACES = 2

# Places in `State.totals`.
ROWS = 0  # seen
STEPS = 1  # taken
ENTRIES = 2  # of sparse rows, seen
WORK = 3  # entries of sparse rows since the last point of the average, or to its beginning
POINTS = 4  # that are in the average
N_TOTALS = 5

# Of sparse rows, entries of which a column has had so many on average: from one point that goes
# into the average to the next, as a point takes as long as a tenth of them; and before there is an
# average. Until then coefficients still learn more than they scatter, words with few texts do at
# least, and what is remembered of them only holds them back.
BETWEEN_POINTS = 2
BEFORE_AVERAGE = 16


class State(NamedTuple):
    """What is known of K problems after some rows; kernels change it in place.

    What dense rows need together lies together in rows, what sparse ones do in columns: all that a
    step needs of a column is a row of ``features``, its moments first, then each problem's places.
    """

    # dense, sparse
    features: np.ndarray  # (K, n_columns) squares, (n_columns, N_MOMENTS + K * N_PLACES)
    duals: np.ndarray  # (N_DUALS, K, n_columns), (n_columns, K * N_DUALS) or (0, K * N_DUALS)
    moments: np.ndarray  # (2, n_columns), (2, 0)
    average: np.ndarray  # (K, n_columns), (n_columns, K): of the coefficients
    intercept: np.ndarray  # (3, K): the intercept at the centre, its squared gradients, its average
    squared_weight: np.ndarray  # (K,): sum of the squared weights of rows
    prior: np.ndarray  # (K,): rows that count as seen before, with slopes as large as their weight
    penalty: np.ndarray  # (K,)
    totals: np.ndarray  # (N_TOTALS,)


class Rule(NamedTuple):
    """How long the steps are."""

    is_adaptive: bool
    eta0: float
    power: float  # not adaptive: eta0 / step ** power
    batch_size: int
    average: bool
    fit_intercept: bool
    l1_ratio: float


@jit_within
def first_place(k):
    """The place in the `State.features` of a sparse column where those of problem k begin."""
    return N_MOMENTS + N_PLACES * k


@jit_exact
def coefficient(dual, curvature, penalty, l1_ratio):
    """The coefficient that minimises what the first lines of the file say."""
    size = max(abs(dual) - l1_ratio * penalty, 0.0)
    return math.copysign(size, -dual) / (curvature + (1.0 - l1_ratio) * penalty)


@jit
def fill_coefs(duals, penalty, l1_ratio, coefs):
    """Fill the first columns of ``coefs`` (K, ...) with the coefficients as they are now.

    ``duals`` is (2, K, n_columns), and may be a view of those of sparse rows.
    """
    for k in range(duals.shape[1]):
        for j in range(duals.shape[2]):
            coefs[k, j] = coefficient(
                duals[DUAL, k, j], duals[CURVATURE, k, j], penalty[k], l1_ratio
            )


@jit_within
def base_curvature(rule, n_present, step):
    """The inverse length of steps, for a feature of size 1 whose squared gradients sum to 1.

    ``n_present`` is the number of features that a row has on average: as many move together.
    """
    if rule.is_adaptive:
        return math.sqrt(1.0 + n_present) / rule.eta0
    return rule.batch_size * step**rule.power / rule.eta0


@jit_within
def prior_square(k, prior, squared_weight, totals):
    """The squared slopes of the rows that count as seen before the first."""
    return prior[k] * squared_weight[k] / totals[ROWS]


@jit_within
def move_intercept(k, gradient, base, prior, rule, intercept):
    """Let the intercept learn from a batch or a row; ``prior`` is its `prior_square`."""
    if not rule.fit_intercept or gradient == 0.0:
        return
    h = base
    if rule.is_adaptive:
        intercept[1, k] += gradient * gradient
        h *= math.sqrt(intercept[1, k] + prior)
    intercept[0, k] -= gradient / h


@jit
def next_point(totals, intercept):
    """The share of the next point in an average where points count about as their number cubed.

    It moves the averages of the intercepts.
    Polynomial-decay averaging with exponent 3: Shamir and Zhang, "Stochastic Gradient Descent for
    Non-smooth Optimization" (ICML 2013).
    """
    totals[POINTS] += 1.0
    share = 4.0 / (totals[POINTS] + 3.0)
    for k in range(intercept.shape[1]):
        intercept[2, k] += share * (intercept[0, k] - intercept[2, k])
    return share
