"""`sklearn_bce.loss` and the formulas below it, against 60 digits."""

import itertools

import mpmath
import numpy as np
import pytest

from sklearn_bce import loss
from sklearn_bce._kernels import pointwise
from tests import reference

ORDERS = {"value": 0, "gradient": 1, "curvature": 2}
Y = [0.0, 1e-12, 0.05, 0.3, 0.5, 0.9, 1.0]
_SIZES = [0.0, 1e-300, 1e-9, 0.3, 1.0, 2.5, 7.0, 36.0, 37.5, 100.0, 708.0, 744.0, 745.2, 800.0]
Z = sorted({sign * size for sign in (-1.0, 1.0) for size in _SIZES})
GAMMAS = [0.0, 0.25, 0.5, 1.0, 2.0, 5.0, 20.0, (1.0, 3.0), (0.0, 2.0)]
SUBNORMAL = 5e-324  # the last place of numbers below 1e-308


def pair(gamma):
    return gamma if isinstance(gamma, tuple) else (gamma, gamma)


def worst(got, y, z, order, gamma, pos_weight, tolerance):
    """The largest error in units of what ``tolerance(truth, sum of absolute terms)`` allows."""
    ratios = []
    for g, a, b in zip(got, y, z, strict=True):
        truth = reference.loss(a, b, pair(gamma), pos_weight, order)
        terms = reference.loss(a, b, pair(gamma), pos_weight, order, reference.phi_terms)
        assert np.isfinite(g), (a, b)
        ratios.append((float(abs(g - truth) / tolerance(abs(truth), terms)), a, b))
    return max(ratios)


def mesh():
    return map(np.ravel, np.meshgrid(Y, Z))


@pytest.mark.parametrize("gamma", sorted({g for gamma in GAMMAS for g in pair(gamma)}))
def test_closed_forms_of_the_reference(gamma):
    for z in Z:
        digits = reference.DIGITS + int(abs(z))  # phi(-800) is 800, and its curvature exp(-800)
        for order in (1, 2):
            with mpmath.workdps(digits):
                truth = mpmath.diff(lambda t: reference.definition(t, gamma), z, order)
                error = abs(reference.phi(z, gamma, order) - truth)
                assert error <= 1e-50 * reference.phi_terms(z, gamma, order), (z, order)


@pytest.mark.parametrize("pos_weight", [1.0, 7.3])
@pytest.mark.parametrize("gamma", GAMMAS, ids=str)
@pytest.mark.parametrize("name", ORDERS)
def test_against_60_digits(name, gamma, pos_weight):
    def tolerance(truth, terms):
        if pair(gamma) != (0.0, 0.0):
            # The error of exp(-gamma softplus) grows with its argument, which is 230 at 1e-100.
            return 1e-13 * terms + 1e-100
        if name == "value":
            return 1e-15 * max(1, truth)
        return 1e-14 * terms + 2 * SUBNORMAL * (1 + pos_weight)

    y, z = mesh()
    got = getattr(loss, name)(y, z, gamma=gamma, pos_weight=pos_weight)
    ratio, *where = worst(got, y, z, ORDERS[name], gamma, pos_weight, tolerance)
    assert ratio <= 1, where


# Beyond 800: cross-entropy far out, and where p * log p must not become 0 * inf.
@pytest.mark.parametrize("gamma", [0.0, 2.0, 20.0, (0.0, 2.0)], ids=str)
@pytest.mark.parametrize("name", ORDERS)
@pytest.mark.parametrize("z", [-1e308, -1e20, -1e4, 1e4, 1e20, 1e308])
def test_far_logits(name, z, gamma):
    def tolerance(truth, terms):
        return 1e-15 * max(1, truth)

    with np.errstate(over="ignore"):  # gamma * 1e308, where Numba does not compile
        got = getattr(loss, name)(Y, z, gamma=gamma)
    ratio, *where = worst(got, Y, [z] * len(Y), ORDERS[name], gamma, 1.0, tolerance)
    assert ratio <= 1, where


