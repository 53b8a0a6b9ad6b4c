"""Stochastic steps over sparse rows; `stochastic.py` has the formulas.

Nearly all the time goes into columns that lie anywhere in memory. All that a step needs of a column
lies together, and is asked for while the batch before is learned.
"""

import math

import numpy as np

from .jit import jit, jit_exact, jit_within
from .matrices import entries_of
from .prefetch import LINE, prefetch
from .stochastic import (
    COEF,
    CURVATURE,
    DUAL,
    ENTRIES,
    N_DUALS,
    PRESENCE,
    ROWS,
    SPREAD,
    SQUARES,
    STEPS,
    WORK,
    base_curvature,
    coefficient,
    first_place,
    learn_rows,
    move_intercept,
    next_point,
    prior_square,
    row_arrays,
)

# Entries between two points of the average, in columns: a point costs a tenth of as many entries.
_BETWEEN_POINTS = 2


@jit
def sparse_steps(X, order, u, v, gammas, share, rule, state, gradient, loss):
    """Take one step a batch of rows of sparse X, which have no column twice; see `dense_steps`.

    ``gradient`` (n_columns,) is zero before and after; batches of one row do without (0,).
    """
    n_columns, n_problems = state.average.shape
    n_rows, batch_size = order.size, rule.batch_size
    features, duals, totals = state.features, state.duals, state.totals
    z, slope, weight = row_arrays(min(n_rows, batch_size))
    # What is known of the columns of a batch, side by side.
    columns = np.empty(_most_entries(X, order, batch_size), np.uintp)
    step, steepness = np.empty(columns.size), np.empty(columns.size)
    spread, squares = np.empty(columns.size), np.empty(columns.size)
    for start in range(0, n_rows, batch_size):
        stop = min(start + batch_size, n_rows)
        n, n_entries = stop - start, _n_entries(X, order, start, stop)
        if n < z.size:
            z, slope, weight = z[:n], slope[:n], weight[:n]
        _ask_for_rows(X, order, stop + batch_size, stop + 2 * batch_size)
        _ask_for_columns(X, order, stop, stop + batch_size, features)
        totals[ROWS] += n
        totals[STEPS] += 1.0
        totals[ENTRIES] += n_entries
        totals[WORK] += n_entries
        base = base_curvature(rule, totals[ENTRIES] / totals[ROWS], totals[STEPS])
        for k in range(n_problems):
            penalty = state.penalty[k]
            z[:] = state.intercept[0, k]
            _add_scores(X, order, start, k, penalty, rule.l1_ratio, features, duals, z)
            loss[k] += learn_rows(k, start, u, v, gammas, state.row_weight, z, slope, weight)
            prior = prior_square(k, state.prior, state.row_weight, totals)
            if n == 1:
                n_moving = _one_gradient(X, order[start], k, slope[0], features, columns, step)
            else:
                n_moving = _sum_gradients(
                    X, order, start, k, slope, features, gradient, columns, step
                )
            if rule.is_adaptive:
                _learn_squares(k, columns, n_moving, features, step, spread, steepness, squares)
                share_prior = prior / totals[ROWS]
                _from_presence(n_moving, base, share_prior, spread, squares, steepness)
            else:
                steepness[:n_moving] = base
            if duals.size > 0:
                _move_duals(k, columns, n_moving, penalty, rule.l1_ratio, step, steepness, duals)
            else:
                _divide(n_moving, steepness, penalty, step)
                _move(k, columns, n_moving, step, features)
            move_intercept(k, slope, base, prior, rule, state.intercept)
            state.penalty[k] += n * share[k]
        if rule.average and totals[WORK] >= _BETWEEN_POINTS * n_columns:
            totals[WORK] = 0.0
            _average(next_point(totals, state.intercept), rule, state)


@jit_within
def _ask_for_rows(X, order, start, stop):
    values, indices = X.values, X.indices
    for i in range(np.uintp(start), np.uintp(min(stop, order.size))):
        entries = entries_of(X, order[i])
        for entry in range(entries.start, entries.stop, LINE):
            prefetch(values, np.uintp(entry))
            prefetch(indices, np.uintp(entry))


@jit_within
def _ask_for_columns(X, order, start, stop, features):
    indices, width = X.indices, np.uintp(features.shape[1])
    for i in range(np.uintp(start), np.uintp(min(stop, order.size))):
        for entry in entries_of(X, order[i]):
            first = np.uintp(indices[entry]) * width
            for place in range(first, first + width, LINE):
                prefetch(features, np.uintp(place))


@jit_within
def _n_entries(X, order, start, stop):
    total = 0
    for i in range(np.uintp(start), np.uintp(stop)):
        row = order[i]
        total += X.indptr[row + 1] - X.indptr[row]
    return total


