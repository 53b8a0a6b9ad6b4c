r"""The inverse of a Hessian by the products of the rows with one another, where these are few.

The Hessian of the coefficients is :math:`S^\top D S + P`, with S the centred and scaled rows, D
their curvature and P the penalty. Woodbury's identity (Golub and Van Loan, "Matrix Computations",
section 2.1.4) turns its inverse to that of a matrix of the rows,

.. math:: B = I + D^{1/2} K D^{1/2}, \qquad K = S P^{-1} S^\top,

and the intercept, which has no penalty, is eliminated exactly: its curvature, the coefficients at
their best all the time, is :math:`1^\top D^{1/2} B^{-1} D^{1/2} 1`. K is the same at every step
and, but for the factor C, for every problem over the same X. Duplicated rows do no harm.
"""

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotrs

_ENOUGH_DIGITS = 1e-3  # relative error of a decrement that K's rounding may cause


class RowFactor:
    """Cholesky factor of B, and Newton directions by it; a direction reads X twice.

    Columns of very different sizes make K so large that its rounding hides the identity. Then the
    factor is that of a Hessian with a larger penalty: a metric, and no certificate.

    Parameters
    ----------
    objective : Objective
        One that goes `by_rows`.
    row_gram : ndarray of shape (n_rows, n_rows)
        Of the centred rows in the user's units.
    curvature : ndarray of shape (n_rows,)
        Curvatures of the rows.
    """

    def __init__(self, objective, row_gram, curvature):
        self.objective = objective
        self.used = np.flatnonzero(objective.positive + objective.negative)
        curvature = curvature[self.used]
        inner = row_gram[np.ix_(self.used, self.used)]
        largest = np.max(curvature * np.diagonal(inner), initial=0.0) / objective.strength
        error = self.used.size * np.finfo(float).eps * largest
        self.is_regular = error <= _ENOUGH_DIGITS
        raised = 1.0 if self.is_regular else error / _ENOUGH_DIGITS
        self.l2 = raised * objective.l2[:-1]
        self.strength = raised * objective.strength
        self.root = np.sqrt(curvature / self.strength)
        inner *= self.root
        inner *= self.root[:, np.newaxis]
        inner.flat[:: inner.shape[0] + 1] += 1.0
        self.factor, failed = dpotrf(inner.T, overwrite_a=True, clean=False)
        # Entries near 1e200 make products that overflow, which not every LAPACK tells.
        self.is_usable = not failed and np.isfinite(error)
        self.of_ones = self._by_rows(np.ones(self.used.size))

    def _by_rows(self, scores):
        """Return D^1/2 B^-1 D^1/2 @ scores."""
        return self.strength * self.root * dpotrs(self.factor, self.root * scores)[0]

    def solve(self, gradient):
        """Return Hessian^-1 @ gradient."""
        objective = self.objective
        solved = np.append(gradient[:-1] / self.l2, 0.0)
        factors = np.zeros(objective.n_rows)
        factors[self.used] = self._by_rows(objective.logits(solved)[self.used])
        if objective.fit_intercept:
            solved[-1] = (gradient[-1] - factors.sum()) / self.of_ones.sum()
            factors[self.used] += solved[-1] * self.of_ones
        sums = objective.matrix.combination(factors)
        combined, _ = objective.chain(sums, factors.sum(), np.zeros_like(gradient))
        solved[:-1] -= combined[:-1] / self.l2
        return solved
