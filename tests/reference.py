"""The loss of one row in 60 digits: closed forms, which `test_loss` holds to the definition."""

from functools import cache

import mpmath

DIGITS = 60


def sigmoid(z):
    return 1 / (1 + mpmath.exp(-z))


def definition(z, gamma):
    """Return -(1 - p)^gamma log p, written so that the tails keep their digits."""
    return sigmoid(-z) ** gamma * mpmath.log1p(mpmath.exp(-z))


def _terms(z, gamma, order):
    z, gamma = mpmath.mpf(z), mpmath.mpf(gamma)
    p, q, minus_log_p = sigmoid(z), sigmoid(-z), mpmath.log1p(mpmath.exp(-z))
    return {
        0: lambda: [q**gamma * minus_log_p],
        1: lambda: [-(q**gamma) * gamma * p * minus_log_p, -(q ** (gamma + 1))],
        2: lambda: [
            p * q ** (gamma + 1) * (1 + 2 * gamma),
            -p * q ** (gamma + 1) * gamma * minus_log_p,
            p**2 * q**gamma * gamma**2 * minus_log_p,
        ],
    }[order]()


@cache
def phi(z, gamma, order=0):
    """Derivative number ``order`` of the definition at the logit z, an mpmath number."""
    with mpmath.workdps(DIGITS):
        return sum(_terms(z, gamma, order))


@cache
def phi_terms(z, gamma, order=0):
    """Sum of the absolute terms of that derivative: what rounding errors are relative to."""
    with mpmath.workdps(DIGITS):
        return sum(map(abs, _terms(z, gamma, order)))


def loss(y, z, gammas=(0.0, 0.0), pos_weight=1.0, order=0, part=phi):
    """Derivative ``order`` of the loss of label y; with ``part=phi_terms`` its absolute terms."""
    with mpmath.workdps(DIGITS):
        yes = pos_weight * mpmath.mpf(y) * part(z, gammas[0], order)
        no = (1 - mpmath.mpf(y)) * part(-z, gammas[1], order)
        return yes + (-no if order == 1 and part is phi else no)
