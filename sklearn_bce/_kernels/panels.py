"""Products of columns with one another: what Hessians and the products of rows are made of.

Columns lie in panels, as many side by side as a vector has numbers: (n_panels, n_rows, WIDTH). A
tile of the result, the columns of one panel times those of another, stays in registers while all
rows pass by (Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication", ACM TOMS
34, 2008). It is made for the processor that is there. Libraries of BLAS may not know it, and are
slow where columns are few.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from . import lanes
from .jit import jit
from .lanes import WIDTH

_I64 = ir.IntType(64)


def n_panels(n_columns):
    """Return how many panels hold so many columns."""
    return -(-n_columns // WIDTH)


@jit
def add_products(panels, start, stop, gram):
    """Add the products of the panels up to ``stop`` with those from ``start`` on.

    Of each pair of panels only once: ``gram``, which has a row and a column for each lane of all
    panels, gets its upper triangle, and some numbers below it.
    """
    for i in range(stop):
        j = max(i, start)
        if (stop - j) % 2 == 1:
            _add_tile(panels, i, j, gram)
            j += 1
        for k in range(j, stop, 2):
            _add_two_tiles(panels, i, k, gram)


@jit
def mirror(gram, symmetric):
    """Fill a matrix with the first columns of the upper triangle, on both sides."""
    for i in range(symmetric.shape[0]):
        for j in range(i, symmetric.shape[0]):
            symmetric[i, j] = gram[i, j]
            symmetric[j, i] = gram[i, j]


def _add_tile(panels, i, j, gram):
    """Add the products of panel i with panel j."""
    rows, columns = slice(WIDTH * i, WIDTH * (i + 1)), slice(WIDTH * j, WIDTH * (j + 1))
    gram[rows, columns] += panels[i].T @ panels[j]


def _add_two_tiles(panels, i, j, gram):
    """Add the products of panel i with panel j and the next."""
    _add_tile(panels, i, j, gram)
    _add_tile(panels, i, j + 1, gram)


@overload(_add_tile)
def _add_tile_of_lanes(panels, i, j, gram):
    return lambda panels, i, j, gram: _add_products_of_one(panels, i, j, gram)


@overload(_add_two_tiles)
def _add_two_tiles_of_lanes(panels, i, j, gram):
    return lambda panels, i, j, gram: _add_products_of_two(panels, i, j, gram)


def _products_with(n_right):
    """Return the operation for so many panels on the right."""

    @intrinsic
    def add(typingctx, panels, i, j, gram):
        def generate(context, builder, signature, arguments):
            panels, i, j, gram = arguments
            panels = lanes.Array(context, builder, signature.args[0], panels)
            gram = lanes.Array(context, builder, signature.args[3], gram)
            n_lanes, n_at_once = _tile_for(context)
            for first_right in range(0, n_right, n_at_once):
                stop = min(first_right + n_at_once, n_right)
                rights = [builder.add(j, _I64(right)) for right in range(first_right, stop)]
                for first in range(0, WIDTH, n_lanes):
                    _tile(builder, panels, i, range(first, first + n_lanes), rights, gram)
            return context.get_dummy_value()

        return types.void(panels, types.int64, types.int64, gram), generate

    return add


_add_products_of_one, _add_products_of_two = _products_with(1), _products_with(2)


def _tile_for(context):
    """Return lanes of the left panel and panels on the right whose sums all stay in registers."""
    has_long_vectors = "+avx512f" in context.codegen().magic_tuple()[2]
    return (WIDTH, 2) if has_long_vectors else (WIDTH // 2, 1)


def _tile(builder, panels, i, left, rights, gram):
    """A loop over rows that sums up the products of some lanes of panel i with whole panels."""
    n_rows = panels.size(1)
    before = builder.block
    loop, after = (builder.append_basic_block(name) for name in ("rows", "sums"))
    builder.branch(loop)
    builder.position_at_end(loop)
    row = builder.phi(_I64)
    sums = [[builder.phi(lanes.VECTOR) for _ in rights] for _ in left]
    vectors = [panels.load(panels.place(panel, row, _I64(0)), WIDTH) for panel in rights]
    totals = []
    for lane, of_lane in zip(left, sums, strict=True):
        factor = lanes.everywhere(builder, panels.number(panels.place(i, row, _I64(lane))))
        pairs = zip(vectors, of_lane, strict=True)
        totals.append([lanes.call(builder, "fmuladd", factor, v, total) for v, total in pairs])
    following = builder.add(row, _I64(1))
    _come_from(row, (before, _I64(0)), (loop, following))
    for of_lane, new in zip(sums, totals, strict=True):
        for phi, total in zip(of_lane, new, strict=True):
            _come_from(phi, (before, ir.Constant(lanes.VECTOR, [0.0] * WIDTH)), (loop, total))
    builder.cbranch(builder.icmp_signed("<", following, n_rows), loop, after)
    builder.position_at_end(after)
    for lane, new in zip(left, totals, strict=True):
        row_of_gram = builder.add(builder.mul(i, _I64(WIDTH)), _I64(lane))
        for panel, total in zip(rights, new, strict=True):
            place = gram.place(row_of_gram, builder.mul(panel, _I64(WIDTH)))
            gram.store(builder.fadd(gram.load(place, WIDTH), total), place)


def _come_from(phi, *origins):
    for block, value in origins:
        phi.add_incoming(value, block)
