"""The passes over X and what stands on them, against plain NumPy; the cache of compiled code.

The first part also passes with NUMBA_DISABLE_JIT=1.
"""

import os
import shutil
import subprocess
import sys
import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from numba import config, njit

import sklearn_bce
from sklearn_bce import BCEClassifier, OneVsRestBCEClassifier, _matrix, _objective
from sklearn_bce._gram import gram_matrix, gram_root
from sklearn_bce._kernels import jit, lanes, orders, panels, passes
from sklearn_bce._kernels.ordinary import are_ordinary
from sklearn_bce._matrix import Matrix
from sklearn_bce._objective import Objective
from sklearn_bce._shared import answer_together
from sklearn_bce._solvers._conjugate_gradient import cg_step
from sklearn_bce._solvers._gap import gap_at, gap_near
from sklearn_bce._threads import ALONE
from sklearn_bce._together import run_together
from tests.problems import LAYOUTS, partly_sure_problem

BLOCK = passes.BLOCK
SHAPES = [(1, 3), (1, 1), (7, 0), (BLOCK - 1, 2), (BLOCK, 3), (BLOCK + 1, 1), (2 * BLOCK + 3, 4)]
VARIANTS = [
    *((layout, dtype, None) for layout in ("C", "F") for dtype in (np.float64, np.float32)),
    *(
        ("csr", dtype, index)
        for dtype in (np.float64, np.float32)
        for index in (np.int32, np.int64)
    ),
]


def variant_id(value):
    return getattr(value, "__name__", None) or str(value)


every_variant = pytest.mark.parametrize(("layout", "dtype", "index"), VARIANTS, ids=variant_id)
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)


@pytest.fixture(autouse=True)
def _compiled_code_never_warns():
    # Uncompiled kernels are NumPy scalars, which warn where they overflow.
    with np.errstate(all="ignore" if config.DISABLE_JIT else "warn", under="ignore"):
        yield


def dense_and_source(layout, dtype, index, shape, seed=0):
    """X in float64 and X as a user has it; CSR is unsorted, with repeats and explicit zeros."""
    rng = np.random.default_rng(seed)
    n, p = shape
    if layout != "csr":
        source = np.asarray(rng.normal(size=shape), dtype=dtype, order=layout)
        return source.astype(np.float64), source
    lengths = rng.integers(0, 5, size=n) * (p > 0)  # some rows are empty
    indptr = np.append(0, np.cumsum(lengths))
    columns = rng.integers(0, max(p - 1, 1), size=indptr[-1])  # the last of many columns is empty
    values = rng.normal(size=indptr[-1]).astype(dtype)
    values[::7] = 0.0
    dense = np.zeros(shape)
    np.add.at(dense, (np.repeat(np.arange(n), lengths), columns), values.astype(np.float64))
    source = sp.csr_array((values, columns, indptr), shape=shape)
    source.indices, source.indptr = source.indices.astype(index), source.indptr.astype(index)
    return dense, source


def arrays_of(source):
    return (source.data, source.indices, source.indptr) if sp.issparse(source) else (source,)


def vectors(shape, seed=1):
    """Coefficients, row weights u and v (zeros among them)."""
    rng = np.random.default_rng(seed)
    n, p = shape
    u, v = rng.uniform(0.1, 2.0, size=(2, n))
    u[::3] = 0.0
    v[1::4] = 0.0
    return rng.normal(size=p), u, v


def assert_sums(got, terms, before=0.0):
    """``got`` is the sum of ``terms`` over axis 0, in any order of the additions."""
    allowed = 1e-14 * (np.abs(terms).sum(axis=0) + np.abs(before)) + 1e-300
    assert np.shape(got) == terms.shape[1:]
    assert (np.abs(got - terms.sum(axis=0) - before) <= allowed).all()


def focal_terms(z, gamma):
    """Value, slope and curvature of phi in plain NumPy."""
    p, q = np.exp(-np.logaddexp(0, -z)), np.exp(-np.logaddexp(0, z))
    power, nats = q**gamma, np.logaddexp(0, -z)
    slope = -power * (gamma * p * nats + q)
    return power * nats, slope, p * power * ((1 + 2 * gamma) * q - gamma * (q - gamma * p) * nats)


# -- the passes


@every_variant
@every_shape
def test_scores_pass(layout, dtype, index, shape):
    dense, source = dense_and_source(layout, dtype, index, shape)
    coef, *_ = vectors(shape)
    got = np.full(shape[0], np.nan)
    passes.scores_pass(Matrix(source).layout, 0, coef, 0.7, got)
    assert_sums(got, np.vstack([np.full(shape[0], 0.7), (dense * coef).T]))


@pytest.mark.parametrize("gammas", [(0.0, 0.0), (2.0, 2.0), (1.0, 3.0), (0.0, 2.0)], ids=str)
@every_variant
@every_shape
def test_loss_pass(layout, dtype, index, shape, gammas):
    dense, source = dense_and_source(layout, dtype, index, shape)
    coef, u, v = vectors(shape)
    z = dense @ coef + 0.3
    (yes, yes_slope, yes_curvature), (no, no_slope, no_curvature) = (
        focal_terms(sign * z, gamma) for sign, gamma in zip((1, -1), gammas, strict=True)
    )
    both = yes_slope + no_slope
    fisher = no_slope / both * yes_curvature + yes_slope / both * no_curvature
    sums, weight = np.ones(shape[1]), np.full(shape[0], np.nan)
    total, total_slope, n_wrong = passes.loss_pass(
        Matrix(source).layout, 0, coef, 0.3, u, v, *gammas, sums, weight
    )
    slope = u * yes_slope - v * no_slope
    # 1e-13: the rounding of z comes on top of that of the sums
    np.testing.assert_allclose(total, (u * yes + v * no).sum(), rtol=1e-13)
    np.testing.assert_allclose(total_slope, slope.sum(), rtol=0, atol=1e-13 * np.abs(slope).sum())
    np.testing.assert_allclose(weight, (u + v) * fisher, rtol=1e-11)
    np.testing.assert_allclose(
        sums, 1 + slope @ dense, rtol=0, atol=1e-13 * (1 + np.abs(dense).sum())
    )
    assert n_wrong == np.count_nonzero(((u > 0) & ~(z > 0)) | ((v > 0) & ~(z < 0)))


@every_variant
@every_shape
def test_curvature_pass(layout, dtype, index, shape):
    dense, source = dense_and_source(layout, dtype, index, shape)
    direction, weight, _ = vectors(shape)
    before = np.linspace(1.0, 2.0, shape[1])
    sums = before.copy()
    total = passes.curvature_pass(Matrix(source).layout, 0, direction, -0.4, weight, sums)
    terms = np.column_stack([dense * direction, np.full(shape[0], -0.4)])
    assert_sums(total, (weight[:, None] * terms).ravel())
    terms = weight[:, None, None] * terms[:, :, None] * dense[:, None, :]
    assert_sums(sums, np.concatenate(list(terms)), before)


