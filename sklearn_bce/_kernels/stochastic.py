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

from .jit import jit
from .pointwise import loss_of_rows

# Places in `State.features`.
DUAL = 0
CURVATURE = 1
SQUARES = 2  # sum of squared gradients

# Places in `State.moments`. The spread is the sum of squares about the centre.
CENTER = 0  # of dense rows; that of sparse ones is 0
PRESENCE = 0  # of sparse rows: number of entries
SPREAD = 1

# Places in `State.totals`.
ROWS = 0  # seen
STEPS = 1  # taken
ENTRIES = 2  # of sparse rows, seen
WORK = 3  # values read since the last point that went into the average
POINTS = 4  # that are in the average
N_TOTALS = 5


class State(NamedTuple):
    """What is known of K problems after some rows; kernels change it in place.

    What dense rows need together lies together in rows, what sparse ones do in columns.
    """

    features: np.ndarray  # (3, K, n_columns) dense, (n_columns, 3, K) sparse
    moments: np.ndarray  # (2, n_columns) dense: centre, spread; (n_columns, 2) sparse
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
def dense_steps(X, u, v, gammas, share, rule, state, loss):
    """Take one step a batch of rows of X (n_rows, n_columns), in their order.

    ``u`` and ``v`` are (K, n_rows), ``gammas`` is (K, 2); a row adds ``share`` (K,) to the penalty.
    The losses of the rows, each before it was learned, are added to ``loss`` (K,).
    """
    n_rows, n_columns = X.shape
    n_problems = u.shape[0]
    totals = state.totals
    block = np.empty((rule.batch_size, n_columns))
    coefs = np.empty((n_problems, n_columns))
    gradient = np.empty(n_columns)
    z, slope, weight = np.empty((3, rule.batch_size))
    for k in range(n_problems):
        _fill_coef(
            state.features[DUAL, k],
            state.features[CURVATURE, k],
            state.penalty[k],
            rule.l1_ratio,
            coefs[k],
        )
    for start in range(0, n_rows, rule.batch_size):
        stop = min(start + rule.batch_size, n_rows)
        n = stop - start
        rows = block[:n]
        if rule.is_adaptive:
            n_varying = _center(X, start, rule.fit_intercept, state, coefs, rows)
        else:
            n_varying = 0
            rows[:] = X[start:stop]
        totals[ROWS] += n
        totals[STEPS] += 1.0
        base = _base_curvature(rule, n_varying, totals[STEPS])
        for k in range(n_problems):
            coef = coefs[k]
            for i in range(n):
                score = 0.0
                for j in range(n_columns):
                    score += rows[i, j] * coef[j]
                z[i] = score + state.intercept[0, k]
            loss[k] += _learn_rows(k, start, u, v, gammas, state, z[:n], slope[:n], weight[:n])
            gradient[:] = 0.0
            for i in range(n):
                for j in range(n_columns):
                    gradient[j] += slope[i] * rows[i, j]
            prior = state.prior[k] * state.row_weight[k] / totals[ROWS]
            for j in range(n_columns):
                h = base
                mean_square = 1.0
                if rule.is_adaptive:
                    state.features[SQUARES, k, j] += gradient[j] * gradient[j]
                    mean_square = state.moments[SPREAD, j] / totals[ROWS]
                    h *= math.sqrt(mean_square) * math.sqrt(
                        state.features[SQUARES, k, j] + prior * mean_square
                    )
                if gradient[j] != 0.0 and mean_square > 0.0 and h < np.inf:
                    state.features[DUAL, k, j] += (
                        gradient[j] - (h - state.features[CURVATURE, k, j]) * coef[j]
                    )
                    state.features[CURVATURE, k, j] = h
            _step_intercept(k, slope[:n].sum(), base, prior, rule, state)
            state.penalty[k] += n * share[k]
            _fill_coef(
                state.features[DUAL, k],
                state.features[CURVATURE, k],
                state.penalty[k],
                rule.l1_ratio,
                coef,
            )
        if rule.average:
            step = _next_point(totals)
            for k in range(n_problems):
                for j in range(n_columns):
                    state.average[k, j] += step * (coefs[k, j] - state.average[k, j])
                state.intercept[2, k] += step * (state.intercept[0, k] - state.intercept[2, k])


