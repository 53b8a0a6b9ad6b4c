"""Large arrays that are used again.

New ones come from the system page by page, each cleared on its first touch. For sums as long as
wide sparse X that takes about as long as to read it.
"""

import numpy as np

from ._kernels.lanes import WIDTH


class Room:
    """Memory that was used before, and is free again."""

    def __init__(self):
        self._free = []

    def take(self, n_rows, width):
        """Return an array (n_rows, width) of anything.

        `WIDTH` numbers in a row begin where a line of the processor's cache does.
        """
        size = n_rows * width
        try:
            raw = self._free.pop()  # threads may do so at the same time
        except IndexError:
            raw = np.empty(0)
        if raw.size < size + WIDTH - 1:
            raw = np.empty(size + WIDTH - 1)
        start = -(raw.ctypes.data // raw.itemsize) % WIDTH
        return raw[start : start + size].reshape(n_rows, width)

    def leave(self, arrays):
        """Take arrays back, that nobody reads any more."""
        self._free.extend(array.base for array in arrays)
