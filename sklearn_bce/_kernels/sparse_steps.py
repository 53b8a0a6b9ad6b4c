"""Stochastic steps over sparse rows; `stochastic.py` has the formulas.

All entries of a batch are listed first, one row's after the other's: loops over them are long, and
those of the arithmetic go by vectors. All that a step needs of a column lies together. A vector
may reach beyond a row into the next, whose numbers are written after it, or beyond the last.
"""

import numpy as np

from . import lanes
from .jit import jit, jit_exact, jit_within
from .lanes import WIDTH
from .pointwise import loss_of_row
from .prefetch import prefetch
from .stochastic import (
    BETWEEN_POINTS,
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

_AHEAD = 32  # columns that an average asks for beforehand


@jit
def sparse_steps(X, order, u, v, gammas, share, rule, state, loss):
    """Take one step a row of sparse X, which have no column twice; see `dense_steps`.

    The slopes of a batch are those at the coefficients before it, so that no row has to wait for
    another's exponential.
    """
    # Under names of their own: taken out of a tuple in the loop, arrays would be counted each time.
    features, duals, average, totals = state.features, state.duals, state.average, state.totals
    intercept, squared_weight, priors = state.intercept, state.squared_weight, state.prior
    penalties, l1_ratio = state.penalty, rule.l1_ratio
    n_columns, n_problems = average.shape
    n_rows, batch_size = order.size, rule.batch_size
    slope, logits = np.empty(min(n_rows, batch_size)), np.empty((n_problems, n_rows))
    ends, columns, pairs = _room_for(_most_entries(X, order, batch_size), slope.size)
    values, spread, size = np.ones(columns.size), np.ones(columns.size), np.ones(columns.size)
    squares, h, gradient = np.zeros(columns.size), np.ones(columns.size), np.ones(columns.size)
    for start in range(0, n_rows, batch_size):
        rows = order[start : start + batch_size]
        n = _list_entries(X, rows, ends, columns, values)
        _fill_moments(n, values, pairs)
        _add_pairs(n, pairs, columns, features, PRESENCE)
        totals[ROWS] += rows.size
        totals[STEPS] += 1.0
        totals[ENTRIES] += n
        totals[WORK] += n
        base = base_curvature(rule, totals[ENTRIES] / totals[ROWS], totals[STEPS])
        if rule.is_adaptive:
            _look_up_sizes(n, columns, features, base, totals[ROWS], spread, size)
        for k in range(n_problems):
            penalty, at = penalties[k], first_place(k)
            for i in range(rows.size):
                a, b = ends[i], ends[i + 1]
                if duals.size > 0:
                    score = _score_by_duals(k, a, b, columns, values, penalty, l1_ratio, duals)
                else:
                    score = _score(a, b, columns, values, features, at + COEF)
                logits[k, start + i] = intercept[0, k] + score
            squared_weight[k] += _fill_slopes(k, start, rows.size, u, v, gammas, logits, slope)
            prior = prior_square(k, priors, squared_weight, totals)
            _fill_gradients(rows.size, ends, values, slope, gradient)
            if rule.is_adaptive:
                _steepen(n, columns, features, at, prior, spread, size, gradient, squares, h)
            else:
                h[:n] = base
            if duals.size > 0:
                _move_duals(k, n, columns, penalty, l1_ratio, gradient, h, duals)
                h[:n] = 0.0
            _fill_steps(n, penalty, h, gradient, squares, pairs)
            _add_pairs(n, pairs, columns, features, at + SQUARES)
            for i in range(rows.size):
                move_intercept(k, slope[i], base, prior, rule, intercept)
            penalties[k] += rows.size * share[k]
        if rule.average and totals[WORK] >= BETWEEN_POINTS * n_columns:
            totals[WORK] = 0.0
            part = next_point(totals, intercept)
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
def _room_for(n_entries, n_rows):
    n = n_entries + WIDTH  # a vector may begin at the last one
    return np.zeros(n_rows + 1, np.intp), np.zeros(n, np.uintp), np.ones((n, 2))


@jit_within
def _list_entries(X, rows, ends, columns, values):
    """List columns and values of all entries, and where each row ends; return their number."""
    indptr, X_columns, X_values = X.indptr, X.indices, X.values
    end = np.intp(indptr[indptr.size - 1])  # beyond, indices may be anything
    n = 0
    for i in range(rows.size):
        row = np.uintp(rows[i])
        first, stop = np.intp(indptr[row]), np.intp(indptr[row + 1])
        if stop + WIDTH <= end:
            for entry in range(first, stop, WIDTH):
                lanes.copy(X_columns, entry, columns, n + entry - first)
                lanes.copy(X_values, entry, values, n + entry - first)
        else:
            for entry in range(first, stop):
                columns[n + entry - first] = X_columns[entry]
                values[n + entry - first] = X_values[entry]
        n += stop - first
        ends[i + 1] = n
    return n


@jit_within
def _fill_moments(n, values, pairs):
    one = lanes.fill(1.0)
    for i in range(0, n, WIDTH):
        value = lanes.load(values, i)
        square = lanes.multiply(value, value)
        lanes.store_pairs(lanes.where_positive(square, one), square, pairs, i)


@jit_within
def _look_up_sizes(n, columns, features, base, n_rows, spread, size):
    """Fill mean squares over all rows, and the roots of those over entries, times ``base``.

    The roots are NaN for a column that has had zeros only.
    """
    base, share = lanes.fill(base), lanes.fill(1.0 / n_rows)
    for i in range(0, n, WIDTH):
        total = lanes.gather(features, columns, i, SPREAD)
        mean = lanes.divide(total, lanes.gather(features, columns, i, PRESENCE))
        lanes.store(lanes.multiply(share, total), spread, i)
        lanes.store(lanes.multiply(base, lanes.root(mean)), size, i)


@jit_within
def _score(first, stop, columns, values, features, place):
    score = lanes.zeros()
    for i in range(first, stop, WIDTH):
        coefs = lanes.gather(features, columns, i, place)
        product = lanes.multiply(lanes.load(values, i), coefs)
        score = lanes.add(score, lanes.first(stop - i, product))
    return lanes.total(score)


@jit
def _score_by_duals(k, first, stop, columns, values, penalty, l1_ratio, duals):
    """The same, of the coefficients that the duals mean under the penalty as it is by now."""
    dual, curvature = N_DUALS * k + DUAL, N_DUALS * k + CURVATURE
    score = 0.0
    for i in range(first, stop):
        j = columns[i]
        score += values[i] * coefficient(duals[j, dual], duals[j, curvature], penalty, l1_ratio)
    return score


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
def _fill_gradients(n_rows, ends, values, slope, gradient):
    for row in range(n_rows):
        factor = lanes.fill(slope[row])
        for i in range(ends[row], ends[row + 1], WIDTH):
            lanes.store(lanes.multiply(factor, lanes.load(values, i)), gradient, i)


@jit_within
def _steepen(n, columns, features, at, prior, spread, size, gradient, squares, steepness):
    """Fill the squared gradients, and the curvatures: 0 is that of a column that cannot move."""
    for i in range(0, n, WIDTH):
        own = lanes.multiply(lanes.load(gradient, i), lanes.load(gradient, i))
        lanes.store(own, squares, i)
        square = lanes.add(lanes.gather(features, columns, i, at + SQUARES), own)
        square = lanes.multiply_add(prior, lanes.load(spread, i), square)
        h = lanes.multiply(lanes.load(size, i), lanes.root(square))
        lanes.store(lanes.where_positive(h, h), steepness, i)


@jit_within
def _fill_steps(n, penalty, steepness, gradient, squares, pairs):
    """Fill what is added to the sums of squares, and to the coefficients."""
    minus, penalty = lanes.fill(-1.0), lanes.fill(penalty)
    for i in range(0, n, WIDTH):
        h = lanes.load(steepness, i)
        step = lanes.divide(lanes.multiply(minus, lanes.load(gradient, i)), lanes.add(h, penalty))
        lanes.store_pairs(lanes.load(squares, i), lanes.where_positive(h, step), pairs, i)


@jit_within
def _add_pairs(n, pairs, columns, features, place):
    for i in range(n):
        lanes.add_pair(pairs, i, features, columns[i], place)


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
    dual, curvature = N_DUALS * k + DUAL, N_DUALS * k + CURVATURE
    width, place = np.uintp(features.shape[1]), first_place(k) + COEF
    for j in range(np.uintp(0), np.uintp(average.shape[0])):
        # Without it LLVM would gather coefficients as vectors, which takes longer.
        prefetch(features, (j + np.uintp(_AHEAD)) * width)
        if duals.size > 0:
            coef = coefficient(duals[j, dual], duals[j, curvature], penalty, l1_ratio)
        else:
            coef = features[j, place]
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