@every_variant
@every_shape
def test_moments_pass(layout, dtype, index, shape):
    dense, source = dense_and_source(layout, dtype, index, shape)
    if layout == "csr":
        # squares are taken entry by entry, which is right once no entry is repeated
        source.sum_duplicates()
        dense = source.toarray().astype(np.float64)
    _, weight, _ = vectors(shape)
    origin = np.linspace(-1.0, 1.0, shape[1]) * (layout != "csr")
    unit = 4.0
    sums, squares = np.ones((2, shape[1]))
    passes.moments_pass(Matrix(source).layout, 0, weight, origin, unit, sums, squares)
    assert_sums(sums, weight[:, None] * dense, 1.0)
    assert_sums(squares, weight[:, None] * ((dense - origin) * unit) ** 2, 1.0)


def test_shuffle_is_as_random_as_its_draws():
    random, counts = np.random.default_rng(0), {}
    n = 240 if config.DISABLE_JIT else 24_000
    for draws in random.integers(2**32, size=(n, 4), dtype=np.uint32):
        order = np.arange(4)
        orders.shuffle(order, draws)
        counts[tuple(order.tolist())] = counts.get(tuple(order.tolist()), 0) + 1
    assert len(counts) == 24 and all(sorted(order) == [0, 1, 2, 3] for order in counts)
    mean = n / 24  # of counts that vary by their root
    assert max(abs(count - mean) for count in counts.values()) < 5 * np.sqrt(mean)


@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize(
    "rows",
    [
        [[], [], []],
        [[3]],
        [[], [0, 2, 3], [], [], [1], [0, 1], []],
        [[0, 2], [3, 2]],
        [[0, 2, 2], [3]],
        [[1], [1], [1, 1]],
        [[2, 0], []],
    ],
    ids=str,
)
def test_rising_columns_are_told(rows, index):
    indices = np.array([j for row in rows for j in row] + [1, 0], dtype=index)  # two too many
    indptr = np.cumsum([0, *map(len, rows)]).astype(index)
    expected = all(a < b for row in rows for a, b in pairwise(row))
    assert orders.are_rising(indices, indptr) == expected


@pytest.mark.parametrize(
    "variant", [v for v in VARIANTS if v[0] == "csr"], ids=lambda variant: variant_id(variant[1:])
)
@every_shape
def test_sparse_gram_pass_with_repeated_entries(variant, shape):
    dense, source = dense_and_source(*variant, shape)
    _, weight, _ = vectors(shape)
    unit = np.exp2(np.arange(shape[1]))
    gram, diagonal = np.zeros((shape[1], shape[1])), np.zeros(shape[1])
    passes.sparse_gram_pass(Matrix(source).layout, 0, weight, unit, gram, diagonal)
    got = gram + gram.T + np.diag(diagonal)
    absolute = abs(source)  # the terms that are added, repeats apart
    scale = (absolute * unit).toarray()
    allowed = 1e-14 * (scale.T * weight) @ scale
    assert (np.abs(got - ((dense * unit).T * weight) @ (dense * unit)) <= allowed).all()


@every_variant
def test_read_only_data_takes_the_same_road(layout, dtype, index):
    shape = (BLOCK + 9, 4)
    _, source = dense_and_source(layout, dtype, index, shape)
    before = [array.copy() for array in arrays_of(source)]
    coef, *_ = vectors(shape)
    matrix = Matrix(source)
    assert not any(view.flags.writeable for view in matrix.layout)  # whatever the user's arrays are
    scores = matrix.scores(coef, 0.1)
    for array in arrays_of(source):
        array.flags.writeable = False
    matrix = Matrix(source)
    np.testing.assert_array_equal(matrix.scores(coef, 0.1), scores)
    for array, old, view in zip(arrays_of(source), before, matrix.layout, strict=True):
        np.testing.assert_array_equal(array, old)
        assert np.shares_memory(array, view)  # no copy,
        assert array.dtype == view.dtype  # in the user's own types


@pytest.mark.parametrize("layout", ["C", "F"])
def test_strided_and_misaligned_X_is_made_contiguous(layout):
    dense = np.random.default_rng(0).normal(size=(40, 12))
    expected = dense[::2, ::3] @ np.ones(4)
    raw = np.zeros(dense.nbytes + 1, dtype=np.uint8)
    misaligned = raw[1:].view(np.float64).reshape(dense.shape, order=layout)
    misaligned[:] = dense
    assert not misaligned.flags.aligned
    strided = np.asarray(dense, order=layout)[::2, ::3]
    np.testing.assert_allclose(Matrix(strided).scores(np.ones(4), 0.0), expected, rtol=1e-13)
    got = Matrix(misaligned).scores(np.ones(12), 0.0)
    np.testing.assert_allclose(got, dense.sum(axis=1), rtol=1e-12)


# -- X of ones