# The loss of a right and sure answer keeps its relative precision, down to the last normal number.
@pytest.mark.parametrize(("y", "sign"), [(1.0, 1.0), (0.0, -1.0)])
def test_tail_of_cross_entropy_is_relatively_exact(y, sign):
    z = sign * np.array([3.0, 20.0, 36.7, 40.0, 300.0, 708.0])
    for name, order in ORDERS.items():
        got = getattr(loss, name)(y, z)
        assert worst(got, [y] * 6, z, order, 0.0, 1.0, lambda truth, _: 1e-15 * truth)[0] <= 1


@pytest.mark.parametrize(
    ("y", "z", "pos_weight"),
    [
        (1.0, 745.1, 1.0),
        (0.0, -745.1, 1.0),
        (SUBNORMAL, 3.0, 1.0),
        (SUBNORMAL, -800.0, 1.0),
        (0.5, -2.0, 1e-310),
        (1.0, 0.0, 1e300),
        (1e-310, -1.0, 1e300),
        (1.0, 800.0, 1e300),
    ],
)
@pytest.mark.parametrize("gamma", [0.0, 2.0])
@pytest.mark.parametrize("name", ORDERS)
def test_subnormal_corners(name, y, z, pos_weight, gamma):
    got = getattr(loss, name)(y, z, gamma=gamma, pos_weight=pos_weight)
    # One subnormal step in each factor of a product is multiplied by the other factors.
    floor = 8 * SUBNORMAL * max(1.0, pos_weight) * max(1.0, abs(z))

    def tolerance(truth, terms):
        return 1e-14 * terms + floor

    assert worst([got], [y], [z], ORDERS[name], gamma, pos_weight, tolerance)[0] <= 1


@pytest.mark.parametrize("name", ORDERS)
def test_gamma_zero_is_cross_entropy_bitwise(name):
    y, z = mesh()
    terms = zip(z.tolist(), (2.5 * y).tolist(), (1.0 - y).tolist(), strict=True)
    plain = [pointwise.cross_entropy(*row)[ORDERS[name]] for row in terms]
    for gamma in (0, 0.0, -0.0, (0.0, 0.0), [0, 0]):
        got = getattr(loss, name)(y, z, gamma=gamma, pos_weight=2.5)
        np.testing.assert_array_equal(got, plain)


# The focal formulas run into cross-entropy without a seam.
@pytest.mark.parametrize("gamma", [SUBNORMAL, 1e-300, 1e-18, (0.0, 1e-18), (1e-18, 0.0)], ids=str)
@pytest.mark.parametrize("name", ORDERS)
def test_gamma_near_zero_is_near_cross_entropy(name, gamma):
    y, z = mesh()
    function = getattr(loss, name)
    terms = function(1.0, z) * np.where(y > 0, y, 0) + function(0.0, z) * (1 - y)
    allowed = 4e-16 * (np.abs(terms) + np.abs(function(y, z)) + 1.0)
    assert (np.abs(function(y, z, gamma=gamma) - function(y, z)) <= allowed).all()


@pytest.mark.parametrize("gamma", GAMMAS, ids=str)
@pytest.mark.parametrize("name", ORDERS)
def test_soft_label_is_the_mixture_of_the_hard_ones(name, gamma):
    def function(y, z):
        return getattr(loss, name)(y, z, gamma=gamma, pos_weight=3.0)

    y, z = mesh()
    yes, no = y * function(1.0, z), (1.0 - y) * function(0.0, z)
    # 4 roundings, each half a unit in the last place of one term
    allowed = 4.5e-16 * (np.abs(yes) + np.abs(no)) + 4 * SUBNORMAL
    assert (np.abs(function(y, z) - (yes + no)) <= allowed).all()


@pytest.mark.parametrize("gamma", GAMMAS, ids=str)
@pytest.mark.parametrize(("name", "sign"), [("value", 1), ("gradient", -1), ("curvature", 1)])
def test_flipping_the_labels_mirrors_the_loss_bitwise(name, sign, gamma):
    function = getattr(loss, name)
    y, z = map(np.ravel, np.meshgrid([0.0, 0.25, 0.5, 1.0], Z))  # labels whose 1 - y is exact
    mirrored = function(1.0 - y, -z, gamma=pair(gamma)[::-1])
    np.testing.assert_array_equal(function(y, z, gamma=gamma), sign * mirrored)


