"""exp and log1p as the losses have them: their digits, and that loops over them are vector code.

The first part also passes with NUMBA_DISABLE_JIT=1.
"""

import platform
import re

import llvmlite.binding as llvm
import mpmath
import numpy as np
import pytest
from numba import config, njit

from sklearn_bce._kernels import jit, pointwise
from sklearn_bce._kernels.elementary import exp_of_negative, log1p_of_unit

LEAST_NORMAL = np.finfo(float).smallest_normal
LEAST_SUBNORMAL = 5e-324


@njit(error_model="numpy")
def _over_rows(function, x, values):
    for i in range(x.size):
        values[i] = function(x[i])


def values_of(function, x):
    """``function`` of every x, in a loop as the kernels have it."""
    x = np.asarray(x, dtype=np.float64)
    if config.DISABLE_JIT:
        return np.array([function(each) for each in x])  # np.float64, whose bits can be viewed
    values = np.empty_like(x)
    _over_rows(function, x, values)
    return values


def ulps(got, exact):
    """The error of each value in units in the last place of the exact one, from 40 digits.

    Of a subnormal result the unit is the subnormal step.
    """
    with mpmath.workdps(40):
        return np.array(
            [
                float(abs(mpmath.mpf(float(one)) - other) / float(np.spacing(abs(float(other)))))
                for one, other in zip(got, exact, strict=True)
            ]
        )


def exact_exp(x):
    with mpmath.workdps(40):
        return [mpmath.exp(mpmath.mpf(float(each))) for each in x]


def exact_log1p(x):
    with mpmath.workdps(40):
        # log(1 + x) would lose all digits of 1e-300 in 40-digit numbers
        return [mpmath.log1p(mpmath.mpf(float(each))) for each in x]


def neighbours(points, n=3):
    """The points and the ``n`` float64 numbers on either side of each."""
    steps = np.arange(-n, n + 1)
    points = np.asarray(points, dtype=np.float64)[:, np.newaxis]
    return (points + steps * np.spacing(np.abs(points))).ravel()


def around_multiples_of_half_ln_2():
    # Odd multiples are where k, the power of two, changes, and r is largest.
    return neighbours(-np.arange(1, 2160) * (np.log(2.0) / 2.0), n=1)


rng = np.random.default_rng(0)
NORMAL = {  # arguments whose exp is a normal number
    "dense": -rng.uniform(0.0, 708.0, 20_000),
    "small": -rng.uniform(0.0, 2.0, 20_000),
    "near 0": -(10.0 ** rng.uniform(-320, -1, 5_000)),
    "multiples of ln 2 / 2": [x for x in around_multiples_of_half_ln_2() if x > -708.0],
    "about -700": [*neighbours([-700.0], 20), *-rng.uniform(699.0, 701.0, 2_000)],
    "0": [0.0, -0.0],
}
SUBNORMAL = {
    "dense": -rng.uniform(708.4, 745.2, 5_000),
    "last ones": [*neighbours([-745.13, -745.133, -744.44], 20), -745.1332191019411],
    "multiples of ln 2 / 2": [x for x in around_multiples_of_half_ln_2() if -746.0 < x < -708.4],
}
UNIT = {
    "dense": rng.uniform(0.0, 1.0, 20_000),
    "near 0": 10.0 ** rng.uniform(-320, -1, 10_000),
    "powers of two": neighbours(2.0 ** -np.arange(1.0, 1020.0), n=1),
    "tiny": [1e-300, LEAST_NORMAL, LEAST_SUBNORMAL, 3 * LEAST_SUBNORMAL],
    "near 1": 1.0 - np.arange(50) * 2.0**-53,
}


def table(cases):
    return pytest.mark.parametrize("x", [pytest.param(x, id=name) for name, x in cases.items()])


@table(NORMAL)
def test_exp_of_negative(x):
    got = values_of(exp_of_negative, x)
    assert (got >= LEAST_NORMAL).all()
    assert ulps(got, exact_exp(x)).max() <= 2.0


@table(SUBNORMAL)
def test_exp_of_negative_where_the_result_is_subnormal(x):
    got = values_of(exp_of_negative, x)
    assert (got < LEAST_NORMAL).all()
    assert ulps(got, exact_exp(x)).max() <= 1.0


