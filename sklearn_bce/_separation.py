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
    margins = [_margin(piece, solution.point.theta) for _, piece in objective.pieces()]
    if not max(margins) > _SAFE_MARGIN:
        return False
    if objective.n_rows * objective.size <= _MAX_VALUES:
        return _gains_for_ever(objective)
    reach = [_change_and_harm(piece, solution.direction) for _, piece in objective.pieces()]
    largest, harm = np.max(reach, axis=0)
    return largest > 0.1 and harm < 1e-6 * largest


def _sides(objective):
    """Whether each row counts for "yes", and for "no"."""
    return objective.positive > 0.0, objective.negative > 0.0


def _margin(objective, theta):
    """How far the surest row is on its right side."""
    yes, no = _sides(objective)
    logits = objective.logits(theta)
    return np.max(np.where(yes & ~no, logits, np.where(no & ~yes, -logits, -np.inf)))


def _change_and_harm(objective, direction):
    """How far the direction moves a row, and how far a row to its wrong side."""
    yes, no = _sides(objective)
    change = objective.logits(direction)
    harm = max(np.max(-change, where=yes, initial=0.0), np.max(change, where=no, initial=0.0))
    return np.max(np.abs(change), where=yes | no, initial=0.0), harm


def _used_rows(objective):
    """Rows of any weight, dense, centred and scaled, with the column of the intercept."""
    yes, no = _sides(objective)
    X = objective.matrix.source[yes | no]
    rows = ((X.toarray() if sp.issparse(X) else X) - objective.center) / objective.scale
    rows = np.column_stack([rows, np.full(len(rows), objective.fit_intercept)])
    return yes[yes | no], no[yes | no], rows


def _gains_for_ever(objective):
    """Maximise the sum of all gains, none negative, none above 1, by linear programming."""
    parts = [_used_rows(piece) for _, piece in objective.pieces()]
    yes, no, rows = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
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