# Without mpmath: the three functions are derivatives of each other.
@pytest.mark.parametrize("gamma", GAMMAS, ids=str)
@pytest.mark.parametrize(("name", "derivative"), [("value", "gradient"), ("gradient", "curvature")])
def test_numeric_derivatives(name, derivative, gamma):
    y, z = map(np.ravel, np.meshgrid(Y, np.linspace(-6.0, 6.0, 25)))
    options = {"gamma": gamma, "pos_weight": 1.7}

    def function(points):
        return getattr(loss, name)(y, points, **options)

    h = 1e-3  # five points: the error is h^4 f''''' / 30, far below the rounding 1e-16 / h * |f|
    difference = 8 * (function(z + h) - function(z - h)) - function(z + 2 * h) + function(z - 2 * h)
    got = getattr(loss, derivative)(y, z, **options)
    np.testing.assert_allclose(got, difference / (12 * h), rtol=0, atol=2e-9)


def test_gradient_of_cross_entropy_is_p_minus_y():
    y, z = mesh()
    p = 0.5 * (1.0 + np.tanh(0.5 * z))
    np.testing.assert_allclose(loss.gradient(y, z), p - y, rtol=0, atol=3e-16)


@pytest.mark.parametrize(
    ("y", "z", "shape"),
    [
        (1.0, 0.5, ()),
        (np.array(1.0), np.array(0.5), ()),
        ([1.0, 0.0], 0.5, (2,)),
        (1, [0.5, 2, -1], (3,)),
        ([0.2], [[0.5], [1.0]], (2, 1)),
        (np.ones((2, 1)), np.zeros(3), (2, 3)),
        (np.full((2, 3), 0.3, order="F"), np.arange(6.0).reshape(3, 2).T, (2, 3)),
        (np.linspace(0, 1, 12)[::-3], np.arange(4.0), (4,)),
        ([], [], (0,)),
        (np.ones((0, 3)), np.ones(3), (0, 3)),
        ([], 1.0, (0,)),
    ],
    ids=str,
)
@pytest.mark.parametrize("gamma", [0.0, (1.0, 3.0)])
@pytest.mark.parametrize("name", ORDERS)
def test_shapes(name, y, z, shape, gamma):
    function = getattr(loss, name)
    got = function(y, z, gamma=gamma)
    assert got.shape == shape
    assert got.dtype == np.float64
    assert isinstance(got, np.ndarray if shape else float)
    for index in np.ndindex(shape):
        one = (np.broadcast_to(array, shape)[index] for array in (y, z))
        assert np.asarray(got)[index] == function(*one, gamma=gamma)


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int64, np.int8, np.bool_])
def test_other_dtypes_are_read_as_float64(dtype):
    y, z = np.array([0.3, 1.0, 0.0], dtype=dtype), np.array([-3.3, 1.0, 5.0], dtype=dtype)
    y.flags.writeable = z.flags.writeable = False
    for name in ORDERS:
        function = getattr(loss, name)
        got = function(y, z, gamma=2.0)
        assert got.dtype == np.float64
        np.testing.assert_array_equal(got, function(y.astype(float), z.astype(float), gamma=2.0))


