"""Asking for memory before it is needed, where a loop knows early what it will look up."""

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.extending import intrinsic, overload

LINE = 8  # float64 numbers that memory brings together


def prefetch(array, place):
    """Ask for the line of memory with a number of a contiguous array, counted as if it was flat."""


@intrinsic
def _prefetch(typing_context, array, place):
    def generate(context, builder, signature, arguments):
        view = context.make_array(signature.args[0])(context, builder, arguments[0])
        address = builder.bitcast(builder.gep(view.data, [arguments[1]]), cgutils.voidptr_t)
        i32 = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, i32, i32, i32])
        ask = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        builder.call(ask, [address, i32(0), i32(3), i32(1)])  # to read, to keep, data
        return context.get_dummy_value()

    return types.void(array, types.uintp), generate


@overload(prefetch, inline="always")
def _prefetch_line(array, place):
    return lambda array, place: _prefetch(array, place)
