"""Regularisation paths: fits of one loss for many C, on all rows and on folds of them."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from ._binary import BCEClassifier
from ._inputs import check_X
from ._parameters import PATH_RULES, check_parameters, check_values_of_C, values_of_C
from ._targets import binary_targets

_FURTHEST = 2.0  # steps of log C, in units of the last one, that a path is followed ahead


class RegularizationPath(NamedTuple):
    """What `bce_path` returns; an entry, or a row, for each C."""

    Cs: np.ndarray
    coefs: np.ndarray
    intercepts: np.ndarray
    n_iters: np.ndarray
    optimalities: np.ndarray


def bce_path(
    X,
    y,
    *,
    Cs=10,
    l1_ratio=0.0,
    gamma=0.0,
    label_smoothing=0.0,
    class_weight=None,
    pos_weight=None,
    fit_intercept=True,
    solver="auto",
    tol=1e-8,
    max_iter=1000,
    random_state=None,
    verbose=0,
    sample_weight=None,
):
    """Fit `BCEClassifier` for many C, each from the solution of the last.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Features.
    y : array-like of shape (n_samples,)
        Two hard labels of any type, or the probabilities of "yes", floats in [0, 1].
    Cs : int or array-like of shape (n_Cs,), default=10
        Values of C, in (0, inf]; an int is their number, evenly spaced on a log scale from 1e-4 to
        1e4.
    l1_ratio, gamma, label_smoothing, class_weight, pos_weight, fit_intercept, solver, tol, \
