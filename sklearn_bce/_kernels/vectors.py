"""Operations on vectors as long as X has columns, several in one pass over memory.

With a hundred thousand columns they cost as much as a reading of sparse X.
"""

from .jit import jit

_TILE = 64  # places of all vectors that stay in cache


@jit
def cg_advance(step, search, product, inverse, direction, residual):
    """Step along ``search``; return the height residual' (inverse * residual) that is left.

    ``direction`` grows by step * search, ``residual`` falls by step * product.
    """
    height = 0.0
    for j in range(search.size):
        direction[j] += step * search[j]
        residual[j] -= step * product[j]
        height += residual[j] * residual[j] * inverse[j]
    return height


@jit
def cg_turn(factor, residual, inverse, search):
    """Set ``search`` to the preconditioned residual plus ``factor`` times itself."""
    for j in range(search.size):
        search[j] = inverse[j] * residual[j] + factor * search[j]


@jit
def chain(sums, total, center, varies_over_scale, penalty, theta, chained):
    """From sums over rows of (raw X, 1) to those over the scaled variables, and the L2 penalty's.

    Fills ``chained`` (size,), and returns the penalty at ``theta``. Centred, a constant column is
    zero; here only the rounding of the two sums would be left of it.
    """
    half = 0.0
    last = sums.size
    # A loop of its own: where a loop also writes, the compiled code takes one of two ways by where
    # the arrays lie in memory, and the order of a sum, and its last bit, would depend on that.
    for j in range(last):
        half += penalty[j] * theta[j] * theta[j]
    for j in range(last):
        pull = penalty[j] * theta[j]
        chained[j] = (sums[j] - center[j] * total) * varies_over_scale[j] + pull
    chained[last] = total
    return 0.5 * half


@jit
def largest_ratio(numerator, denominator):
    """Return the largest numerator[i] / denominator[i] where the numerator is not zero, or 0."""
    largest = 0.0
    for i in range(numerator.size):
        ratio = numerator[i] / denominator[i] if numerator[i] > 0.0 else 0.0
        largest = ratio if ratio > largest else largest
    return largest


@jit
def interleave(rows, columns):
    """Copy ``rows`` (K, size) to the first K columns of ``columns`` (size, at least K)."""
    for start in range(0, rows.shape[1], _TILE):
        stop = min(start + _TILE, rows.shape[1])
        for k in range(rows.shape[0]):
            for j in range(start, stop):
                columns[j, k] = rows[k, j]


@jit
def separate(columns, rows):
    """Copy the first K columns of ``columns`` to ``rows`` (K, size)."""
    for start in range(0, rows.shape[1], _TILE):
        stop = min(start + _TILE, rows.shape[1])
        for k in range(rows.shape[0]):
            for j in range(start, stop):
                rows[k, j] = columns[j, k]
