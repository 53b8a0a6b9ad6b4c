r"""The loss of one row at logit z, with its derivatives: the formulas of the package.

With p = sigmoid(z), q = 1 - p and :math:`\phi_g(z) = -q^g \log p`, a row with weight u on "yes" and
v on "no" costs

.. math:: u\,\phi_{g_+}(z) + v\,\phi_{g_-}(-z).

g = 0 is cross-entropy; g > 0 is the focal loss of Lin et al., "Focal Loss for Dense Object
Detection" (ICCV 2017). Everything is built from e = exp(-|z|) <= 1, so nothing overflows, and
p and q are both accurate in their own tails.
"""

from .elementary import exp_of_negative, log1p_of_unit
from .jit import jit, jit_exact, jit_within

# No branches below but choices between two numbers: so the loops at the end become vector code.


@jit_exact
def _sigmoid_terms(z):
    """Return p, q, -log p and -log q."""
    e = exp_of_negative(-abs(z))
    tail = log1p_of_unit(e)
    large = 1.0 / (1.0 + e)
    small = e * large
    is_yes = z >= 0.0
    return (
        large if is_yes else small,
        small if is_yes else large,
        tail if is_yes else tail - z,
        z + tail if is_yes else tail,
    )


@jit_exact
def _focal_terms(p, q, minus_log_p, minus_log_q, gamma):
    """Return phi, phi' and phi'' at the logit that p, q and their logarithms belong to."""
    weight = exp_of_negative(-gamma * minus_log_q)
    value = weight * minus_log_p
    slope = -weight * (gamma * p * minus_log_p + q)
    # p * minus_log_p first: minus_log_p may be huge, and the product is at most 1 / e.
    curvature = weight * (
        (1.0 + 2.0 * gamma) * (p * q) - gamma * (q - gamma * p) * (p * minus_log_p)
    )
    is_left = weight > 0.0  # else nothing is left of the row, whatever overflowed above
    return value if is_left else 0.0, slope if is_left else 0.0, curvature if is_left else 0.0


@jit_exact
def cross_entropy(z, u, v):
    """Return the loss, its slope and its curvature, which is never negative."""
    p, q, minus_log_p, minus_log_q = _sigmoid_terms(z)
    return u * minus_log_p + v * minus_log_q, v * p - u * q, (u + v) * (p * q)


@jit_exact
def focal(z, u, v, gamma_positive, gamma_negative):
    """Return the loss, its slope, its curvature and its Fisher weight.

    The curvature may be negative (badly misclassified rows). The Fisher weight is its mean over
    labels drawn from the class posterior at which z would be optimal. It is never negative,
    equals p q for cross-entropy, and is what the solvers use.
    """
    p, q, minus_log_p, minus_log_q = _sigmoid_terms(z)
    yes, yes_slope, yes_curvature = _focal_terms(p, q, minus_log_p, minus_log_q, gamma_positive)
    no, no_slope, no_curvature = _focal_terms(q, p, minus_log_q, minus_log_p, gamma_negative)
    both = yes_slope + no_slope
    both = both if both != 0.0 else 1.0  # everything has underflowed
    # 1 - posterior is yes_slope / both: the difference would have lost its digits
    fisher = (no_slope / both) * yes_curvature + (yes_slope / both) * no_curvature
    return (
        u * yes + v * no,
        u * yes_slope - v * no_slope,
        u * yes_curvature + v * no_curvature,
        (u + v) * (fisher if fisher > 0.0 else 0.0),
    )


@jit_exact
def _is_wrong(z, u, v):
    """Whether z is not on the right side of 0; 1 also for soft labels, which have none."""
    return (u > 0.0 and not z > 0.0) | (v > 0.0 and not z < 0.0)


@jit_within
def loss_of_row(z, u, v, gamma_positive, gamma_negative):
    """Return the loss and its slope; LLVM leaves out what the caller does not use."""
    logit = z if u + v > 0.0 else 0.0
    if gamma_positive == 0.0 and gamma_negative == 0.0:
        loss, slope, _ = cross_entropy(logit, u, v)
    else:
        loss, slope, _, _ = focal(logit, u, v, gamma_positive, gamma_negative)
    return loss, slope


# Into the loop that calls it: stochastic steps ask for a few rows at a time, and a call with five
# arrays takes as long as these. Left to LLVM, it would depend on what was compiled before.


@jit_within
def _cross_entropy_of_rows(z, u, v, slope, weight):
    total = 0.0
    n_wrong = 0
    for i in range(z.size):
        # A row that does not count may have any logit, infinite ones included.
        logit = z[i] if u[i] + v[i] > 0.0 else 0.0
        loss, slope[i], weight[i] = cross_entropy(logit, u[i], v[i])
        total += loss
        n_wrong += _is_wrong(logit, u[i], v[i])
    return total, n_wrong


@jit
def _focal_of_rows(z, u, v, gamma_positive, gamma_negative, slope, weight):
    total = 0.0
    n_wrong = 0
    for i in range(z.size):
        logit = z[i] if u[i] + v[i] > 0.0 else 0.0
        loss, slope[i], _, weight[i] = focal(logit, u[i], v[i], gamma_positive, gamma_negative)
        total += loss
        n_wrong += _is_wrong(logit, u[i], v[i])
    return total, n_wrong


@jit_within
def loss_of_rows(z, u, v, gamma_positive, gamma_negative, slope, weight):
    """Fill the slope and the positive curvature of every row; return the sum of the losses.

    The second value is the number of rows that are not on the right side of z = 0, which those
    with a soft label never are. If it is zero the rows are separated.
    """
    if gamma_positive == 0.0 and gamma_negative == 0.0:
        return _cross_entropy_of_rows(z, u, v, slope, weight)
    return _focal_of_rows(z, u, v, gamma_positive, gamma_negative, slope, weight)


@jit
def loss_arrays(z, u, v, gamma_positive, gamma_negative, value, slope, curvature):
    """Fill value, slope and true curvature, entry by entry: the kernel of `sklearn_bce.loss`."""
    is_cross_entropy = gamma_positive == 0.0 and gamma_negative == 0.0
    for i in range(z.size):
        if is_cross_entropy:
            value[i], slope[i], curvature[i] = cross_entropy(z[i], u[i], v[i])
        else:
            value[i], slope[i], curvature[i], _ = focal(
                z[i], u[i], v[i], gamma_positive, gamma_negative
            )
