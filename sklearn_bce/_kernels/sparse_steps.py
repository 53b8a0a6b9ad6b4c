"""Stochastic steps over sparse rows; `stochastic.py` has the formulas.

Nearly all the time goes into columns that lie anywhere in memory. All that a step needs of a column
lies together, and is asked for while the batch before is learned. What is known of the columns of
all entries of a batch is then brought side by side, to be worked on as vectors.
"""

import numpy as np

from . import lanes
from .jit import jit, jit_exact, jit_within
from .matrices import entries_of
from .pointwise import loss_of_row
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
    move_intercept,
    next_point,
    prior_square,
)

# Entries between two points of the average, in columns: a point costs a tenth of as many entries.
_BETWEEN_POINTS = 2
# Points that stand alone. With fewer than 16 entries a column, as words have them, coefficients
# still learn more than they scatter, and what an average remembers only holds them back.
_ALONE = 8
_AHEAD = 32  # columns that an average asks for beforehand


@jit
def sparse_steps(X, order, u, v, gammas, share, rule, state, loss):
    """Take one step a row of sparse X, which have no column twice; see `dense_steps`.

    The slopes of a batch are those at the coefficients before it, so that no row has to wait for
    another's exponential.
    """
    # Under names of their own: taken out of a tuple in the loop, arrays would be counted each time.
    features, duals, average, totals = state.features, state.duals, state.average, state.totals
    intercept, row_weight, priors = state.intercept, state.row_weight, state.prior
    penalties, l1_ratio = state.penalty, rule.l1_ratio
    n_columns, n_problems = average.shape
    n_rows, batch_size = order.size, rule.batch_size
    slope, logits = np.empty(min(n_rows, batch_size)), np.empty((n_problems, n_rows))
    columns, size, spread, squares, steepness, step = _room_for(_most_entries(X, order, batch_size))
    for start in range(0, n_rows, batch_size):
        stop = min(start + batch_size, n_rows)
        rows = order[start:stop]
        _ask_for_rows(X, order, stop + batch_size, stop + 2 * batch_size)
        _ask_for_columns(X, order, stop, stop + batch_size, features)
        n_entries = _learn_moments(X, rows, features, columns)
        totals[ROWS] += rows.size
        totals[STEPS] += 1.0
        totals[ENTRIES] += n_entries
        totals[WORK] += n_entries
        base = base_curvature(rule, totals[ENTRIES] / totals[ROWS], totals[STEPS])
        if rule.is_adaptive:
            _look_up(n_entries, columns, features, size, spread)
            _replace_by_size(n_entries, spread, size)
        for k in range(n_problems):
            penalty = penalties[k]
            for i in range(rows.size):
                score = _score(X, rows[i], k, penalty, l1_ratio, features, duals)
                logits[k, start + i] = intercept[0, k] + score
            row_weight[k] += _fill_slopes(k, start, rows.size, u, v, gammas, logits, slope)
            prior = prior_square(k, priors, row_weight, totals)
            _fill_gradients(X, rows, slope, step)
            if rule.is_adaptive:
                _learn_squares(k, n_entries, columns, step, features, squares)
                mean_prior = prior / totals[ROWS]
                _steepen(n_entries, base, mean_prior, size, spread, squares, steepness)
            else:
                steepness[:n_entries] = base
            if duals.size > 0:
                _move_duals(k, n_entries, columns, penalty, l1_ratio, step, steepness, duals)
            else:
                _replace_by_step(n_entries, penalty, steepness, step)
                _move(k, n_entries, columns, step, features)
            for i in range(rows.size):
                move_intercept(k, slope[i], base, prior, rule, intercept)
            penalties[k] += rows.size * share[k]
        if rule.average and totals[WORK] >= _BETWEEN_POINTS * n_columns:
            totals[WORK] = 0.0
            part = next_point(_ALONE, totals, intercept)
            for k in range(n_problems):
                _average(k, part, penalties[k], l1_ratio, features, duals, average)
    _add_losses(u, v, gammas, logits, loss)


@jit
def _most_entries(X, order, batch_size):
    """The most entries that a batch of rows has."""
    most = 0
    for start in range(0, order.size, batch_size):
        n = 0
        for i in range(start, min(start + batch_size, order.size)):
            n += X.indptr[order[i] + 1] - X.indptr[order[i]]
        most = max(most, n)
    return most