@jit
def _center(X, start, fit_intercept, state, coefs, rows):
    """Fill ``rows`` with a batch, centred; return the number of columns that vary.

    Centre and spread learn from it first (update by a batch: Chan, Golub and LeVeque, The American
    Statistician 37, 1983). All is relative to the last centre, so that a column that has never
    changed vanishes to the last bit. Logits stay as they are when the centre moves.
    """
    n, n_columns = rows.shape
    seen = state.totals[ROWS]
    total = seen + n
    if fit_intercept and seen == 0.0:
        for j in range(n_columns):
            state.moments[CENTER, j] = X[start, j]
            for k in range(coefs.shape[0]):
                state.intercept[0, k] += X[start, j] * coefs[k, j]
    mean, squares = np.zeros((2, n_columns))
    for i in range(n):
        for j in range(n_columns):
            rows[i, j] = X[start + i, j] - state.moments[CENTER, j]
            mean[j] += rows[i, j]
            squares[j] += rows[i, j] * rows[i, j]
    n_varying = 0
    for j in range(n_columns):
        mean[j] = mean[j] / n if fit_intercept else 0.0
        inner = max(squares[j] - n * mean[j] * mean[j], 0.0)
        state.moments[SPREAD, j] += inner + mean[j] * mean[j] * (seen * n / total)
        mean[j] *= n / total
        state.moments[CENTER, j] += mean[j]
        n_varying += state.moments[SPREAD, j] > 0.0
    if fit_intercept:
        for i in range(n):
            for j in range(n_columns):
                rows[i, j] -= mean[j]
        for k in range(coefs.shape[0]):
            shift, average_shift = 0.0, 0.0
            for j in range(n_columns):
                shift += mean[j] * coefs[k, j]
                average_shift += mean[j] * state.average[k, j]
            state.intercept[0, k] += shift
            state.intercept[2, k] += average_shift
    return n_varying


@jit
def sparse_steps(X, rows, u, v, gammas, share, rule, state, loss, place):
    """Take one step a batch of rows of sparse X; as `dense_steps`, with ``rows`` their numbers.

    ``place`` (n_columns,), of any content, is room to note where in a batch a column is.
    """
    n_columns, n_problems = state.average.shape
    totals = state.totals
    z, slope, weight = np.empty((3, rule.batch_size))
    room = _most_entries(X, rows, rule.batch_size)
    columns, places = np.empty(room, np.int64), np.empty(room, np.int64)
    coefs, gradient = np.empty((2, room))
    for start in range(0, rows.size, rule.batch_size):
        batch = rows[start : start + rule.batch_size]
        n = batch.size
        n_present, n_entries = _find_columns(X, batch, state.moments, place, columns, places)
        totals[ROWS] += n
        totals[STEPS] += 1.0
        totals[ENTRIES] += n_entries
        base = _base_curvature(rule, totals[ENTRIES] / totals[ROWS], totals[STEPS])
        share_of_row = 1.0 / totals[ROWS]
        for k in range(n_problems):
            for at in range(n_present):
                j = columns[at]
                coefs[at] = _coef(
                    state.features[j, DUAL, k],
                    state.features[j, CURVATURE, k],
                    state.penalty[k],
                    rule.l1_ratio,
                )
                gradient[at] = 0.0
            seen = 0
            for i in range(n):
                first, last = X.indptr[batch[i]], X.indptr[batch[i] + 1]
                score = 0.0
                for entry in range(last - first):
                    score += X.values[first + entry] * coefs[places[seen + entry]]
                seen += last - first
                z[i] = score + state.intercept[0, k]
            loss[k] += _learn_rows(k, start, u, v, gammas, state, z[:n], slope[:n], weight[:n])
            seen = 0
            for i in range(n):
                first, last = X.indptr[batch[i]], X.indptr[batch[i] + 1]
                for entry in range(last - first):
                    gradient[places[seen + entry]] += slope[i] * X.values[first + entry]
                seen += last - first
            prior = state.prior[k] * state.row_weight[k] * share_of_row
            for at in range(n_present):
                j = columns[at]
                h = base
                size = 1.0
                if rule.is_adaptive:
                    spread = state.moments[j, SPREAD]
                    size = spread / max(state.moments[j, PRESENCE], 1.0)
                    square = state.features[j, SQUARES, k] + gradient[at] * gradient[at]
                    state.features[j, SQUARES, k] = square
                    h *= math.sqrt(size * (square + prior * (spread * share_of_row)))
                if gradient[at] != 0.0 and size > 0.0 and h < np.inf:
                    change = h - state.features[j, CURVATURE, k]
                    state.features[j, DUAL, k] += gradient[at] - change * coefs[at]
                    state.features[j, CURVATURE, k] = h
            _step_intercept(k, slope[:n].sum(), base, prior, rule, state)
            state.penalty[k] += n * share[k]
        totals[WORK] += n_entries
        # A point costs as much as n_columns entries: the average takes one as often as that.
        if rule.average and totals[WORK] >= n_columns:
            totals[WORK] = 0.0
            step = _next_point(totals)
            for k in range(n_problems):
                for j in range(n_columns):
                    coef = _coef(
                        state.features[j, DUAL, k],
                        state.features[j, CURVATURE, k],
                        state.penalty[k],
                        rule.l1_ratio,
                    )
                    state.average[j, k] += step * (coef - state.average[j, k])
                state.intercept[2, k] += step * (state.intercept[0, k] - state.intercept[2, k])


