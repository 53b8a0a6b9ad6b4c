r"""Stochastic steps: one small batch of rows after another moves the coefficients of K problems.

The coefficients w of a problem are not stored. With g_s the gradient of the losses of batch s they
are, after any number of batches, the minimiser of

.. math::

    \sum_s g_s \cdot w + \sum_s \tfrac12 (h_s - h_{s-1}) |w - w_s|^2
    + \Lambda [r |w|_1 + \tfrac12 (1 - r) |w|_2^2],

which is -soft(dual, r L) / (h + (1 - r) L), feature by feature, with ``dual`` the sum of all linear
terms, ``curvature`` h and ``penalty`` L: FTRL-Proximal (McMahan, "Follow-the-Regularized-Leader and
Mirror Descent", AISTATS 2011). Without a penalty it is the plain rule w <- w - g / h. The penalty
grows or stays without a visit to any coefficient, so that a step costs what the batch holds.

A feature's h changes only with a gradient that is not zero: sparse and dense rows do the same.
"""

import math
from typing import NamedTuple

import numpy as np

from .jit import jit, jit_exact
from .pointwise import loss_of_rows

# Places of a problem in `State.features`.
DUAL = 0
CURVATURE = 1
SQUARES = 2  # sum of squared gradients
GRADIENT = 3  # of sparse rows: of the batch at hand; zero between batches
N_PLACES = 4

# Places in `State.moments`, of sparse rows in `State.features`. The spread is the sum of squares
# about the centre.
CENTER = 0  # of dense rows; that of sparse ones is 0
PRESENCE = 0  # of sparse rows: number of entries
SPREAD = 1
N_MOMENTS = 2

# Places in `State.totals`.
ROWS = 0  # seen
STEPS = 1  # taken
ENTRIES = 2  # of sparse rows, seen
WORK = 3  # values read since the last point that went into the average
POINTS = 4  # that are in the average
N_TOTALS = 5


class State(NamedTuple):
    """What is known of K problems after some rows; kernels change it in place.

    What dense rows need together lies together in rows, what sparse ones do in columns: all that is
    known of a column is one row of ``features``, its moments first, then each problem's places.
    """

    features: np.ndarray  # (3, K, n_columns) dense, (n_columns, N_MOMENTS + K * N_PLACES) sparse
    moments: np.ndarray  # (2, n_columns) dense: centre, spread; (2, 0) sparse
    coefs: np.ndarray  # (0, K) dense, (n_columns, K) sparse: for ..
    coefs_penalty: np.ndarray  # (K,): .. this penalty; NaN where they are not worked out
    average: np.ndarray  # (K, n_columns), (n_columns, K): of the coefficients
    intercept: np.ndarray  # (3, K): the intercept at the centre, its squared gradients, its average
    row_weight: np.ndarray  # (K,): sum of the squared weights of rows
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


@jit
def first_place(k):
    """The place in a row of the `State.features` of sparse rows where those of problem k begin."""
    return N_MOMENTS + N_PLACES * k


@jit_exact
def coefficient(dual, curvature, penalty, l1_ratio):
    """The coefficient that minimises what the first lines of the file say."""
    size = max(abs(dual) - l1_ratio * penalty, 0.0)
    return math.copysign(size, -dual) / (curvature + (1.0 - l1_ratio) * penalty)


@jit
def fill_coefs(features, penalty, l1_ratio, coefs):
    """Fill the first columns of ``coefs`` (K, ...) with the coefficients as they are now.

    ``features`` is (3, K, n_columns), and may be a view of those of sparse rows.
    """
    for k in range(features.shape[1]):
        for j in range(features.shape[2]):
            coefs[k, j] = coefficient(
                features[DUAL, k, j], features[CURVATURE, k, j], penalty[k], l1_ratio
            )


@jit
def base_curvature(rule, n_present, step):
    """The inverse length of steps, for a feature of size 1 whose squared gradients sum to 1.

    ``n_present`` is the number of features that a row has on average: as many move together.
    """
    if rule.is_adaptive:
        return math.sqrt(1.0 + n_present) / rule.eta0
    return rule.batch_size * step**rule.power / rule.eta0


@jit
def row_arrays(n_rows):
    """Return arrays for logits, slopes and weights; parts of one would count as not contiguous."""
    return np.empty(n_rows), np.empty(n_rows), np.empty(n_rows)


@jit
def learn_rows(k, start, u, v, gammas, state, z, slope, weight):
    """Fill the slopes of a batch and return its loss; the squared weights learn from it."""
    positive, negative = u[k, start : start + z.size], v[k, start : start + z.size]
    for i in range(z.size):
        state.row_weight[k] += (positive[i] + negative[i]) ** 2
    loss, _ = loss_of_rows(z, positive, negative, gammas[k, 0], gammas[k, 1], slope, weight)
    return loss


@jit
def prior_square(k, state):
    """The squared slopes of the rows that count as seen before the first."""
    return state.prior[k] * state.row_weight[k] / state.totals[ROWS]


@jit
def end_batch(k, slope, base, share, rule, state):
    """Move the intercept, and let the penalty grow by the share of the rows."""
    state.penalty[k] += slope.size * share[k]
    gradient = 0.0
    for i in range(slope.size):
        gradient += slope[i]
    if not rule.fit_intercept or gradient == 0.0:
        return
    h = base
    if rule.is_adaptive:
        state.intercept[1, k] += gradient * gradient
        h *= math.sqrt(state.intercept[1, k] + prior_square(k, state))
    state.intercept[0, k] -= gradient / h


@jit
def next_point(state):
    """The share of the next point in an average where points count about as their number cubed.

    It moves the averages of the intercepts. Polynomial-decay averaging with exponent 3: Shamir and
    Zhang, "Stochastic Gradient Descent for Non-smooth Optimization" (ICML 2013).
    """
    state.totals[POINTS] += 1.0
    share = 4.0 / (state.totals[POINTS] + 3.0)
    for k in range(state.intercept.shape[1]):
        state.intercept[2, k] += share * (state.intercept[0, k] - state.intercept[2, k])
    return share