@jit
def _room_for(most):
    """Arrays for what is known of a batch's entries, in whole vectors."""
    n = -(-most // lanes.WIDTH) * lanes.WIDTH
    return np.empty(n, np.uintp), np.ones(n), np.ones(n), np.ones(n), np.ones(n), np.ones(n)


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
        for place in range(np.uintp(0), width, np.uintp(LINE)):
            for entry in entries_of(X, order[i]):
                prefetch(features, np.uintp(indices[entry]) * width + place)


@jit_within
def _learn_moments(X, rows, features, columns):
    """Let the moments learn, and list the columns of all entries; return their number."""
    values, indices = X.values, X.indices
    n = 0
    for i in range(rows.size):
        for entry in entries_of(X, rows[i]):
            j, value = np.uintp(indices[entry]), float(values[entry])
            columns[n] = j
            features[j, PRESENCE] += value != 0.0
            features[j, SPREAD] += value * value
            n += 1
    return n


@jit_within
def _look_up(n, columns, features, size, spread):
    """Bring together the spreads, and presences in the place of sizes."""
    for i in range(n):
        size[i] = features[columns[i], PRESENCE]
        spread[i] = features[columns[i], SPREAD]


@jit_within
def _n_vectors(n):
    return -(-n // lanes.WIDTH)


@jit_within
def _replace_by_size(n, spread, size):
    """Replace presences by root mean squares: NaN for a column that has had zeros only."""
    for i in range(_n_vectors(n)):
        mean = lanes.divide(lanes.load(spread, i), lanes.load(size, i))
        lanes.store(lanes.root(mean), size, i)


@jit_within
def _coef(features, duals, j, k, penalty, l1_ratio):
    """The coefficient, with the penalty as it is by now."""
    if duals.size == 0:
        return features[j, first_place(k) + COEF]
    first = N_DUALS * k
    return coefficient(duals[j, first + DUAL], duals[j, first + CURVATURE], penalty, l1_ratio)


@jit_within
def _score(X, row, k, penalty, l1_ratio, features, duals):
    values, indices = X.values, X.indices
    total = 0.0
    for entry in entries_of(X, row):
        coef = _coef(features, duals, np.uintp(indices[entry]), k, penalty, l1_ratio)
        total += values[entry] * coef
    return total


@jit_within
def _fill_slopes(k, start, n, u, v, gammas, logits, slope):
    """Fill the slopes of n rows and return the sum of their squared weights."""
    squares = 0.0
    for i in range(n):
        row = np.uintp(start + i)
        yes, no = u[k, row], v[k, row]
        squares += (yes + no) ** 2
        _, slope[i] = loss_of_row(logits[k, row], yes, no, gammas[k, 0], gammas[k, 1])
    return squares


@jit_within
def _fill_gradients(X, rows, slope, gradient):
    values = X.values
    n = 0
    for i in range(rows.size):
        for entry in entries_of(X, rows[i]):
            gradient[n] = slope[i] * values[entry]
            n += 1


@jit_within
def _learn_squares(k, n, columns, gradient, features, squares):
    place = first_place(k) + SQUARES
    for i in range(n):
        squares[i] = features[columns[i], place] + gradient[i] * gradient[i]
        features[columns[i], place] = squares[i]


@jit_within
def _steepen(n, base, prior, size, spread, squares, steepness):
    """Fill the curvatures; 0 is that of a column that cannot move."""
    base = lanes.fill(base)
    for i in range(_n_vectors(n)):
        square = lanes.multiply_add(prior, lanes.load(spread, i), lanes.load(squares, i))
        h = lanes.multiply(lanes.multiply(base, lanes.load(size, i)), lanes.root(square))
        lanes.store(lanes.where_positive(h, h), steepness, i)


@jit_within
def _replace_by_step(n, penalty, steepness, gradient):
    penalty = lanes.fill(penalty)
    for i in range(_n_vectors(n)):
        h = lanes.load(steepness, i)
        step = lanes.divide(lanes.load(gradient, i), lanes.add(h, penalty))
        lanes.store(lanes.where_positive(h, step), gradient, i)


@jit_within
def _move(k, n, columns, step, features):
    place = first_place(k) + COEF
    for i in range(n):
        features[columns[i], place] -= step[i]


@jit_exact
def _slope_beside(slope, change, coef):
    """As written: the change times the dual, of which ``coef`` is a quotient, may overflow."""
    return slope - change * coef


@jit
def _move_duals(k, n, columns, penalty, l1_ratio, gradient, steepness, duals):
    dual, curvature = N_DUALS * k + DUAL, N_DUALS * k + CURVATURE
    for i in range(n):
        j = columns[i]
        if gradient[i] != 0.0 and steepness[i] > 0.0:
            coef = coefficient(duals[j, dual], duals[j, curvature], penalty, l1_ratio)
            duals[j, dual] += _slope_beside(gradient[i], steepness[i] - duals[j, curvature], coef)
            duals[j, curvature] = steepness[i]


@jit
def _average(k, part, penalty, l1_ratio, features, duals, average):
    """Move the average of a problem by a part of the way to the coefficients."""
    width = np.uintp(features.shape[1])
    for j in range(np.uintp(0), np.uintp(average.shape[0])):
        # Without it LLVM would gather coefficients as vectors, which takes longer.
        prefetch(features, (j + np.uintp(_AHEAD)) * width)
        coef = _coef(features, duals, j, k, penalty, l1_ratio)
        average[j, k] += part * (coef - average[j, k])


@jit
def _add_losses(u, v, gammas, logits, loss):
    """Add the losses of all rows: in long vectors, for steps need slopes, and no logarithms."""
    for k in range(loss.size):
        yes, no, z = u[k], v[k], logits[k]
        total = 0.0
        for i in range(z.size):
            of_row, _ = loss_of_row(z[i], yes[i], no[i], gammas[k, 0], gammas[k, 1])
            total += of_row
        loss[k] += total
