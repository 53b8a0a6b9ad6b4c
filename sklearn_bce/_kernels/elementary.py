"""exp and log1p on the two intervals that the losses need, as straight lines of arithmetic.

LLVM turns a loop over them into vector code, and keeps a loop over math.exp one call a row. Both
are within 2 units in the last place, and give NaN for NaN.
"""

import numpy as np

from .jit import jit_polynomial

_LOG2_E = 1.4426950408889634
_LN2_HIGH = 0.6931471803691238  # ln 2 cut off after 32 bits: its product with k is exact
_LN2_LOW = 1.9082149292705877e-10
_ROUND = 1.5 * 2.0**52  # added to a small number, its last bits are the nearest integer
_BIAS = 1023.0  # of the exponent of a float64
_LEAST = -745.2  # exp rounds to 0 below it
_DEEP, _LIFT = -700.0, 100.0  # where powers of two are no normal numbers, a detour by 2 ** 100


@jit_polynomial
def exp_of_negative(x):
    """Return exp(x) for x <= 0, by 2 ** k times a polynomial on [-ln 2 / 2, ln 2 / 2]."""
    x = max(x, _LEAST)
    k = (x * _LOG2_E + _ROUND) - _ROUND
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    # (exp(r) - 1 - r) / r ** 2, interpolated at Chebyshev nodes; relative error 2e-17 in exp.
    # Terms side by side (Estrin), for one after another each would wait for the one before.
    r2 = r * r
    r4 = r2 * r2
    low = (0.5 + r * 0.16666666666666669) + r2 * (0.041666666666624164 + r * 0.008333333333330065)
    high = (0.0013888888917196719 + r * 0.00019841269863040545) + r2 * (
        2.4801521322368692e-05 + r * 2.7557268480310024e-06
    )
    last = 2.7620075879983367e-07 + r * 2.5100375832561234e-08
    tail = low + r4 * (high + r4 * last)
    is_deep = x < _DEEP
    # The integer k + bias, moved to where a float64 has its exponent, is 2 ** k.
    last_bits = np.float64(k + (_BIAS + _ROUND + (_LIFT if is_deep else 0.0)))
    power = np.int64(last_bits.view(np.int64) << 52).view(np.float64)
    return (1.0 + (r + r2 * tail)) * power * (2.0**-100 if is_deep else 1.0)


@jit_polynomial
def log1p_of_unit(x):
    """Return log(1 + x) for 0 <= x <= 1, by 2 atanh(x / (2 + x))."""
    s = x / (2.0 + x)
    t = s * s
    # (atanh(s) - s) / s ** 3, interpolated at Chebyshev nodes; relative error 7e-18 in atanh
    tail = 0.08082022805971766
    tail = tail * t + 0.04400369243072337
    tail = tail * t + 0.06000536404795356
    tail = tail * t + 0.06657072104827468
    tail = tail * t + 0.07692785032479312
    tail = tail * t + 0.09090894718066429
    tail = tail * t + 0.11111111358713932
    tail = tail * t + 0.1428571428355438
    tail = tail * t + 0.20000000000007292
    tail = tail * t + 0.3333333333333333
    return 2.0 * (s + s * t * tail)
