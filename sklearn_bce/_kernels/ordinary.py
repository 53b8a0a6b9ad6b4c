"""Whether numbers are of sizes that no sum of products of some of them can overflow."""

from .jit import jit

_LARGEST, _SMALLEST = 1e30, 1e-30


@jit
def are_ordinary(numbers):
    """Whether all numbers of a flat array have a size from 1e-30 to 1e30, or are 0."""
    n_others = 0
    for i in range(numbers.size):
        size = abs(numbers[i])
        # Not `or`: a choice for every number would keep this from becoming vector code.
        n_others += (not size <= _LARGEST) | ((size > 0.0) & (size < _SMALLEST))
    return n_others == 0
