r"""The inverse of a Hessian by the products of the rows with one another, where these are few.

The Hessian of the coefficients is :math:`S^\top D S + P`, with S the centred and scaled rows, D
their curvatures and P the penalty. Woodbury's identity (Golub and Van Loan, "Matrix Computations",
section 2.1.4) turns its inverse to that of a matrix of the rows,

.. math:: B = I + D^{1/2} K D^{1/2}, \qquad K = S P^{-1} S^\top,

and the intercept, which has no penalty, is eliminated exactly: with :math:`q = D^{1/2} B^{-1} D^{1/2}
1` its curvature, the coefficients at their best all the time, is :math:`1^\top q`. K is the same at
every step, and for every problem over the same X but for the factor C. Duplicated rows do no harm.
"""

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotrs

_ENOUGH_DIGITS = 1e-3  # relative error of a decrement that K's rounding may cause


class RowFactor:
    """Cholesky factor of B, and Newton directions by it; a direction takes one reading of X.

    Parameters
    ----------
    objective : Objective
        One that goes `by_rows`.
    row_gram : ndarray of shape (n_rows, n_rows)
        Of the centred rows in the user's units.
    weight : ndarray of shape (n_rows,)
        Curvatures of the rows.
    """

    def __init__(self, objective, row_gram, weight):
        self.objective = objective
        self.used = np.flatnonzero(weight)
        self.root = np.sqrt(weight[self.used] / objective.strength)
        inner = row_gram[np.ix_(self.used, self.used)]
        inner *= self.root
        inner *= self.root[:, np.newaxis]
        largest = np.max(np.diagonal(inner), initial=0.0)
        inner.flat[:: inner.shape[0] + 1] += 1.0
        self.factor, failed = dpotrf(inner.T, overwrite_a=True, clean=False)
        error = inner.shape[0] * np.finfo(float).eps * largest
        self.is_regular = not failed and error < _ENOUGH_DIGITS
        self.ones = self._by_rows(np.ones(self.used.size))

    def _by_rows(self, scores):
        """Return D^1/2 B^-1 D^1/2 @ scores, in units of the penalty."""
        return self.root * dpotrs(self.factor, self.root * scores)[0]

    def solve(self, gradient):
        """Return Hessian^-1 @ gradient."""
        objective = self.objective
        strength = objective.strength
        solved = np.append(gradient[:-1] / objective.penalty[:-1], 0.0)
        scores = strength * objective.logits(solved)[self.used]
        factors = np.zeros(objective.n_rows)
        factors[self.used] = self._by_rows(scores)
        if objective.fit_intercept:
            shift = (gradient[-1] - factors.sum()) / (strength * self.ones.sum())
            factors[self.used] += strength * shift * self.ones
            solved[-1] = shift
        sums = objective.matrix.combination(factors)
        combined, _ = objective.chain(sums, factors.sum(), np.zeros_like(gradient))
        solved[:-1] -= combined[:-1] / objective.penalty[:-1]
        return solved
