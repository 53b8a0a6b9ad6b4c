"""The one road from (X, targets, parameters) to a solution, and the warnings on its way."""

import warnings
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from . import _solvers
from ._exceptions import SeparationWarning
from ._matrix import Matrix
from ._objective import Objective
from ._separation import is_quasi_separated
from ._solvers._intercept import best_constant, intercept_shift
from ._solvers._loop import ROUNDING, Control, silent
from ._solvers._minimum_norm import minimum_norm
from ._threads import one_blas_thread

_FOCAL_START_TOL = 1e-4
_LOOSEST_TOL = 1e-5  # further out the decrement is no bound of the distance to the minimum


class Fitted(NamedTuple):
    """What an estimator learns."""

    coef: np.ndarray  # (n_columns,)
    intercept: float
    n_iter: int
    optimality: float
    loss_curve: list
    solver: str


def fit_binary(estimator, X, targets, start=None):
    """Fit the coefficients of one binary problem.

    Parameters
    ----------
    estimator : BCEClassifier
        Its parameters are read, nothing is set.
    X : ndarray or CSR array of shape (n_rows, n_columns)
    targets : Targets
    start : tuple (coef, intercept), optional
        Where to start from; by default without any feature.

    Returns
    -------
    Fitted
    """
    solver = _solvers.choose(estimator.solver, *X.shape)
    solve = _solvers.SOLVE[solver]
    control = Control(
        min(estimator.tol, _LOOSEST_TOL),
        estimator.max_iter,
        _reporter(estimator),
        _seed(estimator.random_state),
    )
    # Overflows show as values that are not finite, which the line search refuses.
    with one_blas_thread(), np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        objective = _objective(estimator, X, targets)
        theta, n_iter = _start(objective, solve, control, start)
        solution = solve(objective, theta, control, n_iter)
        coef, intercept = objective.from_theta(_least_norm(objective, solution.point))
    _warn(estimator, objective, solution)
    return Fitted(
        coef, intercept, solution.n_iter, solution.optimality, solution.loss_curve, solver
    )


def _objective(estimator, X, targets):
    gamma = estimator.gamma
    return Objective(
        Matrix(X),
        targets.positive,
        targets.negative,
        penalty=1.0 / float(estimator.C),
        gammas=tuple(map(float, gamma if isinstance(gamma, tuple) else (gamma, gamma))),
        fit_intercept=bool(estimator.fit_intercept),
    )


def _start(objective, solve, control, start):
    """Theta to start from, and the iterations it took.

    A focal loss is not convex. It starts from the better of the best constant and the solution for
    cross-entropy with its intercept moved to where the focal loss wants it.
    """
    constant = best_constant(objective)
    if start is not None:
        # Coefficients worse than none at all are saturated: curvatures say nothing there.
        theta = objective.to_theta(*start)
        is_usable = objective.evaluate(theta).value <= objective.evaluate(constant).value
        return (theta if is_usable else constant), 0
    if not any(objective.gammas):
        return constant, 0
    plain = objective.cross_entropy()
    control = control._replace(tol=max(control.tol, _FOCAL_START_TOL))
    solution = solve(plain, best_constant(plain), control)
    theta = solution.point.theta.copy()
    if objective.fit_intercept:
        theta[-1] += intercept_shift(
            objective.logits(theta), objective.positive, objective.negative, objective.gammas
        )
    better = objective.evaluate(theta).value < objective.evaluate(constant).value
    return (theta if better else constant), solution.n_iter


def _least_norm(objective, point):
    if objective.strength > 0.0:
        return point.theta
    theta = minimum_norm(objective, point.theta)
    # Nearly dependent features: what was taken for the null space must not cost anything.
    unharmed = objective.evaluate(theta).value <= point.value * (1.0 + 1e-12)
    return theta if unharmed else point.theta


def _warn(estimator, objective, solution):
    name = type(estimator).__name__
    if objective.is_separated(solution.point):
        warnings.warn(
            f"{name}: the classes are separated by a hyperplane (complete separation), so without "
            "a penalty the fit does not converge to finite coefficients. Those returned separate "
            "the classes; their size means nothing. Use a finite C.",
            SeparationWarning,
            stacklevel=4,
        )
    elif solution.optimality > max(estimator.tol, ROUNDING):
        advice = (
            "Increase max_iter"
            if solution.n_iter >= estimator.max_iter
            else "Rounding ended its progress: increase tol"
        )
        warnings.warn(
            f"{name} did not converge: after {solution.n_iter} iterations the objective is above "
            f"its minimum by about {solution.optimality:.1e} of its value, more than tol="
            f"{estimator.tol:g}. {advice}.",
            ConvergenceWarning,
            stacklevel=4,
        )
    elif objective.strength == 0.0 and is_quasi_separated(objective, solution):
        warnings.warn(
            f"{name}: some rows are separated from the rest (quasi-complete separation), so "
            "without a penalty some coefficients do not converge: the objective has reached its "
            "infimum to tol, but they would grow for ever. Use a finite C.",
            SeparationWarning,
            stacklevel=4,
        )


def _reporter(estimator):
    if not estimator.verbose:
        return silent

    def report(iteration, value, optimality):
        print(
            f"{type(estimator).__name__}: iteration {iteration:4d}  objective {value:.12g}  "
            f"sub-optimality {optimality:.1e}"
        )

    return report


def _seed(random_state):
    """A fixed seed by default: the rows drawn change the road to the optimum, not the optimum."""
    if random_state is None:
        return 0
    return int(check_random_state(random_state).randint(2**31 - 1))
