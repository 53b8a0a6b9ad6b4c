"""Whether a fit has reached its optimum, and the warning where it has not, or there is none."""

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ._exceptions import SeparationWarning, warn
from ._separation import is_quasi_separated
from ._solvers._loop import LOOSEST_TOL, ROUNDING

FINEST_STEPS_TOL = 1e-5  # stochastic steps gain less than that in an epoch, and for ever
_ASTRAY = 1.1  # times the objective of the start: epochs that all end above have diverged


def warn_of(name, estimator, objective, solution):
    """Warn of a fit that has not reached its optimum, or has none."""
    if solution.is_early:  # that is as it was asked for
        return
    if objective.is_separated(solution.point):
        warn(
            f"{name}: the classes are separated by a hyperplane (complete separation), so without "
            "a penalty the fit does not converge to finite coefficients. Those returned separate "
            "the classes; their size means nothing. Use a finite C.",
            SeparationWarning,
        )
    elif solution.optimality > max(estimator.tol, ROUNDING):
        advice = _advice(estimator, solution)
        warn(
            f"{name} did not converge: after {solution.n_iter} iterations the objective is above "
            f"its minimum by about {solution.optimality:.1e} of its value, more than tol="
            f"{estimator.tol:g}. {advice}.",
            ConvergenceWarning,
        )
    elif _has_gone_astray(solution):
        warn(
            f"{name} did not converge: the steps are too long, and no epoch came near the "
            f"objective of the start, whose coefficients are returned. Scale the features, or take "
            f"a smaller eta0 or learning_rate='adaptive'.",
            ConvergenceWarning,
        )
    elif not solution.is_done:
        warn(
            f"{name} did not converge: after {solution.n_iter} epochs the objective still improves "
            f"by more than tol={max(estimator.tol, FINEST_STEPS_TOL):g} of its value in some of "
            f"n_iter_no_change={estimator.n_iter_no_change}. Increase max_iter or tol.",
            ConvergenceWarning,
        )
    elif np.isnan(solution.optimality):  # nothing is known of the end
        return
    elif objective.strength == 0.0 and is_quasi_separated(objective, solution):
        warn(
            f"{name}: some rows are separated from the rest (quasi-complete separation), so "
            "without a penalty some coefficients do not converge: the objective has reached its "
            "infimum to tol, but they would grow for ever. Use a finite C.",
            SeparationWarning,
        )


def _advice(estimator, solution):
    if solution.n_iter >= estimator.max_iter:
        return "Increase max_iter"
    if solution.optimality <= LOOSEST_TOL:
        return "Rounding ended its progress: increase tol"
    return (
        "Rounding ended its progress: features may be so far from 0 that their differences have "
        "few digits. Centre them where they come from"
    )


def _has_gone_astray(solution):
    """Whether stochastic steps have only led away from where they began."""
    start, *epochs = solution.loss_curve
    is_stochastic = np.isnan(solution.optimality) and len(epochs) > 0
    return is_stochastic and not np.fmin.reduce(epochs) <= _ASTRAY * start
