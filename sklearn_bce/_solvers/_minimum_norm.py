"""Without a penalty and with dependent features: the smallest of the equally good coefficients."""

import numpy as np
from scipy.linalg import eigh, qr, solve_triangular

from ._certify import MAX_FACTOR_SIZE


def minimum_norm(objective, theta):
    """Return theta with the same logits and the smallest |coef| of the user's coefficients.

    Theta is returned as it is if the features are independent, or if neither side of X is small
    enough for a factorisation.
    """
    basis = _row_space(objective)
    if basis is None or basis.shape[1] == theta.size - 1:
        return theta
    # theta[:-1] = scale * coef, and only basis.T @ theta[:-1] matters: coef is the least-norm
    # solution of (basis.T * scale) @ coef = basis.T @ theta[:-1].
    q, r = qr(basis * objective.scale[:, np.newaxis], mode="economic")
    coef = q @ solve_triangular(r, basis.T @ theta[:-1], trans="T")
    return np.append(coef * objective.scale, theta[-1])


def _row_space(objective):
    """Orthonormal basis of the centred and scaled rows of positive weight, or None."""
    used = (objective.positive + objective.negative > 0.0).astype(np.float64)
    if objective.size <= MAX_FACTOR_SIZE:
        gram = objective.matrix.gram(used, objective.center, objective.scale)
        inner = gram[:-1, :-1]
        if objective.fit_intercept:
            inner = inner - np.outer(gram[-1, :-1], gram[-1, :-1]) / gram[-1, -1]
        vectors, kept = _range(inner)
        return vectors[:, kept]
    if objective.n_rows <= MAX_FACTOR_SIZE and not objective.matrix.is_sparse:
        rows = (objective.matrix.source[used > 0.0] - objective.center) / objective.scale
        if objective.fit_intercept:
            rows -= rows.mean(axis=0)
        vectors, kept = _range(rows @ rows.T)
        return qr(rows.T @ vectors[:, kept], mode="economic")[0]
    return None


def _range(gram):
    values, vectors = eigh(gram)
    return vectors, values > 10 * gram.shape[0] * np.finfo(float).eps * values[-1]
