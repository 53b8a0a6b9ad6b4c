"""The one place where kernels are compiled: the flags, the cache, and the reasons for both."""

import hashlib
import pickle
from pathlib import Path

from numba import __version__, config, njit
from numba.core.caching import FunctionCache
from numba.core.serialize import dumps

from .interrupts import interrupts_between_passes

# `reassoc` lets LLVM vectorise sums. `nnan` and `ninf` stay out: with them isnan and isinf are
# compiled away, and an overflow could no longer be seen. So does `arcp`: whether a quotient is a
# division or a product with the inverse would depend on how a loop is unrolled, and so would bits.
_SUM_FLAGS = {"reassoc", "contract", "nsz"}


def _folder_stamp():
    """Hash of every kernel source and of Numba's version.

    Numba alone looks only at the file a kernel stands in, and at its version only in the index:
    machine code that another version writes meanwhile, in another environment, would be loaded.
    """
    digest = hashlib.sha256(__version__.encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()


_STAMP = _folder_stamp()


def _seal(key, content):
    """Hash of a compiled kernel and of what it was compiled for."""
    return hashlib.sha256(repr((_STAMP, key)).encode() + content).digest()


class _KernelCache(FunctionCache):
    """Numba's cache on disk, made harmless.

    An entry is valid for one state of the whole folder (a change in a callee counts). A damaged
    entry is a miss, and compiling again heals it; one that cannot be written is not written.

    What a kernel calls is in its entry too, under a name that has to be of that function alone.
    Numba tells functions of one qualified name and the same types apart by a number only, which
    every process counts anew: of two in entries from two processes, one would run for both.
    """

    def __init__(self, function):
        super().__init__(function)
        self._cache_file._source_stamp = _STAMP

    # Entries are sealed with what they were written for. Numba checks nothing: one wrong bit in the
    # machine code is a crash, and of two processes that write their first entry at once, one may
    # leave its code under the other's name.

    def _save_overload(self, sig, data):
        if self._enabled and self._impl.check_cachable(data):
            self._impl.locator.ensure_cache_path()
            key = self._index_key(sig, data.codegen)
            content = dumps(self._impl.reduce(data))
            self._cache_file.save(key, (_seal(key, content), content))

    def _load_overload(self, sig, target_context):
        if not self._enabled:
            return None
        key = self._index_key(sig, target_context.codegen())
        entry = self._cache_file.load(key)
        if entry is None or entry[0] != _seal(key, entry[1]):
            return None
        return self._impl.rebuild(target_context, pickle.loads(entry[1]))

    def load_overload(self, sig, target_context):
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # whatever a torn or foreign file makes the unpickler raise
            return None

    def save_overload(self, sig, data):
        try:
            super().save_overload(sig, data)
        except Exception:  # a torn index, a full disk, a folder that has become read-only
            self._start_over(sig, data)

    def _start_over(self, sig, data):
        try:
            self.flush()
            super().save_overload(sig, data)
        except Exception:
            self.disable()


def _compile(function, fastmath, **options):
    # error_model="numpy": a division that tests for zero and raises cannot be vectorised.
    # nogil=True: rows may be shared out among Python threads.
    # No parallel=True: its thread layers abort or hang under fork, joblib and Dask.
    kernel = njit(nogil=True, error_model="numpy", fastmath=fastmath, **options)(function)
    if config.DISABLE_JIT:
        return kernel
    kernel.compile = interrupts_between_passes()(kernel.compile)
    try:
        kernel._cache = _KernelCache(function)
    except Exception:  # no writable place for a cache: compile in every process
        pass
    return kernel


def jit(function):
    """Compile a loop over rows; the order of additions within a sum is left to the compiler."""
    return _compile(function, _SUM_FLAGS)


def jit_within(function):
    """As `jit`, into the loop that calls it: for what takes less time than passing arrays does."""
    return _compile(function, _SUM_FLAGS, forceinline=True)


def jit_exact(function):
    """Compile the arithmetic of one row as written, into the loop that calls it.

    For formulas whose rounding is thought out: swapped classes give the same bits.
    """
    return _compile(function, False, forceinline=True)


def jit_polynomial(function):
    """As `jit_exact`, but a product and the sum that follows it may be rounded as one."""
    return _compile(function, {"contract"}, forceinline=True)
