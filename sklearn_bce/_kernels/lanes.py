"""`WIDTH` numbers side by side, as one vector of the processor: of as many problems, or columns.

LLVM does not turn short inner loops into vector code, for it cannot know that the arrays do not
overlap. So vectors are a type here, with the operations that passes over sparse X and stochastic
steps need. LLVM splits a vector where the processor's are shorter.
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


def fill(number):
    """Return a vector of one number."""
    return np.full(WIDTH, number)


def load(numbers, j):
    """Return the vector j of float64 numbers, (n, WIDTH) or flat, in C order."""
    return numbers.reshape(-1, WIDTH)[j].copy()


def store(vector, numbers, j):
    """Make the vector the j-th of the numbers; see `load`."""
    numbers.reshape(-1, WIDTH)[j] = vector


def multiply_add(factor, vector, total):
    """Return factor * vector + total, for a number ``factor``."""
    return factor * vector + total


def add(one, other):
    """Return one + other."""
    return one + other


def multiply(one, other):
    """Return one * other."""
    return one * other


def divide(one, other):
    """Return one / other."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return one / other


def root(vector):
    """Return the square roots."""
    return np.sqrt(vector)


def where_positive(test, vector):
    """Return the vector where the test is positive and finite, and 0 elsewhere."""
    return np.where((test > 0.0) & (test < np.inf), vector, 0.0)


# What Numba compiles for it, each under a name of its own: see `_KernelCache`.


@overload(zeros)
def _zeros_lanes():
    return lambda: _fill(0.0)


@overload(fill)
def _fill_lanes(number):
    return lambda number: _fill(np.float64(number))


@overload(load)
def _load_lanes(numbers, j):
    return lambda numbers, j: _load(numbers, np.int64(j))


@overload(store)
def _store_lanes(vector, numbers, j):
    return lambda vector, numbers, j: _store(vector, numbers, np.int64(j))


@overload(multiply_add)
def _multiply_add_lanes(factor, vector, total):
    return lambda factor, vector, total: _multiply_add(np.float64(factor), vector, total)


@overload(add)
def _add_lanes(one, other):
    return lambda one, other: _add(one, other)


@overload(multiply)
def _multiply_lanes(one, other):
    return lambda one, other: _multiply(one, other)


@overload(divide)
def _divide_lanes(one, other):
    return lambda one, other: _divide(one, other)


@overload(root)
def _root_lanes(vector):
    return lambda vector: _root(vector)


@overload(where_positive)
def _where_positive_lanes(test, vector):
    return lambda test, vector: _where_positive(test, vector)


def _everywhere(builder, number):
    """The vector of one number."""
    undefined = ir.Constant(_VECTOR, ir.Undefined)
    index = ir.IntType(32)
    first = builder.insert_element(undefined, number, index(0))
    return builder.shuffle_vector(
        first, undefined, ir.Constant(ir.VectorType(index, WIDTH), [0] * WIDTH)
    )


def _call(builder, name, *vectors):
    """Call LLVM's own function of vectors."""
    kind = ir.FunctionType(_VECTOR, [_VECTOR] * len(vectors))
    function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v{WIDTH}f64")
    return builder.call(function, vectors)


def _place(context, builder, kind, numbers, j):
    """Pointer to the vector j of an array."""
    first = context.make_array(kind)(context, builder, numbers).data
    place = builder.gep(first, [builder.mul(j, ir.Constant(j.type, WIDTH))])
    return builder.bitcast(place, _VECTOR.as_pointer())


@intrinsic
def _fill(typingctx, number):
    def generate(context, builder, signature, arguments):
        return _everywhere(builder, *arguments)

    return _lanes(float64), generate


@intrinsic
def _load(typingctx, numbers, j):
    def generate(context, builder, signature, arguments):
        place = _place(context, builder, signature.args[0], *arguments)
        return builder.load(place, align=8)

    return _lanes(numbers, j), generate


@intrinsic
def _store(typingctx, vector, numbers, j):
    def generate(context, builder, signature, arguments):
        place = _place(context, builder, signature.args[1], *arguments[1:])
        builder.store(arguments[0], place, align=8)
        return context.get_dummy_value()

    return types.void(_lanes, numbers, j), generate


@intrinsic
def _multiply_add(typingctx, factor, vector, total):
    def generate(context, builder, signature, arguments):
        factor, vector, total = arguments
        return _call(builder, "fma", _everywhere(builder, factor), vector, total)

    return _lanes(float64, _lanes, _lanes), generate


@intrinsic
def _add(typingctx, one, other):
    def generate(context, builder, signature, arguments):
        return builder.fadd(*arguments)

    return _lanes(_lanes, _lanes), generate


@intrinsic
def _multiply(typingctx, one, other):
    def generate(context, builder, signature, arguments):
        return builder.fmul(*arguments)

    return _lanes(_lanes, _lanes), generate


@intrinsic
def _divide(typingctx, one, other):
    def generate(context, builder, signature, arguments):
        return builder.fdiv(*arguments)

    return _lanes(_lanes, _lanes), generate


@intrinsic
def _root(typingctx, vector):
    def generate(context, builder, signature, arguments):
        return _call(builder, "sqrt", *arguments)

    return _lanes(_lanes), generate


@intrinsic
def _where_positive(typingctx, test, vector):
    def generate(context, builder, signature, arguments):
        test, vector = arguments
        nothing = ir.Constant(_VECTOR, [0.0] * WIDTH)
        infinite = ir.Constant(_VECTOR, [np.inf] * WIDTH)
        is_positive = builder.fcmp_ordered(">", test, nothing)
        is_finite = builder.fcmp_ordered("<", test, infinite)
        return builder.select(builder.and_(is_positive, is_finite), vector, nothing)

    return _lanes(_lanes, _lanes), generate