@pytest.mark.parametrize(
    ("y", "z", "options", "message"),
    [
        (1.0 + 1e-15, 0.0, {}, r"y must lie in \[0, 1\]"),
        (-SUBNORMAL, 0.0, {}, r"y must lie in \[0, 1\]"),
        ([0.5, np.nan], 0.0, {}, r"y must lie in \[0, 1\]"),
        (np.inf, 0.0, {}, r"y must lie in \[0, 1\]"),
        (1.0, [0.0, np.inf], {}, "z must be finite"),
        (1.0, -np.inf, {}, "z must be finite"),
        (1.0, np.nan, {}, "z must be finite"),
        (1.0, 0.0, {"gamma": -1e-300}, "gamma must be one or two finite numbers >= 0"),
        (1.0, 0.0, {"gamma": (1.0, -1.0)}, "gamma must be one or two finite numbers >= 0"),
        (1.0, 0.0, {"gamma": np.nan}, "gamma must be one or two finite numbers >= 0"),
        (1.0, 0.0, {"gamma": np.inf}, "gamma must be one or two finite numbers >= 0"),
        (1.0, 0.0, {"gamma": (1.0, 2.0, 3.0)}, None),
        (1.0, 0.0, {"pos_weight": -1.0}, "pos_weight must be a finite number >= 0"),
        (1.0, 0.0, {"pos_weight": np.nan}, "pos_weight must be a finite number >= 0"),
        (1.0, 0.0, {"pos_weight": np.inf}, "pos_weight must be a finite number >= 0"),
        ([1.0, 0.0], [0.0, 0.0, 0.0], {}, None),
        ("yes", 0.0, {}, None),
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ORDERS)
def test_bad_input(name, y, z, options, message):
    with pytest.raises(ValueError, match=message):
        getattr(loss, name)(y, z, **options)


# -- the Fisher weight, by which the solvers see a focal loss


def fisher(z, gammas):
    return pointwise.focal(z, 1.0, 0.0, *gammas)[3]


@pytest.mark.parametrize("gammas", [*map(pair, GAMMAS), (20.0, 0.0), (0.25, 5.0)], ids=str)
def test_fisher_weight_is_the_mean_curvature_under_the_posterior(gammas):
    for z in Z:
        with mpmath.workdps(reference.DIGITS):
            # labels drawn so that z is optimal: "yes" with probability no_slope / both
            yes_slope, no_slope = reference.phi(z, gammas[0], 1), reference.phi(-z, gammas[1], 1)
            both = yes_slope + no_slope
            truth, terms = (
                no_slope / both * part(z, gammas[0], 2) + yes_slope / both * part(-z, gammas[1], 2)
                for part in (reference.phi, reference.phi_terms)
            )
            assert truth > 0
        error = abs(fisher(z, gammas) - truth)
        assert error <= 1e-13 * terms + 1e-100, z  # as in test_against_60_digits


_MANY = [0.0, 1e-12, 0.25, 1.0, 2.0, 5.0, 20.0, 300.0, 750.0, 2000.0]


@pytest.mark.parametrize("gammas", itertools.product(_MANY, _MANY), ids=str)
def test_fisher_weight_is_never_negative_and_never_nan(gammas):
    # 0.1 apart near 0, where both sides of a huge gamma underflow together
    points = [*np.arange(-3.0, 3.0, 0.1), *np.linspace(-40.0, 40.0, 161), *Z]
    weights = np.array([pointwise.focal(float(z), 0.3, 0.7, *gammas) for z in points])[:, 3]
    assert (weights >= 0.0).all()  # false for NaN
    assert (weights <= 1.0).all()


@pytest.mark.parametrize("gammas", itertools.product([0.0, 0.5, 1.0, 2.0, 5.0], repeat=2), ids=str)
def test_fisher_weight_is_positive_where_data_lie(gammas):
    assert all(fisher(float(z), gammas) > 0.0 for z in np.linspace(-30.0, 30.0, 121))


def test_fisher_weight_of_cross_entropy_is_p_q():
    for z in Z:
        with mpmath.workdps(reference.DIGITS):
            truth = reference.phi(z, 0.0, 2)
        for weight in (fisher(z, (0.0, 0.0)), pointwise.cross_entropy(z, 1.0, 0.0)[2]):
            assert abs(weight - truth) <= 1e-15 * truth + SUBNORMAL


@pytest.mark.parametrize(("u", "v"), [(2.0, 0.0), (0.0, 0.5), (0.25, 0.5)])
def test_fisher_weight_is_multiplied_by_the_weight_of_the_row(u, v):
    for z in (-40.0, -1.0, 0.0, 3.0):
        # powers of two, so bitwise; (0.25, 0.5) has the sum 0.75
        one = fisher(z, (1.0, 3.0))
        assert pointwise.focal(z, u, v, 1.0, 3.0)[3] == (u + v) * one


def test_pos_weight_is_one_number():
    with pytest.raises(ValueError, match="pos_weight must be a finite number >= 0"):
        loss.value([1.0, 0.0], 0.5, pos_weight=[1.0, 2.0])