@jit
def _find_columns(X, batch, moments, place, columns, places):
    """List the ``columns`` of a batch, and the place in that list of each entry; return how many.

    The list is a set in two arrays (Briggs and Torczon, "An efficient representation for sparse
    sets", 1993). The moments learn from the entries.
    """
    n_present = n_entries = 0
    for row in batch:
        for entry in range(X.indptr[row], X.indptr[row + 1]):
            j, value = X.indices[entry], float(X.values[entry])
            at = place[j]
            if not (0 <= at < n_present and columns[at] == j):
                at = place[j] = n_present
                columns[at] = j
                n_present += 1
            places[n_entries] = at
            n_entries += 1
            moments[j, SPREAD] += value * value
            moments[j, PRESENCE] += value != 0.0
    return n_present, n_entries


@jit
def _most_entries(X, rows, batch_size):
    """The most entries that a batch of rows has."""
    most = 0
    for start in range(0, rows.size, batch_size):
        n_entries = 0
        for row in rows[start : start + batch_size]:
            n_entries += X.indptr[row + 1] - X.indptr[row]
        most = max(most, n_entries)
    return most


@jit
def _coef(dual, curvature, penalty, l1_ratio):
    """The coefficient that minimises what the module's first lines say."""
    size = max(abs(dual) - l1_ratio * penalty, 0.0)
    return math.copysign(size, -dual) / (curvature + (1.0 - l1_ratio) * penalty)


@jit
def _fill_coef(dual, curvature, penalty, l1_ratio, coef):
    for j in range(coef.size):
        coef[j] = _coef(dual[j], curvature[j], penalty, l1_ratio)


@jit
def fill_coefs(features, penalty, l1_ratio, coefs):
    """Fill ``coefs`` (K, n_columns) with the coefficients as they are now.

    ``features`` is (3, K, n_columns), and may be a view of those of sparse rows.
    """
    for k in range(coefs.shape[0]):
        _fill_coef(features[DUAL, k], features[CURVATURE, k], penalty[k], l1_ratio, coefs[k])


@jit
def _base_curvature(rule, n_present, step):
    """The inverse length of steps, for a feature of size 1 whose squared gradients sum to 1.

    ``n_present`` is the number of features that a row has on average: as many move together.
    """
    if rule.is_adaptive:
        return math.sqrt(1.0 + n_present) / rule.eta0
    return rule.batch_size * step**rule.power / rule.eta0


@jit
def _learn_rows(k, start, u, v, gammas, state, z, slope, weight):
    """Fill the slopes of a batch and return its loss; the squared weights learn from it."""
    positive, negative = u[k, start : start + z.size], v[k, start : start + z.size]
    for i in range(z.size):
        state.row_weight[k] += (positive[i] + negative[i]) ** 2
    loss, _ = loss_of_rows(z, positive, negative, gammas[k, 0], gammas[k, 1], slope, weight)
    return loss


@jit
def _step_intercept(k, gradient, base, prior, rule, state):
    if not rule.fit_intercept or gradient == 0.0:
        return
    h = base
    if rule.is_adaptive:
        state.intercept[1, k] += gradient * gradient
        h *= math.sqrt(state.intercept[1, k] + prior)
    state.intercept[0, k] -= gradient / h


@jit
def _next_point(totals):
    """The share of the next point in an average where points count about as their number cubed.

    Polynomial-decay averaging with exponent 3: Shamir and Zhang, "Stochastic Gradient Descent for
    Non-smooth Optimization" (ICML 2013).
    """
    totals[POINTS] += 1.0
    return 4.0 / (totals[POINTS] + 3.0)
