"""One full Newton step: the direction of a solver, and the certificate of the others."""

import numpy as np
from scipy.linalg import qr, solve_triangular
from scipy.linalg.lapack import dpotrf, dpotrs

from .._objective import MAX_FACTOR_SIZE
from ._conjugate_gradient import cg_step
from ._loop import Proposal
from ._row_factor import RowFactor

_EPS = float(np.finfo(float).eps)
_FORCING = 0.1
_RIDGES = (0.0, 1e-13, 1e-11, 1e-9, 1e-7)


class Factor:
    """Cholesky factor of a Hessian brought to unit diagonal.

    Where the Hessian is singular to working precision, the least of a few small ridges that makes
    it regular is added. As a metric it is good enough; as a certificate it is not.
    """

    def __init__(self, hessian):
        diagonal = hessian.diagonal()
        self.unit = 1.0 / np.sqrt(np.where(diagonal > 0.0, diagonal, 1.0))
        scaled = hessian * self.unit * self.unit[:, np.newaxis]
        rounding = hessian.shape[0] * _EPS
        for ridge in _RIDGES:
            scaled.flat[:: scaled.shape[0] + 1] = 1.0 + ridge
            self.factor, failed = dpotrf(scaled, clean=False)
            pivot = 0.0 if failed else self.factor.diagonal().min() ** 2
            if pivot > 4.0 * rounding:
                break
        # A pivot within a thousand roundings has too few digits for a certificate.
        self.is_regular = ridge == 0.0 and pivot > 1e3 * rounding

    def solve(self, gradient):
        """Return Hessian^-1 @ gradient."""
        return self.unit * dpotrs(self.factor, self.unit * gradient)[0]


def newton_step(objective, point):
    """Newton direction and decrement, and the Hessian's Cholesky factor."""
    factor = yield from factor_at(objective, point)
    return (yield from step_by(objective, point, factor)), factor


def factor_at(objective, point):
    """Return a factor of the Hessian, by the rows where there are fewer of them than columns."""
    if objective.by_rows:
        factor = RowFactor(objective, (yield (objective.row_gram,)), point.curvature)
        if factor.is_regular or objective.size > MAX_FACTOR_SIZE:
            return factor
    return Factor((yield objective.hessian, point))


def step_by(objective, point, factor):
    """Newton direction and decrement, by the factor of the Hessian there.

    Where the factor needed a ridge, the step does not come from it: features that are dependent
    but for the tenth digit would be taken for dependent, and their share of the decrement be lost.
    Of many columns conjugate gradients find it.
    """
    if factor.is_regular:
        direction = -factor.solve(point.gradient)
        return Proposal(direction, -0.5 * (point.gradient @ direction), True)
    if objective.by_rows and objective.size > MAX_FACTOR_SIZE:
        metric = factor if factor.is_usable else None
        return (yield from cg_step(objective, point, _FORCING, factor=metric))
    root = yield objective.hessian_root, point
    return Proposal(*_solve_by_rows(root, point.gradient, objective.rounding), True)


def _solve_by_rows(root, gradient, rounding):
    """Newton direction and decrement from R with R.T @ R the Hessian.

    R knows twice the digits of its square. Its columns are pivoted, and those that depend on
    others but for the ``rounding`` of their entries stay at 0.
    """
    norms = np.sqrt(np.square(root).sum(axis=0))
    unit = 1.0 / np.where(norms > 0.0, norms, 1.0)
    (triangle, order) = qr(root * unit, mode="r", pivoting=True, check_finite=False)
    size = np.abs(np.diagonal(triangle))
    rank = np.count_nonzero(size > 10 * size.size * rounding * size[0])
    kept = order[:rank]
    triangle = triangle[:rank, :rank]
    half = solve_triangular(triangle, (unit * gradient)[kept], trans="T", check_finite=False)
    direction = np.zeros_like(gradient)
    direction[kept] = -unit[kept] * solve_triangular(triangle, half, check_finite=False)
    return direction, 0.5 * (half @ half)
