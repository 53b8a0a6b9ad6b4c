"""The pairs of L-BFGS, and their product with a gradient, each in one pass over memory.

Of each pair (step, change of the gradient) two vectors are kept, rows of ``steps`` and ``changes``:
the step, and metric^-1 @ change. ``order`` is a permutation of the rows; the first ``n_kept`` hold
pairs, from the oldest to the newest, and the next one is free. There is one row more than pairs.
"""

import numpy as np

from .jit import jit

_TILE = 256  # places of a row that are met by all others while they are in cache
_LEAST_CURVATURE = 1e-10  # of a step against its length and the change of the gradient


@jit
def add_pair(here, last, steps, changes, order, n_kept, products, of_pairs):
    """Add the pair from one point to the next; return how many are kept then.

    A focal loss may curve downwards along a step: such a pair would spoil the metric, and is left
    out. Points are (theta, gradient, metric^-1 @ gradient).

    Parameters
    ----------
    here, last : tuple of 3 ndarrays of shape (size,)
    steps, changes : ndarray of shape (n_pairs + 1, size)
    order : ndarray of shape (n_pairs + 1,)
    n_kept : int
    products : ndarray of shape (2, n_pairs + 1)
        Steps and changes times the gradient: on entry that at ``last``, afterwards ``here``.
    of_pairs : ndarray of shape (2, n_pairs + 1, n_pairs + 1)
        step i times change j (where i is not newer), and change i times change j in the metric.
    """
    place = order[n_kept]
    before = products.copy()
    curvature, metric_curvature, step_square, change_square = _make_pair(
        here, last, steps[place], changes[place]
    )
    products[:] = 0.0
    gradient = here[1]
    for start in range(0, gradient.size, _TILE):
        tile = gradient[start : start + _TILE]
        for i in range(n_kept + 1):
            row = order[i]
            products[0, row] += _dot(steps[row, start : start + _TILE], tile)
            products[1, row] += _dot(changes[row, start : start + _TILE], tile)
    if not curvature > _LEAST_CURVATURE * np.sqrt(step_square * change_square):
        return n_kept
    for i in range(n_kept):
        row = order[i]
        of_pairs[0, row, place] = products[0, row] - before[0, row]
        of_pairs[1, row, place] = products[1, row] - before[1, row]
        of_pairs[1, place, row] = of_pairs[1, row, place]
    of_pairs[0, place, place] = curvature
    of_pairs[1, place, place] = metric_curvature
    if n_kept + 1 < order.size:
        return n_kept + 1
    oldest = order[0]
    for i in range(n_kept):
        order[i] = order[i + 1]
    order[n_kept] = oldest
    return n_kept


@jit
def _make_pair(here, last, step, change):
    theta, gradient, solved = here
    last_theta, last_gradient, last_solved = last
    for j in range(step.size):
        step[j] = theta[j] - last_theta[j]
        change[j] = solved[j] - last_solved[j]
    # Sums have a loop of their own, see `vectors.py`.
    curvature = metric_curvature = step_square = change_square = 0.0
    for j in range(step.size):
        raw = gradient[j] - last_gradient[j]
        curvature += step[j] * raw
        metric_curvature += raw * change[j]
        step_square += step[j] * step[j]
        change_square += raw * raw
    return curvature, metric_curvature, step_square, change_square


@jit
def _dot(one, other):
    total = 0.0
    for j in range(one.size):
        total += one[j] * other[j]
    return total


@jit
def descent(solved, steps, changes, order, n_kept, products, of_pairs, trusted):
    """Return -inverse @ gradient, from the pairs and their products with the gradient.

    This is theorem 2.2 of Byrd, Nocedal and Schnabel, "Representations of quasi-Newton matrices and
    their use in limited memory methods", Mathematical Programming 63, 1994. Where the newest pair
    says that the metric is off by more than the factor ``trusted``, it is multiplied by what that
    pair tells.
    """
    kept = order[:n_kept]
    newest = kept[-1]
    scale = of_pairs[0, newest, newest] / of_pairs[1, newest, newest]
    if not (scale > trusted or scale * trusted < 1.0):
        scale = 1.0
    of_changes, of_steps = np.empty((2, n_kept))
    for i in range(n_kept - 1, -1, -1):
        total = products[0, kept[i]]
        for k in range(i + 1, n_kept):
            total -= of_pairs[0, kept[i], kept[k]] * of_changes[k]
        of_changes[i] = total / of_pairs[0, kept[i], kept[i]]
    for i in range(n_kept):
        total = -products[1, kept[i]]
        for k in range(n_kept):
            total += of_pairs[1, kept[i], kept[k]] * of_changes[k]
        total = of_pairs[0, kept[i], kept[i]] * of_changes[i] + scale * total
        for k in range(i):
            total -= of_pairs[0, kept[k], kept[i]] * of_steps[k]
        of_steps[i] = total / of_pairs[0, kept[i], kept[i]]
    direction = np.empty_like(solved)
    for start in range(0, solved.size, _TILE):
        tile = direction[start : start + _TILE]
        _scaled(-scale, solved[start : start + _TILE], tile)
        for i in range(n_kept):
            _add(scale * of_changes[i], changes[kept[i], start : start + _TILE], tile)
            _add(-of_steps[i], steps[kept[i], start : start + _TILE], tile)
    return direction


@jit
def _scaled(factor, vector, result):
    for j in range(vector.size):
        result[j] = factor * vector[j]


@jit
def _add(factor, vector, result):
    for j in range(vector.size):
        result[j] += factor * vector[j]