@jit
def _most_entries(X, order, batch_size):
    """The most entries that a batch of rows has."""
    most = 0
    for start in range(0, order.size, batch_size):
        most = max(most, _n_entries(X, order, start, min(start + batch_size, order.size)))
    return most


@jit
def _average(part, rule, state):
    """Move the averages by a part of the way to the coefficients."""
    average, features, duals = state.average, state.features, state.duals
    for k in range(average.shape[1]):
        penalty = state.penalty[k]
        for j in range(average.shape[0]):
            coef = _coef(features, duals, j, k, penalty, rule.l1_ratio)
            average[j, k] += part * (coef - average[j, k])


@jit_within
def _coef(features, duals, j, k, penalty, l1_ratio):
    """The coefficient, with the penalty as it is by now."""
    if duals.size == 0:
        return features[j, first_place(k) + COEF]
    first = N_DUALS * k
    return coefficient(duals[j, first + DUAL], duals[j, first + CURVATURE], penalty, l1_ratio)


@jit_within
def _add_scores(X, order, start, k, penalty, l1_ratio, features, duals, z):
    values, indices = X.values, X.indices
    for i in range(z.size):
        total = 0.0
        for entry in entries_of(X, order[start + i]):
            j = np.uintp(indices[entry])
            total += values[entry] * _coef(features, duals, j, k, penalty, l1_ratio)
        z[i] += total


@jit_within
def _learn_moments(j, value, features):
    features[j, PRESENCE] += value != 0.0
    features[j, SPREAD] += value * value


# The next two fill the columns of a batch that move, and the slope of each; they return the number
# of these columns. With the first problem the moments, which all share, learn from the entries.


@jit_within
def _one_gradient(X, row, k, slope, features, columns, step):
    values, indices = X.values, X.indices
    n = 0
    for entry in entries_of(X, row):
        j, value = np.uintp(indices[entry]), float(values[entry])
        columns[n] = j
        step[n] = slope * value
        n += 1
        if k == 0:
            _learn_moments(j, value, features)
    return n


@jit
def _sum_gradients(X, order, start, k, slope, features, gradient, columns, step):
    """Columns that several rows have are not looked for.

    Who finds nothing in the gradient of a column notes the column: no branch that nobody can
    predict. A gradient that comes back to zero in between is noted twice, and moved once.
    """
    values, indices = X.values, X.indices
    n = 0
    for i in range(slope.size):
        for entry in entries_of(X, order[start + i]):
            j, value = np.uintp(indices[entry]), float(values[entry])
            columns[n] = j
            n += gradient[j] == 0.0
            gradient[j] += slope[i] * value
            if k == 0:
                _learn_moments(j, value, features)
    for i in range(n):
        step[i] = gradient[columns[i]]
        gradient[columns[i]] = 0.0
    return n


@jit_within
def _learn_squares(k, columns, n, features, slope, spread, presence, squares):
    """Let the squared gradients learn, and bring together what the length of a step is made of."""
    place = first_place(k) + SQUARES
    for i in range(n):
        j = columns[i]
        squares[i] = features[j, place] + slope[i] * slope[i]
        features[j, place] = squares[i]
        spread[i] = features[j, SPREAD]
        presence[i] = max(features[j, PRESENCE], 1.0)


# Functions of their own, for their loops become vector code only there.


@jit
def _from_presence(n, base, prior, spread, squares, steepness):
    """Replace presences by curvatures; 0 is that of a column that cannot move."""
    for i in range(n):
        size = math.sqrt(spread[i] / steepness[i])
        h = base * size * math.sqrt(squares[i] + prior * spread[i])
        steepness[i] = h if h < np.inf else 0.0


@jit
def _divide(n, steepness, penalty, slope):
    """Replace slopes by steps."""
    for i in range(n):
        slope[i] = slope[i] / (steepness[i] + penalty) if steepness[i] > 0.0 else 0.0


@jit_within
def _move(k, columns, n, step, features):
    place = first_place(k) + COEF
    for i in range(n):
        features[columns[i], place] -= step[i]


@jit_exact
def _slope_beside(slope, change, coef):
    """As written: the change times the dual, of which ``coef`` is a quotient, may overflow."""
    return slope - change * coef


@jit
def _move_duals(k, columns, n, penalty, l1_ratio, slope, steepness, duals):
    dual, curvature = N_DUALS * k + DUAL, N_DUALS * k + CURVATURE
    for i in range(n):
        j = columns[i]
        if slope[i] != 0.0 and steepness[i] > 0.0:
            coef = coefficient(duals[j, dual], duals[j, curvature], penalty, l1_ratio)
            duals[j, dual] += _slope_beside(slope[i], steepness[i] - duals[j, curvature], coef)
            duals[j, curvature] = steepness[i]
