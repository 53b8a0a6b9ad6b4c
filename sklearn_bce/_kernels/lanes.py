"""`WIDTH` numbers side by side, one for each of as many problems, as one vector of the processor.

LLVM does not turn the short inner loop over problems into vector code, for it cannot know that the
arrays do not overlap. So vectors are a type here, with the four operations that passes over sparse
X need. LLVM splits a vector where the processor's are shorter.
"""

import numpy as np
from llvmlite import ir
from numba import float64, types
from numba.core import cgutils
from numba.extending import intrinsic, models, overload, register_model

WIDTH = 8  # a cache line of float64
_VECTOR = ir.VectorType(ir.DoubleType(), WIDTH)


class _Lanes(types.Type):
    """Numba's name for a vector."""

    def __init__(self):
        super().__init__(name=f"Lanes{WIDTH}")


_lanes = _Lanes()


@register_model(_Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, _VECTOR)


# What each operation means in plain Python, where a vector is an array of shape (WIDTH,).


def zeros():
    """Return a vector of zeros."""
    return np.zeros(WIDTH)


def load(rows, j):
    """Return rows[j], for float64 ``rows`` of shape (n, WIDTH) in C order."""
    return rows[j].copy()


def store(vector, rows, j):
    """Set rows[j] to the vector."""
    rows[j] = vector


def multiply_add(factor, vector, total):
    """Return factor * vector + total, for a number ``factor``."""
    return factor * vector + total


def add(one, other):
    """Return one + other."""
    return one + other


# What Numba compiles for it, each under a name of its own: see `_KernelCache`.


@overload(zeros)
def _zeros_lanes():
    return lambda: _zeros()


@overload(load)
def _load_lanes(rows, j):
    return lambda rows, j: _load(rows, np.int64(j))


@overload(store)
def _store_lanes(vector, rows, j):
    return lambda vector, rows, j: _store(vector, rows, np.int64(j))


@overload(multiply_add)
def _multiply_add_lanes(factor, vector, total):
    return lambda factor, vector, total: _multiply_add(np.float64(factor), vector, total)


@overload(add)
def _add_lanes(one, other):
    return lambda one, other: _add(one, other)


@intrinsic
def _zeros(typingctx):
    def generate(context, builder, signature, arguments):
        return ir.Constant(_VECTOR, [0.0] * WIDTH)

    return _lanes(), generate


def _place(context, builder, kind, rows, j):
    """Pointer to the vector rows[j]."""
    first = context.make_array(kind)(context, builder, rows).data
    place = builder.gep(first, [builder.mul(j, ir.Constant(j.type, WIDTH))])
    return builder.bitcast(place, _VECTOR.as_pointer())


@intrinsic
def _load(typingctx, rows, j):
    def generate(context, builder, signature, arguments):
        place = _place(context, builder, signature.args[0], *arguments)
        return builder.load(place, align=8)

    return _lanes(rows, j), generate


@intrinsic
def _store(typingctx, vector, rows, j):
    def generate(context, builder, signature, arguments):
        place = _place(context, builder, signature.args[1], *arguments[1:])
        builder.store(arguments[0], place, align=8)
        return context.get_dummy_value()

    return types.void(_lanes, rows, j), generate


@intrinsic
def _multiply_add(typingctx, factor, vector, total):
    def generate(context, builder, signature, arguments):
        factor, vector, total = arguments
        undefined = ir.Constant(_VECTOR, ir.Undefined)
        index = ir.IntType(32)
        first = builder.insert_element(undefined, factor, index(0))
        everywhere = ir.Constant(ir.VectorType(index, WIDTH), [0] * WIDTH)
        factors = builder.shuffle_vector(first, undefined, everywhere)
        kind = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
        fma = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fma.v{WIDTH}f64")
        return builder.call(fma, [factors, vector, total])

    return _lanes(float64, _lanes, _lanes), generate


@intrinsic
def _add(typingctx, one, other):
    def generate(context, builder, signature, arguments):
        return builder.fadd(*arguments)

    return _lanes(_lanes, _lanes), generate
