"""Stochastic steps over sparse rows; `stochastic.py` has the formulas."""

import math

import numpy as np

from .jit import jit
from .matrices import row_of
from .stochastic import (
    CURVATURE,
    DUAL,
    ENTRIES,
    PLACE,
    PRESENCE,
    ROWS,
    SPREAD,
    SQUARES,
    STEPS,
    WORK,
    base_curvature,
    coefficient,
    end_batch,
    learn_rows,
    next_point,
    prior_square,
)


@jit
def sparse_steps(X, order, u, v, gammas, share, rule, state, loss):
    """Take one step a batch of rows of sparse X; see `dense_steps`."""
    n_columns, n_problems = state.average.shape
    totals = state.totals
    z, slope, weight = np.empty((3, rule.batch_size))
    room = _most_entries(X, order, rule.batch_size)
    columns, places = np.empty(room, np.uintp), np.empty(room, np.uintp)
    coefs, gradient = np.empty((2, room))
    for start in range(0, order.size, rule.batch_size):
        batch = order[start : start + rule.batch_size]
        n = batch.size
        n_present, n_entries = _find_columns(X, batch, state.moments, columns, places)
        totals[ROWS] += n
        totals[STEPS] += 1.0
        totals[ENTRIES] += n_entries
        totals[WORK] += n_entries
        base = base_curvature(rule, totals[ENTRIES] / totals[ROWS], totals[STEPS])
        for k in range(n_problems):
            for at in range(n_present):
                coefs[at] = _coef(columns[at], k, rule, state)
            _scores(X, batch, places, coefs, state.intercept[0, k], z)
            loss[k] += learn_rows(k, start, u, v, gammas, state, z[:n], slope[:n], weight[:n])
            for at in range(n_present):
                gradient[at] = 0.0
            _combine(X, batch, places, slope, gradient)
            _move(k, columns[:n_present], gradient, coefs, base, rule, state)
            end_batch(k, slope[:n], base, share, rule, state)
        # A point costs as much as n_columns entries: the average takes one as often as that.
        if rule.average and totals[WORK] >= n_columns:
            totals[WORK] = 0.0
            part = next_point(state)
            for j in range(n_columns):
                for k in range(n_problems):
                    state.average[j, k] += part * (_coef(j, k, rule, state) - state.average[j, k])


@jit
def _most_entries(X, order, batch_size):
    """The most entries that a batch of rows has."""
    most = 0
    for start in range(0, order.size, batch_size):
        n_entries = 0
        for row in order[start : start + batch_size]:
            n_entries += X.indptr[row + 1] - X.indptr[row]
        most = max(most, n_entries)
    return most


@jit
def _find_columns(X, batch, moments, columns, places):
    """List the ``columns`` of a batch, and the place in that list of each entry; return how many.

    The list is a set in two arrays (Briggs and Torczon, "An efficient representation for sparse
    sets", 1993). The moments learn from the entries.
    """
    n_present = np.uintp(0)
    n_entries = 0
    for i in range(batch.size):
        values, indices = row_of(X, batch[i])
        room = places[n_entries : n_entries + values.size]
        n_entries += values.size
        for entry in range(values.size):
            j, value = np.uintp(indices[entry]), float(values[entry])
            at = np.uintp(moments[j, PLACE])
            if not (at < n_present and columns[at] == j):
                at = n_present
                moments[j, PLACE] = n_present
                columns[at] = j
                n_present += np.uintp(1)
            room[entry] = at
            moments[j, SPREAD] += value * value
            moments[j, PRESENCE] += value != 0.0
    return np.intp(n_present), n_entries


@jit
def _coef(j, k, rule, state):
    return coefficient(
        state.features[j, DUAL, k],
        state.features[j, CURVATURE, k],
        state.penalty[k],
        rule.l1_ratio,
    )


@jit
def _scores(X, batch, places, coefs, intercept, z):
    n_seen = 0
    for i in range(batch.size):
        values, _ = row_of(X, batch[i])
        room = places[n_seen : n_seen + values.size]
        n_seen += values.size
        total = intercept
        for entry in range(values.size):
            total += values[entry] * coefs[room[entry]]
        z[i] = total


@jit
def _combine(X, batch, places, slope, gradient):
    n_seen = 0
    for i in range(batch.size):
        values, _ = row_of(X, batch[i])
        room = places[n_seen : n_seen + values.size]
        n_seen += values.size
        factor = slope[i]
        for entry in range(values.size):
            gradient[room[entry]] += factor * values[entry]


@jit
def _move(k, columns, gradient, coefs, base, rule, state):
    """Let the features of a problem that a batch has learn from its gradient."""
    part, prior = 1.0 / state.totals[ROWS], prior_square(k, state)
    features, moments = state.features, state.moments
    for at in range(columns.size):
        j = columns[at]
        slope = gradient[at]
        h = base
        size = 1.0
        if rule.is_adaptive:
            spread = moments[j, SPREAD]
            size = spread / max(moments[j, PRESENCE], 1.0)
            square = features[j, SQUARES, k] + slope * slope
            features[j, SQUARES, k] = square
            h *= math.sqrt(size * (square + prior * (spread * part)))
        if slope != 0.0 and size > 0.0 and h < np.inf:
            features[j, DUAL, k] += slope - (h - features[j, CURVATURE, k]) * coefs[at]
            features[j, CURVATURE, k] = h