max_iter, random_state, verbose
        As in `BCEClassifier`; "sgd" is no solver of paths.
    sample_weight : float or array-like of shape (n_samples,), default=None
        Weights of the rows, >= 0. None is 1 for all.

    Returns
    -------
    Cs : ndarray of shape (n_Cs,)
        The values of C, in the order given.
    coefs : ndarray of shape (n_Cs, n_features)
        Coefficients at each C.
    intercepts : ndarray of shape (n_Cs,)
        Intercepts.
    n_iters : ndarray of int of shape (n_Cs,)
        Iterations.
    optimalities : ndarray of shape (n_Cs,)
        The relative sub-optimality that each fit reached.
        These five are the fields of a named tuple.

    Raises
    ------
    ValueError
        If a parameter or the data are not as described.

    Warns
    -----
    ConvergenceWarning
        If a fit ends above ``tol``.
    SeparationWarning
        If C is infinite and no finite coefficients are the best.

    See Also
    --------
    BCEClassifierCV : Chooses C, and the loss, by cross-validation.
    sklearn.linear_model.enet_path : The path of least squares.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_bce import bce_path
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> path = bce_path(X, y, Cs=[0.01, 1.0, 100.0])
    >>> path.coefs.shape
    (3, 30)
    """
    estimator = BCEClassifier(
        l1_ratio=l1_ratio,
        gamma=gamma,
        label_smoothing=label_smoothing,
        class_weight=class_weight,
        pos_weight=pos_weight,
        fit_intercept=fit_intercept,
        solver=solver,
        tol=tol,
        max_iter=max_iter,
        random_state=random_state,
        verbose=verbose,
    )
    check_parameters(estimator, PATH_RULES, "bce_path")
    check_values_of_C(Cs, "bce_path")
    X, y = check_X(estimator, X, y, reset=True)
    targets = binary_targets(y, sample_weight, estimator)
    Cs = values_of_C(Cs)
    fits = [first for first, *_ in fit_path(estimator, X, targets, [], Cs, l1_ratio, gamma)]
    return RegularizationPath(
        Cs,
        np.array([fit.coef for fit in fits]),
        np.array([fit.intercept for fit in fits]),
        np.array([fit.solution.n_iter for fit in fits]),
        np.array([fit.solution.optimality for fit in fits]),
    )


def fit_path(estimator, X, targets, folds, Cs, l1_ratio, gamma, task=None):
    """Fit one loss for every C, on all rows and on folds.

    Parameters
    ----------
    estimator : BCEClassifierCV or BCEClassifier
        What does not change along the path is read from its parameters; nothing is set.
    X : ndarray or CSR array of shape (n_rows, n_columns)
    targets : Targets
        Of all rows.
    folds : list of Fold
    Cs : ndarray of shape (n_Cs,)
    l1_ratio, gamma
        As in `BCEClassifier`.
    task : FitTask, optional
        Told of every C that is done.

    Returns
    -------
    list of lists of Fitted
        For each C the fit to all rows, then those to the folds. Their points are left out. Where
        the task was told to stop, the list is empty.
    """
    # This brings Numba, which a mere import should not wait for.
    from . import _neighbours
    from ._fit import Problem

    counts = np.array([fold.counts for fold in folds]).reshape(len(folds), X.shape[0])
    problems = [Problem(lambda: targets, gamma=gamma, l1_ratio=l1_ratio)]
    for k, fold in enumerate(folds):
        problems.append(problems[0]._replace(targets=fold.targets, label=f", fold {k}"))
    order = np.argsort(Cs, kind="stable")
    rising, fitted = Cs[order].tolist(), []
    if estimator.solver == "auto" and l1_ratio == 0.0:
        groups = _neighbours.Groups(counts)
        # Without a penalty a start may show in the outcome, and that of all rows must not.
        finite = [C for C in rising if np.isfinite(C)]
        if finite and _neighbours.can_serve(X, len(groups)):
            fitted = _neighbours.fit_beside(estimator, X, problems, finite, groups, task)
            problems = _from(problems, fitted[-1])
    weight = targets.positive + targets.negative
    fitted += _one_after_another(estimator, X, problems, rising[len(fitted) :], weight, task)
    fitted += [[]] * (len(rising) - len(fitted))
    return [fitted[i] for i in np.argsort(order)]


def _one_after_another(estimator, X, problems, Cs, row_weight, task):
    """The fits for each C side by side, each from its own solution for the last."""
    from ._fit import fit_problems
    from ._objective import MAX_FACTOR_SIZE, few_rows

    fitted = []
    is_wide = X.shape[1] >= MAX_FACTOR_SIZE and problems[0].l1_ratio == 0.0
    is_wide = is_wide and not few_rows(*X.shape, sp.issparse(X))
    # From so near a start conjugate gradients need fewer readings than L-BFGS, shared or not.
    solver = "newton-cg" if estimator.solver == "auto" and is_wide else estimator.solver
    with np.errstate(invalid="ignore"):  # infinite C may be repeated
        steps = np.diff(np.log(Cs))
    for i, C in enumerate(Cs):
        if task is not None and task.told_to_stop:
            break
        now = [each._replace(C=C, label=f"{each.label}, C={C:g}") for each in problems]
        fits = [fit for _, fit in fit_problems(estimator, X, now, row_weight, solver=solver)]
        problems = _from(problems, fits)
        if is_wide and 0 < i < len(steps) and 0.0 < steps[i] <= _FURTHEST * steps[i - 1]:
            problems = _ahead(problems, fitted[-1], steps[i] / steps[i - 1])
        fitted.append([fit._replace(solution=fit.solution._replace(point=None)) for fit in fits])
        if task is not None:
            task.step(f"C={C:g}")
    return fitted


def _from(problems, fits):
    """The problems, to start from what is fitted."""
    return [
        problem._replace(start=(fit.coef, fit.intercept))
        for problem, fit in zip(problems, fits, strict=True)
    ]


def _ahead(problems, before, share):
    """The problems, to start where their paths lead, by a share of their last steps in log C."""
    ahead = []
    for problem, fit in zip(problems, before, strict=True):
        coef, intercept = problem.start
        start = coef + share * (coef - fit.coef), intercept + share * (intercept - fit.intercept)
        ahead.append(problem._replace(start=start))
    return ahead


def fit_last(estimator, X, targets, C, l1_ratio, gamma, near):
    """Fit one point of a grid to all rows once more, from a Fitted that is nearly there.

    Where it is affordable that is one step with the whole Hessian, so that the outcome does not
    depend on the way there.
    """
    from ._fit import Problem, fit_problems
    from ._objective import MAX_FACTOR_SIZE

    problem = Problem(
        lambda: targets, (near.coef, near.intercept), C=C, gamma=gamma, l1_ratio=l1_ratio
    )
    is_small = X.shape[1] < MAX_FACTOR_SIZE and l1_ratio == 0.0
    solver = "newton-cholesky" if estimator.solver == "auto" and is_small else estimator.solver
    ((_, fitted),) = fit_problems(estimator, X, [problem], solver=solver)
    return fitted
