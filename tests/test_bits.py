"""Sums have the same bits wherever their arrays lie in memory, near to each other or far apart."""

import numpy as np
import pytest

from sklearn_bce._kernels.pairs import add_pair
from sklearn_bce._kernels.pointwise import loss_of_rows
from sklearn_bce._kernels.vectors import cg_advance, chain

SIZES = [1, 3, 7, 12, 17, 30, 63, 200]


def laid_out(arrays, gap):
    """The same arrays one after the other in one piece of memory, ``gap`` numbers between them."""
    memory = np.zeros(sum(array.size + gap for array in arrays))
    placed, start = [], 0
    for array in arrays:
        place = memory[start : start + array.size].reshape(array.shape)
        place[...] = array
        placed.append(place)
        start += array.size + gap
    return placed


def chain_of(rng, n):
    sums, center, varies, penalty, chained = rng.random((5, n))
    arrays = [sums, center, varies, penalty, np.append(rng.random(n), 1.0), np.append(chained, 1.0)]

    def run(placed):
        *columns, theta, chained = placed
        return chain(columns[0], 0.3, *columns[1:], theta, chained)

    return arrays, run


def cg_of(rng, n):
    return list(rng.random((5, n))), lambda placed: cg_advance(0.1, *placed)


def loss_of(rng, n):
    arrays = [rng.normal(size=n), *rng.random((2, n)), *np.empty((2, n))]
    return arrays, lambda placed: loss_of_rows(*placed[:3], 0.0, 0.0, *placed[3:])[0]


def focal_of(rng, n):
    arrays = [rng.normal(size=n), *rng.random((2, n)), *np.empty((2, n))]
    return arrays, lambda placed: loss_of_rows(*placed[:3], 2.0, 1.0, *placed[3:])[0]


def pair_of(rng, n):
    here, last = rng.random((2, 3, n))
    arrays = [*here, *last, np.zeros((3, n)), np.zeros((3, n))]

    def run(placed):
        products, of_pairs = np.zeros((2, 3)), np.zeros((2, 3, 3))
        points = tuple(placed[:3]), tuple(placed[3:6])
        add_pair(*points, *placed[6:], np.arange(3), 0, products, of_pairs)
        return products.tolist(), of_pairs.tolist()

    return arrays, run


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("make", [chain_of, cg_of, loss_of, focal_of, pair_of])
def test_bits_do_not_depend_on_where_arrays_lie(make, n):
    arrays, run = make(np.random.default_rng(n), n)
    expected = run(laid_out(arrays, 1000))
    for gap in range(40):
        assert run(laid_out(arrays, gap)) == expected
        assert run(laid_out(arrays[::-1], gap)[::-1]) == expected
