"""Without a penalty and with dependent features: the smallest of the equally good coefficients."""

import numpy as np
from scipy.linalg import eigh, qr, solve_triangular

from .._gram import gram_matrix
from .._objective import MAX_FACTOR_SIZE


def minimum_norm(objective, theta):
    """Return theta with the same logits and the smallest |coef| of the user's coefficients.

    Theta is returned as it is if the features are independent, or if neither side of X is small
    enough for a factorisation.
    """
    basis, mean = _row_space(objective)
    if basis is None or basis.shape[1] == theta.size - 1:
        return theta
    # theta[:-1] = scale * coef, and only basis.T @ theta[:-1] matters: coef is the least-norm
    # solution of (basis.T * scale) @ coef = basis.T @ theta[:-1].
    if basis.shape[1] == 0:  # every feature is constant; LAPACK refuses empty matrices
        return np.append(np.zeros(theta.size - 1), theta[-1] + mean @ theta[:-1])
    q, r = qr(basis * objective.scale[:, np.newaxis], mode="economic")
    coef = q @ solve_triangular(r, basis.T @ theta[:-1], trans="T")
    shift = mean @ (theta[:-1] - coef * objective.scale)
    return np.append(coef * objective.scale, theta[-1] + shift)


def _row_space(objective):
    """Orthonormal basis of the scaled rows of positive weight about their mean, and the mean.

    Without an intercept the mean is zero. The basis is None where it is too dear.
    """
    if objective.size <= MAX_FACTOR_SIZE:
        gram = 0.0
        for _, piece in objective.pieces():
            used = (piece.positive + piece.negative > 0.0).astype(np.float64)
            gram += gram_matrix(piece.matrix, used, objective.center, objective.scale)
        mean = objective.fit_intercept * gram[-1, :-1] / gram[-1, -1]
        if not np.isfinite(gram).all():  # entries near 1e300 in rows of next to no weight
            return None, None
        squares = np.diagonal(gram)[:-1]
        inner = gram[:-1, :-1] - gram[-1, -1] * np.outer(mean, mean)
        vectors, kept = _range(inner, squares)
        vectors[np.diagonal(inner) == 0.0] = 0.0  # constant features, but for LAPACK's rounding
        return vectors[:, kept], mean
    if objective.n_rows <= MAX_FACTOR_SIZE and not objective.matrix.is_sparse:
        pieces = [
            piece.matrix.source[piece.positive + piece.negative > 0.0]
            for _, piece in objective.pieces()
        ]
        rows = (np.concatenate(pieces) - objective.center) / objective.scale
        mean = objective.fit_intercept * rows.mean(axis=0)
        squares = np.square(rows).sum(axis=1)
        rows -= mean
        vectors, kept = _range(rows @ rows.T, squares)
        return qr(rows.T @ vectors[:, kept], mode="economic")[0], mean
    return None, None


def _range(gram, squares):
    """Eigenvectors, and which of them are more than rounding; ``squares`` is the uncentred size."""
    values, vectors = eigh(gram)
    return vectors, values > 10 * gram.shape[0] * np.finfo(float).eps * np.max(squares)
