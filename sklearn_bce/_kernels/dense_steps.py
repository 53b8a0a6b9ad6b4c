"""Stochastic steps over dense rows; `stochastic.py` has the formulas."""

import math

import numpy as np

from .jit import jit
from .stochastic import (
    CENTER,
    CURVATURE,
    DUAL,
    ROWS,
    SPREAD,
    SQUARES,
    STEPS,
    base_curvature,
    end_batch,
    fill_coefs,
    learn_rows,
    next_point,
    prior_square,
)


@jit
def dense_steps(X, order, u, v, gammas, share, rule, state, loss):
    """Take one step a batch of rows of X (..., n_columns), in the ``order`` of their numbers.

    ``u`` and ``v`` are (K, n_rows) in that order, ``gammas`` is (K, 2); a row adds ``share`` (K,)
    to the penalty. The losses of the rows, each before it was learned, are added to ``loss`` (K,).
    """
    n_rows, n_columns = order.size, X.shape[1]
    n_problems = u.shape[0]
    block = np.empty((rule.batch_size, n_columns))
    coefs = np.empty((n_problems, n_columns))
    gradient = np.empty(n_columns)
    z, slope, weight = np.empty((3, rule.batch_size))
    fill_coefs(state.features, state.penalty, rule.l1_ratio, coefs)
    for start in range(0, n_rows, rule.batch_size):
        batch = order[start : start + rule.batch_size]
        n = batch.size
        rows = block[:n]
        n_varying = _read_batch(X, batch, rule, state, coefs, rows)
        state.totals[ROWS] += n
        state.totals[STEPS] += 1.0
        base = base_curvature(rule, n_varying, state.totals[STEPS])
        for k in range(n_problems):
            for i in range(n):
                score = 0.0
                for j in range(n_columns):
                    score += rows[i, j] * coefs[k, j]
                z[i] = score + state.intercept[0, k]
            loss[k] += learn_rows(k, start, u, v, gammas, state, z[:n], slope[:n], weight[:n])
            for j in range(n_columns):
                gradient[j] = 0.0
            for i in range(n):
                for j in range(n_columns):
                    gradient[j] += slope[i] * rows[i, j]
            _move(k, gradient, coefs[k], base, rule, state)
            end_batch(k, slope[:n], base, share, rule, state)
        fill_coefs(state.features, state.penalty, rule.l1_ratio, coefs)
        if rule.average:
            part = next_point(state)
            for k in range(n_problems):
                for j in range(n_columns):
                    state.average[k, j] += part * (coefs[k, j] - state.average[k, j])


@jit
def _read_batch(X, batch, rule, state, coefs, rows):
    """Fill ``rows`` with a batch, for adaptive steps centred; return how many columns vary."""
    if rule.is_adaptive:
        return _center(X, batch, rule.fit_intercept, state, coefs, rows)
    for i in range(rows.shape[0]):
        for j in range(rows.shape[1]):
            rows[i, j] = X[batch[i], j]
    return 0


@jit
def _move(k, gradient, coef, base, rule, state):
    """Let the features of a problem learn from the gradient of a batch."""
    dual, curvature = state.features[DUAL, k], state.features[CURVATURE, k]
    squares, spread = state.features[SQUARES, k], state.moments[SPREAD]
    n_rows, prior = state.totals[ROWS], prior_square(k, state)
    for j in range(gradient.size):
        h = base
        mean_square = 1.0
        if rule.is_adaptive:
            squares[j] += gradient[j] * gradient[j]
            mean_square = spread[j] / n_rows
            h *= math.sqrt(mean_square) * math.sqrt(squares[j] + prior * mean_square)
        if gradient[j] != 0.0 and mean_square > 0.0 and h < np.inf:
            dual[j] += gradient[j] - (h - curvature[j]) * coef[j]
            curvature[j] = h


@jit
def _center(X, batch, fit_intercept, state, coefs, rows):
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
            state.moments[CENTER, j] = X[batch[0], j]
            for k in range(coefs.shape[0]):
                state.intercept[0, k] += X[batch[0], j] * coefs[k, j]
    mean, squares = np.zeros((2, n_columns))
    for i in range(n):
        for j in range(n_columns):
            rows[i, j] = X[batch[i], j] - state.moments[CENTER, j]
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
