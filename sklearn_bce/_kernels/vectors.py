"""Operations on vectors as long as X has columns, several in one pass over memory.

With a hundred thousand columns they cost as much as a reading of sparse X.
"""

from .jit import jit

_TILE = 64  # places of all vectors that stay in cache

# A loop that writes does not add up as well. Before it, compiled code finds out how far its vectors
# lie apart in memory, and the order of a sum would depend on that.


@jit
def cg_advance(step, search, product, inverse, direction, residual):
    """Step along ``search``; return the height residual' (inverse * residual) that is left.

    ``direction`` grows by step * search, ``residual`` falls by step * product.
    """
    for j in range(search.size):
        direction[j] += step * search[j]
        residual[j] -= step * product[j]
    height = 0.0
    for j in range(search.size):
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
    last = sums.size
    for j in range(last):
        chained[j] = (sums[j] - center[j] * total) * varies_over_scale[j] + penalty[j] * theta[j]
    chained[last] = total
    height = 0.0
    for j in range(last):
        height += penalty[j] * theta[j] * theta[j]
    return 0.5 * height


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
