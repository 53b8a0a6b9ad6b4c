"""The order of rows, at random, and that of the columns in sparse rows."""

import numpy as np

from .jit import jit


@jit
def shuffle(order, draws):
    """Put ``order`` into a random one (Fisher and Yates), by as many draws from [0, 2**32).

    With a draw d a place below n is d n / 2**32: one in 2**32 / n is more likely than others.
    """
    for i in range(order.size - 1, 0, -1):
        place = np.intp((np.uint64(draws[i]) * np.uint64(i + 1)) >> np.uint64(32))
        order[i], order[place] = order[place], order[i]


@jit
def are_rising(indices, indptr):
    """Whether the columns of each sparse row rise, so that it has none of them twice."""
    size = indptr[-1]
    if size < 2:
        return True
    before, after = indices[: size - 1], indices[1:size]
    n_falls = 0
    for i in range(after.size):
        n_falls += after[i] <= before[i]
    for row in range(1, indptr.size - 1):
        first = indptr[row]
        if indptr[row - 1] < first < size:  # from one row to the next they may fall
            n_falls -= after[first - 1] <= before[first - 1]
    return n_falls == 0
