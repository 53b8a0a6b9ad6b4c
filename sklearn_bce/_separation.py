"""Quasi-complete separation: a direction along which some rows gain for ever, at nobody's cost."""

import numpy as np
import scipy.sparse as sp
from scipy.optimize import linprog

_SAFE_MARGIN = 4.0  # a fit to tol <= 1e-5 has driven separated rows further than that
_MAX_VALUES = 200_000  # of X, for the linear programme


def is_quasi_separated(objective, solution):
    """Whether a fit without a penalty, at its infimum to tol, has no finite optimum.

    Without rows far on their right side there is nothing to suspect. Else a linear programme
    decides (Konis, "Linear programming algorithms for detecting separated data in binary logistic
    regression models", Oxford 2007): is there a direction in which no row loses and one gains?
    Where X is large for that, the last Newton step decides. At a finite minimum it is small and
    helps some rows at the cost of others; along such a direction it goes on for ever.
    """
    yes, no = objective.positive > 0.0, objective.negative > 0.0
    logits = objective.logits(solution.point.theta)
    margin = np.where(yes & ~no, logits, np.where(no & ~yes, -logits, -np.inf))
    if not np.max(margin) > _SAFE_MARGIN:
        return False
    if objective.n_rows * objective.size <= _MAX_VALUES:
        return _gains_for_ever(objective, yes, no)
    change = objective.logits(solution.direction)
    largest = np.max(np.abs(change), where=yes | no, initial=0.0)
    harm = max(
        np.max(-change, where=yes, initial=0.0),
        np.max(change, where=no, initial=0.0),
    )
    return largest > 0.1 and harm < 1e-6 * largest


def _gains_for_ever(objective, yes, no):
    """Maximise the sum of all gains, none negative, none above 1, by linear programming."""
    used = yes | no
    yes, no, X = yes[used], no[used], objective.matrix.source[used]
    rows = (X.toarray() if sp.issparse(X) else X) - objective.center
    rows = np.column_stack([rows / objective.scale, np.full(len(rows), objective.fit_intercept)])
    size = np.abs(rows).max(axis=1, keepdims=True)
    rows /= np.where(size > 0.0, size, 1.0)  # so that a tolerance means the same for all of them
    one_sided = np.where((yes & ~no)[:, np.newaxis], rows, -rows)[yes ^ no]
    two_sided = rows[yes & no]
    result = linprog(
        -one_sided.sum(axis=0),
        A_ub=np.vstack([-one_sided, one_sided]),
        b_ub=np.repeat([0.0, 1.0], len(one_sided)),
        A_eq=two_sided if len(two_sided) else None,
        b_eq=np.zeros(len(two_sided)) if len(two_sided) else None,
        bounds=(None, None),
    )
    # A direction that gains at all can be made longer until a row gains 1.
    return result.status == 0 and -result.fun > 0.5
