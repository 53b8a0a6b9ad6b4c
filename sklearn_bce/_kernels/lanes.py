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
VECTOR = ir.VectorType(ir.DoubleType(), WIDTH)
_I32 = ir.IntType(32)


class _Lanes(types.Type):
    """Numba's name for a vector."""

    def __init__(self):
        super().__init__(name=f"Lanes{WIDTH}")


_lanes = _Lanes()


@register_model(_Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, VECTOR)


# What each operation means in plain Python, where a vector is an array of shape (WIDTH,).


def zeros():
    """Return a vector of zeros."""
    return np.zeros(WIDTH)


def fill(number):
    """Return a vector of one number."""
    return np.full(WIDTH, number)


def load(numbers, place):
    """Return the vector that begins at a place of float64 numbers, counted as if they were flat."""
    return numbers.reshape(-1)[place : place + WIDTH].copy()


def store(vector, numbers, place):
    """Make the numbers from a place on those of the vector; see `load`."""
    numbers.reshape(-1)[place : place + WIDTH] = vector


def copy(numbers, start, others, place):
    """Copy as many numbers as a vector has, of whatever type, to a place among others."""
    others.reshape(-1)[place : place + WIDTH] = numbers.reshape(-1)[start : start + WIDTH]


def gather(table, rows, i, column):
    """Return the vector of what stands in a column of a table, in rows[i] and those after it."""
    return table[rows[i : i + WIDTH], column]


def store_pairs(one, other, pairs, i):
    """Make pairs[i] and those after it the pairs of numbers of two vectors."""
    pairs[i : i + WIDTH] = np.column_stack([one, other])


def add_pair(pairs, i, table, row, column):
    """Add pairs[i] to the two numbers that begin in a row and a column of a table."""
    table[row, column : column + 2] += pairs[i]


def first(n, vector):
    """Return the vector with zeros after its first n numbers."""
    return np.where(np.arange(WIDTH) < n, vector, 0.0)


def total(vector):
    """Return the sum of the vector's numbers."""
    return vector.sum()


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
def _load_lanes(numbers, place):
    return lambda numbers, place: _load(numbers, np.int64(place))


@overload(store)
def _store_lanes(vector, numbers, place):
    return lambda vector, numbers, place: _store(vector, numbers, np.int64(place))


@overload(copy)
def _copy_lanes(numbers, start, others, place):
    return lambda numbers, start, others, place: _copy(
        numbers, np.int64(start), others, np.int64(place)
    )


@overload(gather)
def _gather_lanes(table, rows, i, column):
    return lambda table, rows, i, column: _gather(table, rows, np.int64(i), np.int64(column))


@overload(store_pairs)
def _store_pairs_lanes(one, other, pairs, i):
    return lambda one, other, pairs, i: _store_pairs(one, other, pairs, np.int64(i))


@overload(add_pair)
def _add_pair_lanes(pairs, i, table, row, column):
    return lambda pairs, i, table, row, column: _add_pair(
        pairs, np.int64(i), table, np.int64(row), np.int64(column)
    )


@overload(first)
def _first_lanes(n, vector):
    return lambda n, vector: _first(np.int64(n), vector)


@overload(total)
def _total_lanes(vector):
    return lambda vector: _total(vector)


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


def _kind(n, number=None):
    """LLVM's type of a vector of n numbers, float64 if no other is said."""
    return ir.VectorType(number or ir.DoubleType(), n)


def everywhere(builder, number):
    """The vector of one number."""
    undefined = ir.Constant(_kind(WIDTH, number.type), ir.Undefined)
    alone = builder.insert_element(undefined, number, _I32(0))
    return _choose(builder, alone, undefined, [0] * WIDTH)


def _choose(builder, one, other, lanes):
    """The vector of some numbers of two vectors, counted as if the other followed the one."""
    return builder.shuffle_vector(one, other, ir.Constant(_kind(len(lanes), _I32), lanes))


def call(builder, name, *vectors):
    """Call LLVM's own function of vectors."""
    kind = ir.FunctionType(VECTOR, [VECTOR] * len(vectors))
    function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v{WIDTH}f64")
    return builder.call(function, vectors)


class Array:
    """An array that is an argument of an operation, in C order."""

    def __init__(self, context, builder, kind, value):
        self._builder = builder
        self._view = context.make_array(kind)(context, builder, value)
        self._number = context.get_data_type(kind.dtype)
        self._n_bytes = kind.dtype.bitwidth // 8

    def size(self, axis):
        """The length of the array along an axis."""
        return self._builder.extract_value(self._view.shape, axis)

    def place(self, *indices):
        """The place of a number, counted as if the array was flat."""
        place, *others = indices
        for axis, index in enumerate(others, 1):
            place = self._builder.add(self._builder.mul(place, self.size(axis)), index)
        return place

    def load(self, place, n):
        """The vector of n numbers from a place on."""
        return self._builder.load(self._pointer(place, n), align=self._n_bytes)

    def number(self, place):
        """The number at a place, float64 if it is float32."""
        number = self._builder.load(self._builder.gep(self._view.data, [place]))
        is_short = number.type == ir.FloatType()
        return self._builder.fpext(number, ir.DoubleType()) if is_short else number

    def store(self, vector, place):
        """Store a vector from a place on."""
        self._builder.store(vector, self._pointer(place, vector.type.count), align=self._n_bytes)

    def _pointer(self, place, n):
        first = self._builder.gep(self._view.data, [place])
        return self._builder.bitcast(first, _kind(n, self._number).as_pointer())