def one_hot(n_rows=2 * BLOCK + 3, n_codes=(3, 40, 7)):
    rng = np.random.default_rng(0)
    codes = np.column_stack([rng.integers(0, n, n_rows) for n in n_codes])
    columns = (codes + np.cumsum([0, *n_codes[:-1]])).ravel()
    starts = np.arange(n_rows + 1) * len(n_codes)
    X = sp.csr_array((np.ones(columns.size), columns, starts), shape=(n_rows, sum(n_codes)))
    return X, codes[:, 0], (codes[:, 1] + rng.integers(0, 30, n_rows) > 30).astype(int)


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cg", "newton-cholesky"])
@pytest.mark.parametrize("n_labels", [1, 3])
def test_ones_need_no_values(solver, n_labels, monkeypatch):
    X, classes, y = one_hot()
    fits = []
    for many in (1, np.inf):
        monkeypatch.setattr(_matrix, "_MANY_VALUES", many)
        assert (Matrix(X).at(0, 1)[0].values is None) == (many == 1)
        if n_labels == 1:
            fits.append(BCEClassifier(solver=solver).fit(X, y))
        else:
            fits.append(OneVsRestBCEClassifier(solver=solver).fit(X, classes))
    one, other = fits
    np.testing.assert_allclose(one.coef_, other.coef_, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(one.intercept_, other.intercept_, rtol=1e-9)


@pytest.mark.parametrize("value", [0.0, 1.0 + 1e-15, -1.0, np.float32(0.5)])
def test_values_that_are_not_all_one_are_read(value, monkeypatch):
    X, _, _ = one_hot()
    monkeypatch.setattr(_matrix, "_MANY_VALUES", 1)
    X.data[-1] = value
    assert Matrix(X).at(0, 1)[0].values is not None
    coef, _, _ = vectors(X.shape)
    np.testing.assert_allclose(Matrix(X).scores(coef, 0.3), X @ coef + 0.3, rtol=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("number", "expected"),
    [(0.0, True), (-0.0, True), (9e29, True), (-9e29, True), (1.1e-30, True), (-1.1e-30, True)]
    + [(1.1e30, False), (-1.1e30, False), (9e-31, False), (-9e-31, False), (1e-45, False)]
    + [(np.inf, False), (-np.inf, False), (np.nan, False)],
)
def test_ordinary_numbers(number, expected, dtype):
    numbers = np.linspace(-3.0, 4.0, 21, dtype=dtype)
    assert are_ordinary(numbers)
    for place in range(numbers.size):
        changed = numbers.copy()
        changed[place] = number
        assert are_ordinary(changed) == expected


# -- vectors

NUMBERS = [0.0, -0.0, 1.0, -2.5, 3e-320, 1e-200, 1e200, np.inf, -np.inf, np.nan, 1 / 3, 7.0]
OPERATIONS = {
    "add": lambda one, other: lanes.add(one, other),
    "divide": lambda one, other: lanes.divide(one, other),
    "fill": lambda one, other: lanes.add(lanes.fill(0.1), other),
    "multiply": lambda one, other: lanes.multiply(one, other),
    "multiply_add": lambda one, other: lanes.multiply_add(3, one, other),
    "root": lambda one, other: lanes.root(lanes.multiply(one, one)),
    "where_positive": lambda one, other: lanes.where_positive(one, other),
    "zeros": lambda one, other: lanes.add(lanes.zeros(), one),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_vectors_are_arrays_of_numbers(name):
    operation = OPERATIONS[name]
    compiled = njit(operation)

    @njit
    def fill(one, other, out):
        for i in range(0, out.size, lanes.WIDTH):
            lanes.store(compiled(lanes.load(one, i), lanes.load(other, i)), out, i)

    one, other = (each.ravel() for each in np.meshgrid(NUMBERS, NUMBERS))
    out = np.empty_like(one)
    fill(one, other, out)
    with np.errstate(all="ignore"):
        expected = operation(one.reshape(-1, lanes.WIDTH), other.reshape(-1, lanes.WIDTH))
    np.testing.assert_array_equal(out, expected.ravel())
    numbers = ~np.isnan(out)
    np.testing.assert_array_equal(np.signbit(out)[numbers], np.signbit(expected.ravel())[numbers])


@pytest.mark.parametrize("n", range(-1, lanes.WIDTH + 2))
def test_first_numbers_and_their_total(n):
    @njit
    def total(n, numbers):
        return lanes.total(lanes.first(n, lanes.load(numbers, 1)))

    numbers = np.append(np.nan, 2.0 ** np.arange(lanes.WIDTH))
    numbers[max(n, 0) + 2 :] = np.nan  # beyond, there is whatever there is
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # numbers, uncompiled, with a NaN
        assert total(n, numbers) == 2.0 ** min(max(n, 0), lanes.WIDTH) - 1.0


@pytest.mark.parametrize(
    ("old", "new"),
    [(np.int32, np.uintp), (np.int64, np.uintp), (np.float32, float), (float, float)],
)
def test_copy_of_numbers_of_any_type(old, new):
    @njit
    def copy(numbers, start, others, place):
        lanes.copy(numbers, start, others, place)

    numbers, others = np.arange(20, dtype=old), np.zeros(16, dtype=new)
    numbers.flags.writeable = False
    copy(numbers, 3, others, 5)
    assert others.tolist() == [0] * 5 + [*range(3, 3 + lanes.WIDTH)] + [0] * (11 - lanes.WIDTH)


def test_columns_of_a_table_are_looked_up_and_added_to():
    @njit
    def gather(table, rows, out):
        lanes.store(lanes.gather(table, rows, 2, 1), out, 0)

    @njit
    def add(one, other, table, rows, pairs):
        lanes.store_pairs(lanes.load(one, 0), lanes.load(other, 0), pairs, 1)
        for i in range(lanes.WIDTH):
            lanes.add_pair(pairs, i + 1, table, rows[i], 1)

    rng = np.random.default_rng(0)
    table, rows = rng.normal(size=(5, 4)), rng.integers(0, 5, size=20).astype(np.uintp)
    out, pairs = np.zeros(lanes.WIDTH), np.zeros((lanes.WIDTH + 2, 2))
    gather(table, rows, out)
    np.testing.assert_array_equal(out, table[rows[2 : 2 + lanes.WIDTH], 1])
    one, other = rng.normal(size=(2, lanes.WIDTH))
    expected = table.copy()
    np.add.at(expected[:, 1], rows[: lanes.WIDTH], one)
    np.add.at(expected[:, 2], rows[: lanes.WIDTH], other)
    add(one, other, table, rows, pairs)
    np.testing.assert_array_equal(table, expected)
    assert not pairs[0].any() and not pairs[-1].any()


# -- panels


def products(add, n_rows, n_panels, start):
    """The panels' columns as they are, and what is added up for them to a 1."""
    numbers = np.random.default_rng(0).normal(size=(n_panels, n_rows, lanes.WIDTH))
    gram = np.ones((n_panels * lanes.WIDTH,) * 2)
    add(numbers, start, n_panels, gram)
    return numbers.transpose(1, 0, 2).reshape(n_rows, -1), gram


@pytest.mark.parametrize("n_rows", [1, 2, 65])
@pytest.mark.parametrize(("n_panels", "start"), [(1, 0), (2, 0), (3, 0), (4, 0), (4, 1), (5, 2)])
def test_products_of_panels(n_rows, n_panels, start):
    columns, gram = products(panels.add_products, n_rows, n_panels, start)
    upper = np.triu_indices(columns.shape[1])
    expected = columns.T @ columns
    expected[:, : start * lanes.WIDTH] = 0.0  # strips before this one
    np.testing.assert_allclose(gram[upper] - 1.0, expected[upper], rtol=1e-12, atol=1e-13)
    symmetric = np.empty((columns.shape[1] - 3,) * 2)
    panels.mirror(gram, symmetric)
    expected = np.triu(gram) + np.triu(gram, 1).T
    np.testing.assert_array_equal(symmetric, expected[:-3, :-3])


@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is compiled")
def test_processors_of_all_kinds_add_products_to_the_same_bits(monkeypatch, no_cache):
    found = []
    for tile in ((lanes.WIDTH, 2), (lanes.WIDTH // 2, 1), (2, 1)):
        monkeypatch.setattr(panels, "_tile_for", lambda context, tile=tile: tile)
        found.append(products(jit.jit(panels.add_products.py_func), 30, 5, 0)[1])
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


# -- Matrix


COLUMNS = {
    "noise": lambda n, rng: rng.normal(size=n),
    "constant": lambda n, rng: np.full(n, 0.1),
    "zero": lambda n, rng: np.zeros(n),
    "constant 1e200": lambda n, rng: np.full(n, 1e200),
    "constant 1e-320": lambda n, rng: np.full(n, 1e-320),
    "1e-200": lambda n, rng: 1e-200 * rng.normal(size=n),
    "1e-144": lambda n, rng: 1e-144 * rng.normal(size=n),
    "1e158": lambda n, rng: 1e158 * rng.normal(size=n),
    "1e200": lambda n, rng: 1e200 * rng.normal(size=n),
    "1e300": lambda n, rng: 1e300 * rng.normal(size=n),
    "1e-320": lambda n, rng: 1e-320 * rng.integers(1, 1000, size=n),
    "1e9 + noise": lambda n, rng: 1e9 + rng.normal(size=n),
    "-1e200 (1 + noise / 100)": lambda n, rng: -1e200 * (1 + 0.01 * rng.normal(size=n)),
    "binary": lambda n, rng: rng.integers(0, 2, size=n).astype(float),
    "one is different": lambda n, rng: np.eye(n)[n // 2],
}


def center_and_rms(column, weight, centered):
    """The weighted mean (or 0) and the root mean square about it, of numbers of any size."""
    exponent = np.frexp(np.abs(column).max())[1]
    small = np.ldexp(column, -exponent)
    center = weight @ small if centered else 0.0
    return np.ldexp([center, np.sqrt(weight @ (small - center) ** 2)], exponent)


@pytest.mark.parametrize("centered", [True, False])
@pytest.mark.parametrize("layout", ["C", "F", "csr"])
def test_center_and_scale(layout, centered):
    n, rng = BLOCK + 88, np.random.default_rng(3)
    X = np.column_stack([make(n, rng) for make in COLUMNS.values()])
    weight = rng.uniform(size=n) * (rng.uniform(size=n) < 0.7)
    weight /= weight.sum()
    source = sp.csr_array(X) if layout == "csr" else np.asarray(X, order=layout)
    center, scale, _ = Matrix(source).center_and_scale(weight, centered)
    for j, name in enumerate(COLUMNS):
        expected, _ = center_and_rms(X[:, j], weight, centered)
        # The zeros of sparse columns are left out, so their scale is that about zero.
        _, rms = center_and_rms(X[:, j], weight, centered and layout != "csr")
        if centered and layout != "csr" and name.startswith("constant"):
            assert center[j] == X[0, j], name  # so that it vanishes to the last bit
            rms = 0.0
        allowed = 1e-14 * np.abs(X[:, j]).max() + n * 5e-324  # each product of subnormals rounds
        if rms > 0.0 or layout != "csr":
            assert abs(center[j] - expected) <= allowed, name
        if rms == 0.0:
            assert scale[j] == 1.0, name
        else:
            # 2 %: it is worked out about another origin, and only needed roughly
            assert scale[j] == pytest.approx(rms, rel=0.02), name


@pytest.mark.parametrize("centered", [True, False])
@pytest.mark.parametrize("layout", ["C", "F", "csr"])
@pytest.mark.parametrize("garbage", [3.0, -1e9, 1e200, 1e-300])
def test_rows_of_weight_zero_do_not_count(layout, centered, garbage):
    rng = np.random.default_rng(4)
    X = rng.normal([0.0, 5.0, 0.0], size=(60, 3))
    X[:, 2] = 7.0
    weight = np.full(60, 1 / 60)
    expected = Matrix(sp.csr_array(X) if layout == "csr" else X).center_and_scale(weight, centered)
    padded = np.vstack([np.full((2, 3), garbage), X, np.full((1, 3), -garbage)])
    source = sp.csr_array(padded) if layout == "csr" else np.asarray(padded, order=layout)
    padded_weight = np.concatenate([[0.0, 0.0], weight, [0.0]])
    center, scale, _ = Matrix(source).center_and_scale(padded_weight, centered)
    np.testing.assert_allclose(scale, expected[1], rtol=1e-12)
    np.testing.assert_allclose(center, expected[0], rtol=1e-13, atol=1e-15)


# 4,100 rows are more than a block of few columns has.
@pytest.mark.parametrize("shape", [(1, 2), (4100, 3), (300, 5), (70, 20), (9, 8), (9, 0)], ids=str)
@every_variant
def test_gram(layout, dtype, index, shape):
    dense, source = dense_and_source(layout, dtype, index, shape)
    _, weight, _ = vectors(shape)
    center = np.linspace(-1.0, 1.0, shape[1]) * (layout != "csr")
    scale = np.exp2(np.arange(shape[1]) - 2.0)
    S = np.column_stack([(dense - center) / scale, np.ones(shape[0])])
    got = gram_matrix(Matrix(source), weight, center, scale)
    # root(weight) ** 2 costs one more rounding; the 9 is for cancellation among repeated entries
    allowed = 1e-14 * (np.abs(S).T * weight) @ np.abs(S) + 9e-15 * weight.sum()
    assert (np.abs(got - (S.T * weight) @ S) <= allowed).all()
    np.testing.assert_array_equal(got, got.T)


def test_gram_of_sparse_columns_is_about_any_centre():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(50, 4)) * (rng.random((50, 4)) < 0.5)
    weight, center, scale = rng.random(50), rng.normal(size=4), np.array([1.0, 2.0, 0.5, 4.0])
    S = np.column_stack([(X - center) / scale, np.ones(50)])
    gram = gram_matrix(Matrix(sp.csr_array(X)), weight, center, scale)
    root = gram_root(Matrix(sp.csr_array(X)), weight, center, scale)
    np.testing.assert_allclose(gram, (S.T * weight) @ S, rtol=1e-12)
    np.testing.assert_allclose(root.T @ root, (S.T * weight) @ S, rtol=1e-12)
    np.testing.assert_array_equal(gram, gram.T)


def test_gram_of_far_off_columns_keeps_its_digits():
    rng = np.random.default_rng(5)
    noise = rng.normal(size=(200, 2))
    X = 1e9 + noise
    weight = np.full(200, 1 / 200)
    matrix = Matrix(X)
    center, scale, _ = matrix.center_and_scale(weight, True)
    got = gram_matrix(matrix, weight, center, scale)[:2, :2] * np.outer(scale, scale)
    # 1e9 + noise rounds the noise to 1e-7, and so does the centre
    np.testing.assert_allclose(got, np.cov(noise.T, bias=True), rtol=0, atol=1e-6)


@every_variant
def test_sample_and_selection_that_are_not_copied(layout, dtype, index, monkeypatch):
    monkeypatch.setattr(_matrix, "MAX_SAMPLED_VALUES", 0)
    monkeypatch.setattr(_matrix, "_MAX_COPIED_VALUES", 0)
    monkeypatch.setattr(_matrix, "_DENSE_PART", (1, 0, 0))
    monkeypatch.setattr(_matrix, "_SPARSE_PART", (1, 0, 0))
    dense, source = dense_and_source(layout, dtype, index, (40, 3))
    rows, coef = np.arange(3, 37, 2), np.array([1.0, -2.0, 0.5])
    part = Matrix(source).sample(rows)
    assert type(part) is not Matrix and len(part.parts()) > 3
    np.testing.assert_allclose(part.scores(coef, 1.0), dense[rows] @ coef + 1.0, rtol=1e-6)
    part = Matrix(source).select(np.array([0, 2]))
    assert len(part.parts()) > 3
    expected = dense[:, [0, 2]] @ coef[:2] + 1.0
    np.testing.assert_allclose(part.scores(coef[:2], 1.0), expected, rtol=1e-6)


@every_variant
def test_sample(layout, dtype, index):
    dense, source = dense_and_source(layout, dtype, index, (40, 3))
    rows = np.array([5, 0, 0, 39])
    part = Matrix(source).sample(rows)
    assert part.shape == (4, 3)
    assert part.n_values == (np.diff(source.indptr)[rows].sum() if layout == "csr" else 12)
    coef, weight = np.array([1.0, -2.0, 0.5]), np.array([1.0, 2.0, 0.5, 3.0])
    np.testing.assert_allclose(part.scores(coef, 1.0), dense[rows] @ coef + 1.0, rtol=1e-13)
    copied = Matrix(source[rows])
    columns = np.zeros(3), np.array([1.0, 2.0, 4.0])
    assert np.array_equal(
        gram_matrix(part, weight, *columns), gram_matrix(copied, weight, *columns)
    )
    root = gram_root(part, weight, *columns)
    np.testing.assert_allclose(
        root.T @ root, gram_matrix(part, weight, *columns), rtol=1e-12, atol=1e-14
    )


# -- Objective

objectives = pytest.mark.parametrize(
    ("layout", "fit_intercept", "gammas"),
    [
        (layout, fit_intercept, gammas)
        for layout in ("C", "F", "csr")
        for fit_intercept in (True, False)
        for gammas in ((0.0, 0.0), (2.0, 2.0), (1.0, 3.0))
    ],
    ids=str,
)


def make_objective(layout, fit_intercept, gammas, penalty=0.7, shape=(BLOCK + 20, 4)):
    """An objective over unscaled, off-centre columns, and a theta that is nothing special."""
    _, source = dense_and_source(layout, np.float64, np.int32, shape)
    if layout == "csr":
        source.data *= np.array([1e3, 1.0, 1e-3, 1.0])[source.indices]
        source.sum_duplicates()  # of repeated entries the diagonal of the Hessian is an estimate
    else:
        source *= [1e3, 1.0, 1e-3, 1.0]
        source += [1e5, 0.0, 0.1, -30.0]
    _, u, v = vectors(shape)
    objective = Objective(Matrix(source), u, v, penalty, gammas, fit_intercept)
    theta = np.array([0.5, -1.0, 0.3, 2.0, -0.4 * fit_intercept])
    return objective, theta, source.toarray() if layout == "csr" else source, u, v


def numeric_gradient(function, theta, free):
    """Five-point differences of a scalar or vector function in its first ``free`` variables."""
    h = 1e-3
    steps = h * np.eye(theta.size)[:free]
    return np.array(
        [
            8 * (function(theta + step) - function(theta - step))
            - (function(theta + 2 * step) - function(theta - 2 * step))
            for step in steps
        ]
    ) / (12 * h)


@objectives
def test_value_is_the_mean_of_the_users_objective(layout, fit_intercept, gammas):
    objective, theta, X, u, v = make_objective(layout, fit_intercept, gammas)
    coef, intercept = objective.from_theta(theta)
    if not fit_intercept:
        assert intercept == 0.0
    z = X @ coef + intercept
    loss = (u * focal_terms(z, gammas[0])[0] + v * focal_terms(-z, gammas[1])[0]).sum()
    expected = (loss + 0.5 * 0.7 * coef @ coef) / (u + v).sum()
    point = objective.evaluate(theta)
    np.testing.assert_allclose(point.value, expected, rtol=1e-10)  # X is 1e5 off centre
    np.testing.assert_allclose(objective.logits(theta), z, rtol=1e-10, atol=1e-10)


@objectives
def test_gradient(layout, fit_intercept, gammas):
    objective, theta, *_ = make_objective(layout, fit_intercept, gammas)
    free = theta.size - (not fit_intercept)
    numeric = numeric_gradient(lambda t: objective.evaluate(t).value, theta, free)
    gradient = objective.evaluate(theta).gradient
    np.testing.assert_allclose(gradient[:free], numeric, rtol=0, atol=1e-9)
    assert (gradient[free:] == 0.0).all()


@pytest.mark.parametrize("labels", ["hard", "soft"])
@pytest.mark.parametrize("layout", ["C", "csr_array"])
def test_gap_near_the_best_intercept_bounds_what_is_left(layout, labels):
    X, hard, soft, weight = partly_sure_problem()
    X, y = LAYOUTS[layout](X), hard if labels == "hard" else soft
    best = BCEClassifier(tol=1e-14).fit(X, y, weight)
    least = best.loss_curve_[-1]
    problem = Objective(Matrix(X), weight * y, weight * (1.0 - y), 1.0, (0.0, 0.0), True)
    theta = problem.to_theta(best.coef_[0], best.intercept_[0])
    rng = np.random.default_rng(0)
    n_finite = 0
    for shift in (0.0, 1e-9, -1e-6, 1e-4, -1e-2, 0.1, -1.0):
        for noise in (0.0, 1e-6, 1e-3, 0.1):
            off = np.append(noise * rng.normal(size=theta.size - 1), shift)
            point = problem.evaluate(theta + off)
            bound = gap_near(problem, point, point.gradient[-1])
            assert bound >= (point.value - least) * (1.0 - 1e-9) - 1e-15
            n_finite += np.isfinite(bound)
    assert n_finite >= 20
    assert gap_near(problem, point, 0.0) == pytest.approx(gap_at(problem, point), rel=1e-12)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("penalty", [1.0, 1e-2, 1e-4])
def test_what_conjugate_gradients_miss_is_bounded(penalty, fit_intercept):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 80)) * np.logspace(0.0, 1.0, 80)
    weights = rng.random((2, 40)) / 20.0
    problem = Objective(Matrix(X), *weights, penalty, (0.0, 0.0), fit_intercept)
    point = problem.evaluate(np.append(0.1 * rng.normal(size=80), 0.2 * fit_intercept))
    hessian = problem.hessian(point)
    newton = -np.linalg.solve(hessian, point.gradient)
    exact = -0.5 * point.gradient @ newton
    left = []
    for wanted in (1.0, 0.3, 0.11):  # of the decrement: from a tenth on the step may be the last
        steps = [cg_step(problem, point, 1e-3, wanted * exact)]
        (step,) = run_together(steps, ALONE.map)
        off = step.direction - newton
        left.append(0.5 * off @ hessian @ off)
        assert step.certified
        assert left[-1] <= step.left * (1.0 + 1e-9) <= 0.2 * wanted * exact
        assert exact <= step.decrement * (1.0 + 1e-9)
        # Before the step and after it the bound is for the same number.
        assert step.decrement - step.left == pytest.approx(exact - left[-1], rel=1e-9)
    assert left[0] > 1e-6 * exact  # it did not go on to the end


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("layout", ["C", "F", "csr"])
def test_hessian_of_cross_entropy_is_the_derivative_of_the_gradient(layout, fit_intercept):
    objective, theta, *_ = make_objective(layout, fit_intercept, (0.0, 0.0))
    free = theta.size - (not fit_intercept)
    numeric = numeric_gradient(lambda t: objective.evaluate(t).gradient, theta, free)
    hessian = objective.hessian(objective.evaluate(theta))
    np.testing.assert_allclose(hessian[:free, :free], numeric[:, :free], rtol=0, atol=1e-9)


@objectives
def test_three_readings_of_the_hessian_agree(layout, fit_intercept, gammas):
    objective, theta, *_ = make_objective(layout, fit_intercept, gammas)
    point = objective.evaluate(theta)
    hessian = objective.hessian(point)
    np.testing.assert_array_equal(hessian, hessian.T)
    assert np.linalg.eigvalsh(hessian)[0] > 0.0
    free = theta.size - (not fit_intercept)
    products = np.array([objective.hessian_product(point, e) for e in np.eye(theta.size)[:free]])
    # 1e-10: the products are centred after the sums, over columns 1e5 off centre
    np.testing.assert_allclose(products[:, :free], hessian[:free, :free], rtol=0, atol=1e-10)
    assert (products[:, free:] == 0.0).all()


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("layout", ["C", "F", "csr"])
def test_metric_is_the_diagonal_where_rows_curve_alike(layout, fit_intercept):
    objective, theta, *_ = make_objective(layout, fit_intercept, (0.0, 0.0))
    assert (np.frexp(objective.scale)[0] == 0.5).all()  # powers of two
    point = objective.evaluate(np.zeros_like(theta))
    free = theta.size - (not fit_intercept)
    diagonal = np.diag(objective.hessian(point))[:free]
    # scales are worked out about another origin, and only needed roughly
    np.testing.assert_allclose(objective.metric(point)[:free], diagonal, rtol=0.02)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_many_sparse_columns_are_centred_and_not_scaled(fit_intercept, monkeypatch):
    narrow, theta, _, u, v = make_objective("csr", fit_intercept, (0.0, 0.0))
    monkeypatch.setattr(_objective, "MAX_FACTOR_SIZE", 2)
    wide = Objective(narrow.matrix, u, v, 0.7, (0.0, 0.0), fit_intercept)
    coef, intercept = narrow.from_theta(theta)
    users = wide.to_theta(coef, intercept)
    np.testing.assert_array_equal(users[:-1], coef)
    one, other = narrow.evaluate(theta), wide.evaluate(users)
    assert other.value == pytest.approx(one.value, rel=1e-13)
    # The gradient in w with the user's intercept fixed is another than with that of the means.
    assert wide.center.any() == fit_intercept

    def expected(gradient):
        users = gradient * np.append(narrow.scale, 1.0)
        users[:-1] -= wide.center * users[-1]
        return users

    np.testing.assert_allclose(other.gradient, expected(one.gradient), rtol=1e-11, atol=1e-13)
    product = wide.hessian_product(other, users)
    np.testing.assert_allclose(
        product, expected(narrow.hessian_product(one, theta)), rtol=1e-9, atol=1e-9
    )
    assert (wide.metric(other) > 0.0).all()


@objectives
def test_root_of_the_hessian(layout, fit_intercept, gammas):
    objective, theta, *_ = make_objective(layout, fit_intercept, gammas)
    point = objective.evaluate(theta)
    root = objective.hessian_root(point)
    free = theta.size - (not fit_intercept)
    squared = (root.T @ root)[:free, :free]
    # 1e-12 of the largest entry, as the columns have very different sizes before scaling
    expected = objective.hessian(point)[:free, :free]
    np.testing.assert_allclose(squared, expected, rtol=0, atol=1e-12 * expected.max())


@objectives
def test_one_reading_for_many_problems(layout, fit_intercept, gammas):
    first, theta, _, u, v = make_objective(layout, fit_intercept, gammas)
    columns = first.center, first.scale, first.is_constant
    rng = np.random.default_rng(0)
    problems = [
        Objective(first.matrix, u * a, v * b, 0.3, gammas, fit_intercept, columns)
        for a, b in rng.uniform(0.5, 2.0, (3, 2))
    ]
    thetas = [theta * factor for factor in (0.0, 1.0, -0.5)]
    alone = [each.evaluate(t) for each, t in zip(problems, thetas, strict=True)]
    points = answer_together("evaluate", list(zip(problems, thetas, strict=True)))
    for one, shared in zip(alone, points, strict=True):
        assert shared.value == pytest.approx(one.value, rel=1e-13)
        assert shared.is_separated == one.is_separated
        # 1e-10: sums over columns 1e5 off centre, in another order
        np.testing.assert_allclose(shared.gradient, one.gradient, rtol=0, atol=1e-10)
        np.testing.assert_allclose(shared.curvature, one.curvature, rtol=1e-9)
    for verb, arguments in (("hessian_product", [[theta] * 3]), ("hessian", [])):
        questions = list(zip(problems, alone, *arguments, strict=True))
        for (objective, *rest), answer in zip(
            questions, answer_together(verb, questions), strict=True
        ):
            expected = getattr(objective, verb)(*rest)
            np.testing.assert_allclose(answer, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("layout", ["C", "F", "csr"])
@pytest.mark.parametrize("value", [1e200, -1e300])
def test_one_reading_passes_over_rows_that_do_not_count(layout, value):
    source = np.random.default_rng(0).normal(size=(BLOCK + 20, 3))
    source[7] = [value, value, -value]
    source = {"C": np.asarray, "F": np.asfortranarray, "csr": sp.csr_array}[layout](source)
    _, u, v = vectors(source.shape)
    u[7] = v[7] = 0.0
    problems = [Objective(Matrix(source), u, v, 0.3, (0.0, 0.0), True)] * 2
    theta = np.array([1e9, 2e9, -3e9, 0.0])  # the wild row's score overflows
    point = problems[0].evaluate(np.zeros(4))
    for verb, arguments in (("hessian_product", (point, theta)), ("hessian", (point,))):
        expected = getattr(problems[0], verb)(*arguments)
        assert np.isfinite(expected).all()
        with np.errstate(over="ignore", invalid="ignore"):  # as a fit does
            answers = answer_together(verb, [(each, *arguments) for each in problems])
        for answer in answers:
            np.testing.assert_allclose(answer, expected, rtol=1e-10, atol=1e-10 * expected.max())


@objectives
def test_theta_and_back(layout, fit_intercept, gammas):
    objective, theta, *_ = make_objective(layout, fit_intercept, gammas)
    coef, intercept = objective.from_theta(theta)
    back = objective.to_theta(coef, intercept)
    np.testing.assert_array_equal(back[:-1], theta[:-1])  # scales are powers of two
    # center @ coef is taken off and put on again; it is large here
    allowed = 1e-15 * np.abs(objective.center) @ np.abs(coef)
    assert abs(back[-1] - theta[-1]) <= allowed
    assert objective.to_theta(coef, 3.0)[-1] == (
        3.0 + objective.center @ coef if fit_intercept else 0.0
    )


# Multiplying all weights by a factor is multiplying C by it; weights of any size are legal.
@pytest.mark.parametrize("factor", [2.0**-1060, 1e-300, 3.0, 1e300])
def test_size_of_the_weights(factor):
    _, source = dense_and_source("C", np.float64, None, (50, 3))
    _, u, v = vectors((50, 3))
    theta = np.array([0.5, -1.0, 0.3, 0.1])
    one = Objective(Matrix(source), u, v, 0.5, (0.0, 0.0), True).evaluate(theta)
    other = Objective(Matrix(source), u * factor, v * factor, 0.5 * factor, (0.0, 0.0), True)
    # weights below 1e-308 have fewer digits
    rtol = 1e-3 if factor < 1e-308 else 1e-13
    np.testing.assert_allclose(other.evaluate(theta).value, one.value, rtol=rtol)
    np.testing.assert_allclose(other.evaluate(theta).gradient, one.gradient, rtol=rtol, atol=rtol)


# -- the cache of compiled code

cached = pytest.mark.skipif(
    bool(config.DISABLE_JIT), reason="without compilation there is nothing to cache"
)

# Stands beside a copy of the kernels alone, which needs no scikit-learn and starts quickly.
SCORES = """
import sys
import numpy as np
from kernels import matrices, passes

X = np.arange(12.0).reshape(4, 3)
for order in sys.argv[1:]:
    values = np.arange(12.0).reshape(4, 3)
    values = np.array(values if order == "Rows" else values.T)
    values.flags.writeable = False
    scores = np.empty(4)
    X = getattr(matrices, order)(values)
    passes.scores_pass(X, 0, np.array([1.0, 2.0, -4.0]), 0.5, scores)
    print(*scores.tolist(), end=" ")
stats = passes.scores_pass.stats
print(sum(stats.cache_hits.values()), sum(stats.cache_misses.values()), stats.cache_path)
"""


def copy_kernels(folder):
    source = Path(sklearn_bce.__file__).parent / "_kernels"
    shutil.copytree(source, folder / "kernels", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "script.py").write_text(SCORES)


def start(folder, cache, *arguments, script="script.py"):
    environment = os.environ | {
        "NUMBA_CACHE_DIR": str(cache),
        "PYTHONPATH": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        # where Numba goes when the first place cannot be written
        "HOME": str(cache),
        "XDG_CACHE_HOME": str(cache),
    }
    return subprocess.Popen(
        [sys.executable, "-W", "error", script, *arguments],
        cwd=folder,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def finish(process):
    """Return (printed numbers, cache hits, cache misses, cache path) of the script."""
    out, error = process.communicate(timeout=300)
    assert process.returncode == 0, error
    *numbers, hits, misses, path = out.split()
    return [float(number) for number in numbers], int(hits), int(misses), path


def run(*arguments, **options):
    return finish(start(*arguments, **options))


def expected_scores(n_layouts):
    scores = np.arange(12.0).reshape(4, 3) @ [1.0, 2.0, -4.0] + 0.5
    return scores.tolist() * n_layouts  # small whole numbers: exact


@pytest.fixture(scope="module")
def warm(tmp_path_factory):
    """A folder with the kernels, and a cache filled from it."""
    folder = tmp_path_factory.mktemp("warm")
    copy_kernels(folder)
    assert run(folder, folder / "cache", "Rows", "Columns")[1:3] == (0, 2)
    assert run(folder, folder / "cache", "Rows", "Columns")[1:3] == (2, 0)
    return folder


@pytest.fixture
def cache(warm, tmp_path):
    """A copy of the filled cache, to be damaged."""
    return Path(shutil.copytree(warm / "cache", tmp_path / "cache"))


def flip_bits(content):
    damaged = bytearray(content)
    for position in range(len(content) // 3, len(content), 997):
        damaged[position] ^= 16
    return bytes(damaged)


DAMAGE = {
    "emptied": lambda content: b"",
    "truncated": lambda content: content[: len(content) // 2],
    "bits flipped": flip_bits,
}


@cached
@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
def test_damaged_cache_is_right_and_heals(warm, cache, suffix, damage):
    files = list(cache.rglob(f"*.{suffix}"))
    assert files
    for file in files:
        file.write_bytes(damage(file.read_bytes()))
    numbers, hits, misses, _ = run(warm, cache, "Rows")
    assert numbers == expected_scores(1)
    assert (hits, misses) == (0, 1)
    numbers, hits, misses, _ = run(warm, cache, "Rows")
    assert numbers == expected_scores(1)
    assert (hits, misses) == (1, 0)


# Machine code with one wrong bit must not even be loaded: LLVM would crash on some of it.
FLIP_EVERY_BIT_THERE_IS_TIME_FOR = """
import pathlib, sys
import numpy as np
from kernels import passes
from kernels.matrices import Rows
from numba import float64, int64, typeof

X = np.zeros((1, 1))
X.flags.writeable = False
vector = typeof(np.zeros(1))
signature = (typeof(Rows(X)), int64, vector, float64, vector)
passes.scores_pass.compile(signature)
(path,) = pathlib.Path(sys.argv[1]).rglob("passes.scores_pass-*.1.nbc")
content = path.read_bytes()
loaded = []
for position in [None, *range(0, len(content), len(content) // 150)]:
    damaged = bytearray(content)
    if position is not None:
        damaged[position] ^= 16
    path.write_bytes(damaged)
    cache = passes.scores_pass._cache
    loaded.append(cache.load_overload(signature, passes.scores_pass.targetctx) is not None)
print(loaded[0], sum(loaded[1:]), len(loaded) - 1, ".")
"""


@cached
def test_no_flipped_bit_passes_for_machine_code(warm, cache):
    (warm / "flip.py").write_text(FLIP_EVERY_BIT_THERE_IS_TIME_FOR)
    process = start(warm, cache, str(cache), script="flip.py")
    out, error = process.communicate(timeout=300)
    assert process.returncode == 0, error
    untouched_is_loaded, n_loaded, n_flips, _ = out.split()
    assert untouched_is_loaded == "True"
    assert int(n_loaded) == 0
    assert int(n_flips) >= 150


# Two processes that add their first entry at once can leave the code of one under the other's
# name: both take the number 1. Here it is done on purpose.
@cached
def test_code_under_a_wrong_name_is_not_used(warm, cache):
    one, two = sorted(cache.rglob("passes.scores_pass-*.nbc"))
    content = one.read_bytes(), two.read_bytes()
    two.write_bytes(content[0])
    one.write_bytes(content[1])
    numbers, hits, misses, _ = run(warm, cache, "Rows", "Columns")
    assert numbers == expected_scores(2)
    assert (hits, misses) == (0, 2)


# Numba numbers functions of one name and the same types, in each process anew. If two that differ
# come from the cache with the same number, one of them is called for both.
NAMES = """
import re
import numpy as np
from kernels import passes
from kernels.layouts import Rows, SparseRows

X, entries, places = np.ones((1, 1)), np.ones(1), np.array([0, 1], dtype=np.int32)
for array in (X, entries, places):
    array.flags.writeable = False
dense, sparse = Rows(X), SparseRows(entries, places[:1], places)
passes.scores_pass(dense, 0, np.ones(1), 0.0, np.ones(1))
passes.combination_pass(dense, 0, np.ones(1), np.ones(1))
passes.moments_pass(dense, 0, np.ones(1), np.ones(1), 1.0, np.ones(1), np.ones(1))
passes.sparse_scores(sparse, 0, np.ones((1, passes.WIDTH)), np.ones((passes.WIDTH, 1)))
passes.add_sparse_combination(sparse, 0, np.ones((passes.WIDTH, 1)), np.ones((1, passes.WIDTH)))
names = set()
for kernel in vars(passes).values():
    for compiled in getattr(kernel, "overloads", {}).values():
        names |= {f.name for f in compiled.library._final_module.functions if not f.is_declaration}
print(len(names), len({re.sub(r"B[0-9]v[0-9]+", "", name) for name in names}))
"""


@cached
def test_no_two_functions_differ_only_by_a_number(tmp_path):
    copy_kernels(tmp_path)
    (tmp_path / "names.py").write_text(NAMES)
    out, error = start(tmp_path, tmp_path / "cache", script="names.py").communicate(timeout=300)
    n_names, n_without_number = map(int, out.split() or [error])
    assert n_names == n_without_number > 10


@cached
def test_processes_that_start_at_once(warm, tmp_path):
    orders = [("Rows",), ("Columns",), ("Rows", "Columns"), ("Columns", "Rows")]
    processes = [start(warm, tmp_path / "cache", *order) for order in orders]
    for process, order in zip(processes, orders, strict=True):
        assert finish(process)[0] == expected_scores(len(order))
    assert run(warm, tmp_path / "cache", "Rows", "Columns")[0] == expected_scores(2)


# A process that compiles has two copies of a function that others call, one from the cache only
# theirs. They may be vectorised in different ways, and must come to the same bits even so.
BITS = """
import hashlib
import numpy as np
import scipy.sparse as sp
from sklearn_bce import BCEClassifier
from sklearn_bce._kernels.passes import loss_pass

rng = np.random.default_rng(0)
X, y = rng.normal(size=(300, 30)) + 5.0, rng.random(300) < 0.4
digest = hashlib.sha256()
for layout in (np.asarray, sp.csr_array):
    stream = BCEClassifier()
    for start in range(0, 300, 100):
        stop = start + 100
        stream.partial_fit(layout(X[start:stop]), y[start:stop], classes=[False, True])
    fit = BCEClassifier(solver="lbfgs", tol=1e-5).fit(layout(X), y)
    digest.update(stream.coef_.tobytes() + fit.coef_.tobytes())
stats = loss_pass.stats
numbers = len(stats.cache_hits), len(stats.cache_misses), stats.cache_path
print(int.from_bytes(digest.digest()[:6], "big"), *numbers)
"""


@pytest.mark.slow
@cached
def test_compiled_and_cached_kernels_give_the_same_bits(tmp_path):
    (tmp_path / "script.py").write_text(BITS)
    root = Path(sklearn_bce.__file__).parents[1]
    compiled, loaded = (
        finish(start(root, tmp_path / "cache", script=str(tmp_path / "script.py")))
        for _ in range(2)
    )
    assert compiled[0] == loaded[0]
    assert compiled[2] > 0 and loaded[1] == compiled[2] and loaded[2] == 0


# Numba looks only at the file of the function it loads; here the formula is in another one.
@cached
def test_change_in_another_kernel_file_is_noticed(tmp_path):
    copy_kernels(tmp_path)
    assert run(tmp_path, tmp_path / "cache", "Rows")[:3] == (expected_scores(1), 0, 1)
    path = tmp_path / "kernels" / "matrices.py"
    status, old = path.stat(), "total += row[j] * coef[j]"
    source = path.read_text()
    assert source.count(old) == 1
    path.write_text(source.replace(old, old.replace("*", "+")))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # the date alone is no proof
    sums = np.arange(12.0).reshape(4, 3).sum(axis=1) + (1.0 + 2.0 - 4.0) + 0.5
    assert run(tmp_path, tmp_path / "cache", "Rows")[:3] == (sums.tolist(), 0, 1)


@cached
def test_cache_that_cannot_be_created(tmp_path):
    copy_kernels(tmp_path)
    blocked = tmp_path / "file"  # root may write anywhere, but not below a file
    blocked.touch()
    (tmp_path / "kernels" / "__pycache__").touch()
    numbers, _, _, path = run(tmp_path, blocked / "cache", "Rows")
    assert numbers == expected_scores(1)
    assert path == "None"


@cached
def test_cache_that_cannot_be_written_any_more(tmp_path):
    copy_kernels(tmp_path)
    cache = tmp_path / "cache"
    script = SCORES.replace(
        "X = np",
        "import pathlib, shutil\n"
        f"shutil.rmtree({str(cache)!r})\n"
        f"pathlib.Path({str(cache)!r}).touch()\n"
        "X = np",
        1,
    )
    (tmp_path / "script.py").write_text(script)
    assert run(tmp_path, cache, "Rows", "Columns")[0] == expected_scores(2)
    assert cache.read_bytes() == b""


# Every signature costs each user a compilation: read-only data must not have their own.
@cached
def test_number_of_signatures(tmp_path):
    script = """
import numpy as np
import scipy.sparse as sp
from sklearn_bce import BCEClassifier
from sklearn_bce._kernels import passes
from sklearn_bce._kernels.orders import are_rising
from sklearn_bce._kernels.ordinary import are_ordinary
from sklearn_bce._kernels.sparse_steps import sparse_steps

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 3))
y = (X[:, 0] + rng.normal(size=60) > 0).astype(int)
for source in (X, np.asfortranarray(X), sp.csr_array(X)):
    arrays = (source.data, source.indices, source.indptr) if sp.issparse(source) else (source,)
    for writeable in (True, False):
        for array in arrays:
            array.flags.writeable = writeable
        for solver in ("lbfgs", "newton-cg", "newton-cholesky"):
            BCEClassifier(solver=solver).fit(source, y).predict_proba(source)
        for parameters in ({}, {"l1_ratio": 1.0}, {"learning_rate": "constant"}):
            clf = BCEClassifier(solver="sgd", tol=0.1, **parameters).fit(source, y)
            clf.partial_fit(source, y).partial_fit(source, y)
for kernel in (passes.loss_pass, sparse_steps, are_rising, are_ordinary):
    print(len(kernel.signatures))
"""
    (tmp_path / "script.py").write_text(script)
    package = str(Path(sklearn_bce.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-W", "error", "script.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": package},
        text=True,
        capture_output=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["3", "1", "1", "1"]
