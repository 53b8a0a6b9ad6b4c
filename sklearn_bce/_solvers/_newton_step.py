"""One full Newton step: the direction of a solver, and the certificate of the others."""

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from ._loop import Proposal

MAX_FACTOR_SIZE = 2000  # up to here one factorisation takes less than about a second
_RIDGES = (0.0, 1e-13, 1e-11, 1e-9, 1e-7)


class Factor:
    """Cholesky factor of a Hessian brought to unit diagonal.

    Where the Hessian is singular to working precision, the least of a few small ridges that makes
    it regular is added. Directions within the row space of X hardly feel it.
    """

    def __init__(self, hessian):
        diagonal = np.diagonal(hessian).copy()
        self.unit = 1.0 / np.sqrt(np.where(diagonal > 0.0, diagonal, 1.0))
        scaled = hessian * self.unit * self.unit[:, np.newaxis]
        floor = 4.0 * hessian.shape[0] * np.finfo(float).eps
        for ridge in _RIDGES:
            np.fill_diagonal(scaled, 1.0 + ridge)
            try:
                self.factor = cho_factor(scaled, lower=True, check_finite=False)
            except np.linalg.LinAlgError:
                continue
            if np.min(np.diagonal(self.factor[0])) ** 2 > floor:
                break
        self.is_regular = ridge == 0.0

    def solve(self, gradient):
        """Return Hessian^-1 @ gradient."""
        return self.unit * cho_solve(self.factor, self.unit * gradient, check_finite=False)


def newton_step(objective, point):
    """Newton direction and decrement with the Hessian's Cholesky factor."""
    factor = Factor(objective.hessian(point))
    direction = -factor.solve(point.gradient)
    return Proposal(direction, -0.5 * (point.gradient @ direction), True), factor
