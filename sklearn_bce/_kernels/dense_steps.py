"""Stochastic steps over dense rows; `stochastic.py` has the formulas.

A batch is copied to rows of a length that vectors fill: what would be left over of each row takes
as long, number by number, as all the rest. The columns that no feature has are zero.
"""

import math

import numpy as np

from .jit import jit
from .pointwise import loss_of_rows
from .stochastic import (
    CENTER,
    CURVATURE,
    DUAL,
    ROWS,
    SPREAD,
    STEPS,
    base_curvature,
    fill_coefs,
    move_intercept,
    next_point,
    prior_square,
)

_VECTORS = 32  # numbers that compiled loops take at a time


@jit
def dense_steps(X, order, u, v, gammas, share, rule, state, loss):
    """Take one step a batch of rows of X (..., n_columns), in the ``order`` of their numbers.

    ``u`` and ``v`` are (K, n_rows) in that order, ``gammas`` is (K, 2); a row adds ``share`` (K,)
    to the penalty. The losses of the rows, each before it was learned, are added to ``loss`` (K,).
    """
    n_rows, n_columns = order.size, X.shape[1]
    n_problems = u.shape[0]
    width = -(-n_columns // _VECTORS) * _VECTORS
    most = min(n_rows, rule.batch_size)
    block = np.zeros((most, width))
    coefs = np.zeros((n_problems, width))
    center, gradient = np.zeros(width), np.empty(width)
    mean, squares = np.empty(width), np.empty(width)
    z, slope, weight = np.empty(most), np.empty(most), np.empty(most)
    fill_coefs(state.duals, state.penalty, rule.l1_ratio, coefs)
    for start in range(0, n_rows, rule.batch_size):
        batch = order[start : start + rule.batch_size]
        n = batch.size
        rows = block[:n]
        for i in range(n):
            row = batch[i]
            for j in range(n_columns):
                rows[i, j] = X[row, j]
        n_varying = 0
        if rule.is_adaptive:
            center[:n_columns] = state.moments[CENTER]
            n_varying = _center(rule.fit_intercept, state, coefs, rows, center, mean, squares)
        state.totals[ROWS] += n
        state.totals[STEPS] += 1.0
        base = base_curvature(rule, n_varying, state.totals[STEPS])
        for k in range(n_problems):
            for i in range(n):
                score = 0.0
                for j in range(width):
                    score += rows[i, j] * coefs[k, j]
                z[i] = score + state.intercept[0, k]
            positive, negative = u[k, start : start + n], v[k, start : start + n]
            for i in range(n):
                state.squared_weight[k] += (positive[i] + negative[i]) ** 2
            of_rows, _ = loss_of_rows(
                z[:n], positive, negative, gammas[k, 0], gammas[k, 1], slope[:n], weight[:n]
            )
            loss[k] += of_rows
            prior = prior_square(k, state.prior, state.squared_weight, state.totals)
            gradient[:] = 0.0
            for i in range(n):
                for j in range(width):
                    gradient[j] += slope[i] * rows[i, j]
            _move(k, gradient, coefs[k], base, prior, rule, state)
            move_intercept(k, slope[:n].sum(), base, prior, rule, state.intercept)
            state.penalty[k] += n * share[k]
        fill_coefs(state.duals, state.penalty, rule.l1_ratio, coefs)
        if rule.average:
            part = next_point(state.totals, state.intercept)
            for k in range(n_problems):
                for j in range(n_columns):
                    state.average[k, j] += part * (coefs[k, j] - state.average[k, j])


@jit
def _move(k, gradient, coef, base, prior, rule, state):
    """Let the features of a problem learn from the gradient of a batch."""
    dual, curvature = state.duals[DUAL, k], state.duals[CURVATURE, k]
    squares, spread = state.features[k], state.moments[SPREAD]
    n_rows = state.totals[ROWS]
    for j in range(dual.size):
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
def _center(fit_intercept, state, coefs, rows, center, mean, squares):
    """Centre the rows of a batch; return the number of columns that vary.

    Centre and spread learn from them first (update by a batch: Chan, Golub and LeVeque, The
    American Statistician 37, 1983). All is relative to the last ``center``, so that a column that
    has never changed vanishes to the last bit. Logits stay as they are when the centre moves.
    """
    n, width = rows.shape
    n_columns = state.moments.shape[1]
    seen = state.totals[ROWS]
    total = seen + n
    if fit_intercept and seen == 0.0:
        center[:] = rows[0]
        state.moments[CENTER] = center[:n_columns]
        for k in range(coefs.shape[0]):
            state.intercept[0, k] += (center * coefs[k]).sum()
    mean[:] = 0.0
    squares[:] = 0.0
    for i in range(n):
        for j in range(width):
            rows[i, j] -= center[j]
        for j in range(width):
            mean[j] += rows[i, j]
        for j in range(width):
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
            for j in range(width):
                rows[i, j] -= mean[j]
        for k in range(coefs.shape[0]):
            shift, average_shift = 0.0, 0.0
            for j in range(n_columns):
                shift += mean[j] * coefs[k, j]
                average_shift += mean[j] * state.average[k, j]
            state.intercept[0, k] += shift
            state.intercept[2, k] += average_shift
    return n_varying
