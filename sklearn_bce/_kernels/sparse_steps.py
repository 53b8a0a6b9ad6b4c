"""Stochastic steps over sparse rows; `stochastic.py` has the formulas.

Columns that several rows of a batch have are not looked for. Each entry adds to the gradient of its
column, in the column's own memory, and who finds nothing there notes the column: no branch that
nobody can predict. A gradient that comes back to zero in between is noted twice, and moved once.
"""

import math

import numpy as np

from .jit import jit, jit_exact
from .matrices import entries_of
from .stochastic import (
    CURVATURE,
    DUAL,
    ENTRIES,
    GRADIENT,
    PRESENCE,
    ROWS,
    SPREAD,
    SQUARES,
    STEPS,
    WORK,
    base_curvature,
    coefficient,
    end_batch,
    first_place,
    learn_rows,
    next_point,
    prior_square,
    row_arrays,
)


@jit
def sparse_steps(X, order, u, v, gammas, share, rule, state, loss):
    """Take one step a batch of rows of sparse X; see `dense_steps`.

    Where ``share`` is 0, ``state.coefs`` are current before and after; elsewhere they are let be.
    """
    n_columns, n_problems = state.average.shape
    totals, is_growing = state.totals, share.max() > 0.0
    z, slope, weight = row_arrays(min(order.size, rule.batch_size))
    columns = np.empty(_most_entries(X, order, rule.batch_size), np.uintp)
    block = np.empty((6, columns.size))
    for start in range(0, order.size, rule.batch_size):
        batch = order[start : start + rule.batch_size]
        n = batch.size
        n_entries = _n_entries(X, batch)
        totals[ROWS] += n
        totals[STEPS] += 1.0
        totals[ENTRIES] += n_entries
        totals[WORK] += n_entries
        base = base_curvature(rule, totals[ENTRIES] / totals[ROWS], totals[STEPS])
        for k in range(n_problems):
            _scores(X, batch, k, is_growing, rule, state, z)
            loss[k] += learn_rows(k, start, u, v, gammas, state, z[:n], slope[:n], weight[:n])
            n_moving = _combine(X, batch, k, slope, state.features, columns)
            _move(k, columns[:n_moving], base, is_growing, rule, state, block)
            end_batch(k, slope[:n], base, share, rule, state)
        # A point costs as much as n_columns entries: the average takes one as often as that.
        if rule.average and totals[WORK] >= n_columns:
            totals[WORK] = 0.0
            _average(next_point(state), is_growing, rule, state)


@jit
def _n_entries(X, batch):
    total = 0
    for row in batch:
        total += X.indptr[row + 1] - X.indptr[row]
    return total


@jit
def _most_entries(X, order, batch_size):
    """The most entries that a batch of rows has."""
    most = 0
    for start in range(0, order.size, batch_size):
        most = max(most, _n_entries(X, order[start : start + batch_size]))
    return most


@jit
def _average(part, is_growing, rule, state):
    """Move the averages by a part of the way to the coefficients."""
    if not is_growing:
        _move_towards(state.coefs.reshape(-1), part, state.average.reshape(-1))
        return
    average = state.average
    for j in range(average.shape[0]):
        for k in range(average.shape[1]):
            average[j, k] += part * (_grown(j, k, rule, state) - average[j, k])


@jit
def _move_towards(point, part, average):
    for i in range(average.size):
        average[i] += part * (point[i] - average[i])


@jit
def _grown(j, k, rule, state):
    """The coefficient with the penalty as it is by now."""
    first = first_place(k)
    return coefficient(
        state.features[j, first + DUAL],
        state.features[j, first + CURVATURE],
        state.penalty[k],
        rule.l1_ratio,
    )


@jit
def _scores(X, batch, k, is_growing, rule, state, z):
    values, indices = X.values, X.indices
    for i in range(batch.size):
        total = state.intercept[0, k]
        for entry in entries_of(X, batch[i]):
            j = np.uintp(indices[entry])
            coef = _grown(j, k, rule, state) if is_growing else state.coefs[j, k]
            total += values[entry] * coef
        z[i] = total


@jit
def _combine(X, batch, k, slope, features, columns):
    """Sum the gradient of a problem, and list the columns that have one; return their number.

    With the first problem the moments, which all share, learn from the batch.
    """
    values, indices = X.values, X.indices
    place, n_moving = np.uintp(first_place(k) + GRADIENT), 0
    for i in range(batch.size):
        factor = slope[i]
        for entry in entries_of(X, batch[i]):
            j, value = np.uintp(indices[entry]), float(values[entry])
            before = features[j, place]
            columns[n_moving] = j
            n_moving += before == 0.0
            features[j, place] = before + factor * value
            if k == 0:
                features[j, PRESENCE] += value != 0.0
                features[j, SPREAD] += value * value
    return n_moving


@jit
def _move(k, columns, base, is_growing, rule, state, block):
    """Let the features of a problem that a batch has learn from its gradient.

    ``block`` (6, most columns) is where they are side by side meanwhile, for vectors.
    """
    features, first, n = state.features, first_place(k), columns.size
    slope, dual, curvature = block[0, :n], block[1, :n], block[2, :n]
    spread, squares, steepness = block[3, :n], block[4, :n], block[5, :n]
    for i in range(n):
        j = columns[i]
        slope[i] = features[j, first + GRADIENT]
        features[j, first + GRADIENT] = 0.0
        dual[i] = features[j, first + DUAL]
        curvature[i] = features[j, first + CURVATURE]
        if rule.is_adaptive:
            squares[i] = features[j, first + SQUARES] + slope[i] * slope[i]
            features[j, first + SQUARES] = squares[i]
            spread[i] = features[j, SPREAD]
            steepness[i] = max(features[j, PRESENCE], 1.0)
    if rule.is_adaptive:
        prior = prior_square(k, state) / state.totals[ROWS]
        _from_presence(base, prior, spread, squares, steepness)
    else:
        spread[:] = 1.0
        steepness[:] = base
    _move_duals(slope, curvature, steepness, state.penalty[k], rule.l1_ratio, dual)
    for i in range(n):
        if slope[i] != 0.0 and spread[i] > 0.0 and steepness[i] < np.inf:
            j = columns[i]
            features[j, first + DUAL] = dual[i]
            features[j, first + CURVATURE] = steepness[i]
            if not is_growing:
                state.coefs[j, k] = _grown(j, k, rule, state)


# Functions of their own, for their loops become vector code only there.


@jit
def _from_presence(base, prior, spread, squares, steepness):
    for i in range(steepness.size):
        size = math.sqrt(spread[i] / steepness[i])
        steepness[i] = base * size * math.sqrt(squares[i] + prior * spread[i])


@jit_exact
def _slope_beside(slope, change, coef):
    """As written: the change times the dual, of which ``coef`` is a quotient, may overflow."""
    return slope - change * coef


@jit
def _move_duals(slope, last, curvature, penalty, l1_ratio, dual):
    for i in range(dual.size):
        coef = coefficient(dual[i], last[i], penalty, l1_ratio)
        dual[i] += _slope_beside(slope[i], curvature[i] - last[i], coef)