@intrinsic
def _fill(typingctx, number):
    def generate(context, builder, signature, arguments):
        return everywhere(builder, *arguments)

    return _lanes(float64), generate


@intrinsic
def _load(typingctx, numbers, place):
    def generate(context, builder, signature, arguments):
        numbers, place = arguments
        return Array(context, builder, signature.args[0], numbers).load(place, WIDTH)

    return _lanes(numbers, place), generate


@intrinsic
def _store(typingctx, vector, numbers, place):
    def generate(context, builder, signature, arguments):
        vector, numbers, place = arguments
        Array(context, builder, signature.args[1], numbers).store(vector, place)
        return context.get_dummy_value()

    return types.void(_lanes, numbers, place), generate


@intrinsic
def _copy(typingctx, numbers, start, others, place):
    def generate(context, builder, signature, arguments):
        old, new = signature.args[0].dtype, signature.args[2].dtype
        source = Array(context, builder, signature.args[0], arguments[0])
        target = Array(context, builder, signature.args[2], arguments[2])
        vector = source.load(arguments[1], WIDTH)
        if new.bitwidth > old.bitwidth:  # indices are never negative
            widen = builder.fpext if isinstance(new, types.Float) else builder.zext
            vector = widen(vector, _kind(WIDTH, context.get_data_type(new)))
        target.store(vector, arguments[3])
        return context.get_dummy_value()

    return types.void(numbers, start, others, place), generate


@intrinsic
def _gather(typingctx, table, rows, i, column):
    def generate(context, builder, signature, arguments):
        table, rows = (
            Array(context, builder, kind, value)
            for kind, value in zip(signature.args[:2], arguments[:2], strict=True)
        )
        i, column = arguments[2:]
        vector = ir.Constant(VECTOR, ir.Undefined)
        # Number by number: the processor's own instruction takes longer.
        for lane in range(WIDTH):
            row = rows.number(builder.add(i, i.type(lane)))
            number = table.number(table.place(row, column))
            vector = builder.insert_element(vector, number, _I32(lane))
        return vector

    return _lanes(table, rows, i, column), generate


@intrinsic
def _store_pairs(typingctx, one, other, pairs, i):
    def generate(context, builder, signature, arguments):
        one, other, pairs, i = arguments
        pairs = Array(context, builder, signature.args[2], pairs)
        for first in (0, WIDTH // 2):
            places = range(first, first + WIDTH // 2)
            chosen = [place + side for place in places for side in (0, WIDTH)]
            pair = pairs.place(builder.add(i, i.type(first)), i.type(0))
            pairs.store(_choose(builder, one, other, chosen), pair)
        return context.get_dummy_value()

    return types.void(_lanes, _lanes, pairs, i), generate


@intrinsic
def _add_pair(typingctx, pairs, i, table, row, column):
    def generate(context, builder, signature, arguments):
        pairs, i, table, row, column = arguments
        pairs = Array(context, builder, signature.args[0], pairs)
        table = Array(context, builder, signature.args[2], table)
        place = table.place(row, column)
        pair = pairs.load(pairs.place(i, i.type(0)), 2)
        table.store(builder.fadd(table.load(place, 2), pair), place)
        return context.get_dummy_value()

    return types.void(pairs, i, table, row, column), generate


@intrinsic
def _first(typingctx, n, vector):
    def generate(context, builder, signature, arguments):
        n, vector = arguments
        lanes = ir.Constant(_kind(WIDTH, n.type), list(range(WIDTH)))
        is_first = builder.icmp_signed("<", lanes, everywhere(builder, n))
        return builder.select(is_first, vector, ir.Constant(VECTOR, [0.0] * WIDTH))

    return _lanes(n, _lanes), generate


@intrinsic
def _total(typingctx, vector):
    def generate(context, builder, signature, arguments):
        (vector,) = arguments
        n = WIDTH
        while n > 1:
            n //= 2
            left = _choose(builder, vector, vector, list(range(n)))
            vector = builder.fadd(left, _choose(builder, vector, vector, list(range(n, 2 * n))))
        return builder.extract_element(vector, _I32(0))

    return float64(_lanes), generate


@intrinsic
def _multiply_add(typingctx, factor, vector, total):
    def generate(context, builder, signature, arguments):
        factor, vector, total = arguments
        return call(builder, "fma", everywhere(builder, factor), vector, total)

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
        return call(builder, "sqrt", *arguments)

    return _lanes(_lanes), generate


@intrinsic
def _where_positive(typingctx, test, vector):
    def generate(context, builder, signature, arguments):
        test, vector = arguments
        nothing = ir.Constant(VECTOR, [0.0] * WIDTH)
        infinite = ir.Constant(VECTOR, [np.inf] * WIDTH)
        is_positive = builder.fcmp_ordered(">", test, nothing)
        is_finite = builder.fcmp_ordered("<", test, infinite)
        return builder.select(builder.and_(is_positive, is_finite), vector, nothing)

    return _lanes(_lanes, _lanes), generate