@table(UNIT)
def test_log1p_of_unit(x):
    assert ulps(values_of(log1p_of_unit, x), exact_log1p(x)).max() <= 2.0


# A lone value and values in a long array: the compiler has other code for the rows left over.
@pytest.mark.parametrize("n", [1, 37])
@pytest.mark.parametrize(
    ("function", "x", "expected"),
    [
        (exp_of_negative, 0.0, 1.0),
        (exp_of_negative, -0.0, 1.0),
        (exp_of_negative, -LEAST_SUBNORMAL, 1.0),
        (exp_of_negative, -745.2, 0.0),
        (exp_of_negative, -800.0, 0.0),
        (exp_of_negative, -1e300, 0.0),
        (exp_of_negative, -np.inf, 0.0),
        (exp_of_negative, np.nan, np.nan),
        (log1p_of_unit, 0.0, 0.0),
        (log1p_of_unit, 1e-300, 1e-300),
        (log1p_of_unit, np.nan, np.nan),
    ],
)
def test_special_values(function, x, expected, n):
    np.testing.assert_array_equal(values_of(function, [x] * n), [expected] * n)


# A logit that grows must not have a loss that goes up and down.
@pytest.mark.parametrize(("function", "sign"), [(exp_of_negative, -1.0), (log1p_of_unit, 1.0)])
def test_monotonic_to_the_last_place_but_one(function, sign):
    x = np.sort(sign * rng.uniform(0.0, 1.0, 100_000 if not config.DISABLE_JIT else 2_000))
    values = values_of(function, x)
    assert (np.diff(values) >= -2.0 * np.spacing(values[1:])).all()


# -- vector code

X86 = r"\bv?(?:add|sub|mul|div|fn?m(?:add|sub)(?:132|213|231))"
ARITHMETIC = {  # machine -> (packed, scalar) instructions on float64
    "x86": (X86 + r"pd\b", X86 + r"sd\b"),
    # "fmla v0.2d, ..." of Linux is "fmla.2d v0, ..." of macOS
    "arm": (
        r"\b(?:fadd|fsub|fmul|fdiv|fmla|fmls)(?:\.2d\s+v\d|\s+v\d+\.2d)",
        r"\b(?:fadd|fsub|fmul|fdiv|fn?madd|fn?msub)\s+d\d",
    ),
}
MACHINES = {"x86_64": "x86", "AMD64": "x86", "aarch64": "arm", "arm64": "arm"}
LIBRARY_CALL = r"\b_?(?:exp|exp2|expm1|log|log1p)\b"
FOCAL = {"_cross_entropy_of_rows": (), "_focal_of_rows": (2.0, 1.0)}


def assembly_of(kernel, arguments):
    """Machine code of a kernel, with ``no_cache``: of code from the cache none is kept."""
    fresh = jit.jit(kernel.py_func)
    fresh(*arguments)
    return "\n".join(fresh.inspect_asm().values())


def patterns():
    machine = MACHINES.get(platform.machine())
    if machine is None:
        pytest.skip("no list of this machine's instructions")
    if machine == "x86" and not llvm.get_host_cpu_features().get("avx2"):
        pytest.skip("with two numbers a vector LLVM finds that they do not pay")
    return ARITHMETIC[machine]


@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is compiled")
@pytest.mark.parametrize("name", FOCAL)
def test_loops_over_rows_are_vector_code(name, no_cache):
    packed, scalar = patterns()
    z, u, v, slope, weight = np.ones((5, 100))
    u.flags.writeable = v.flags.writeable = False
    arguments = (z, u, v, *FOCAL[name], slope, weight)
    code = assembly_of(getattr(pointwise, name), arguments)
    # Around one call a row the rest may still be vectors, and be found below.
    assert re.findall(LIBRARY_CALL, code) == []
    # Rows that do not fill a vector are worked out by a scalar copy of the formula: about as many
    # scalar instructions as packed ones, or half as many where the loop is unrolled.
    assert len(re.findall(packed, code)) > 0.8 * len(re.findall(scalar, code)) > 0
