"""The one road from (X, targets, parameters) to a solution."""

from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from sklearn.utils import check_random_state

from . import _solvers
from ._blocks import Blocks
from ._blocks_objective import BlocksObjective
from ._descent import rule_of
from ._epochs import Steps
from ._inputs import refuse_infinite
from ._intercept import best_constant, constant_value
from ._matrix import MAX_SAMPLED_VALUES, Matrix
from ._objective import MAX_FACTOR_SIZE, Objective, few_rows
from ._parameters import gamma_pair, has_l1, is_int
from ._progress import saved_progress
from ._solvers._loop import LOOSEST_TOL, Control, Solution
from ._solvers._minimum_norm import minimum_norm
from ._solvers.lbfgs import WORTH_A_SAMPLE
from ._threads import ALONE, team_of_a_fit
from ._together import run_together
from ._verdict import FINEST_STEPS_TOL, warn_of
from ._watch import Watches

_FOCAL_START_TOL = 1e-4
_FOCAL_START_ITERATIONS = 100  # several times what it takes; the others are for the focal loss
_TILE_BYTES = 2**28  # what problems solved at once may take
_LONG = 10_000  # columns
# Of one problem, as test_memory.py measures it: vectors as long as X, Hessians of few columns, and
# vectors of many.
_BYTES_A_ROW, _BYTES_OF_HESSIANS, _BYTES_A_COLUMN = 60, 24, 220


class Fitted(NamedTuple):
    """What an estimator learns."""

    coef: np.ndarray  # (n_columns,)
    intercept: float
    solution: Solution
    solver: str
    validation_scores: list | None = None  # at the start and after every iteration


class Problem(NamedTuple):
    """One binary problem of possibly many over the same X."""

    targets: Callable  # () -> (u, v, ...); called when the problem's turn has come
    start: tuple | None = None  # (coef, intercept); by default without any feature
    label: str = ""  # how warnings name it
    index: int = 0  # the row of coef_ that it is for
    C: float | None = None  # by default the estimator's, as the next one
    gamma: float | tuple | None = None
    l1_ratio: float | None = None
    judges: Callable | None = None  # () -> (u, v) of the rows that judge its iterations


def fit_problems(estimator, X, problems, row_weight=None, split=None, task=None, solver=None):
    """Fit the coefficients of binary problems that share X, and each reading of it.

    Parameters
    ----------
    estimator : BCEClassifier
        Its parameters are read, nothing is set.
    X : ndarray, CSR array or Blocks of shape (n_rows, n_columns)
        Whether all is finite need not have been looked at.
    problems : list of Problem
    row_weight : ndarray of shape (n_rows,), optional
        For the centre and the scale of the columns that all problems share; by default those of
        each problem's own weights.
    split : Split, optional
        Where the rows are that judge the iterations of those problems that have ``judges``.
    task : FitTask, optional
        Through which callbacks are told.
    solver : str, optional
        By default the estimator's.

    Returns
    -------
    list of (Problem, Fitted)

    Raises
    ------
    ValueError
        If X has NaN or infinity.
    """
    if not problems:  # one-vs-rest with nothing but constant labels
        refuse_infinite(estimator, X)
        return []
    names = [_solver(estimator, X, problem, len(problems), solver) for problem in problems]
    control = control_of(estimator)
    if names[0] == "sgd":
        control = control._replace(steps=_steps(estimator, X, control.seed))
    with shared_matrix(X, names[0]) as matrix:
        columns = None
        if row_weight is not None:
            share = row_weight / row_weight.sum()
            columns = matrix.center_and_scale(share, estimator.fit_intercept)
        # Threads share out the solvers' own work where it is on long vectors.
        # Callbacks are called by the thread that called `fit`.
        share_out = matrix.team.map if X.shape[1] >= _LONG and task is None else ALONE.map
        judging = None if split is None else split.judging(matrix)
        fitted = []
        is_here = not isinstance(X, Blocks)
        tile = problems_at_once(*X.shape) if is_here else X.problems_at_once()
        for first in range(0, len(problems), tile):
            some = problems[first : first + tile]
            objectives = [objective_of(estimator, matrix, problem, columns) for problem in some]
            if is_here and not matrix.is_surely_finite:
                refuse_infinite(estimator, X)
            runs = [
                Run(
                    problem,
                    objective,
                    _solvers.settle(name, objective),
                    Watches(estimator, problem, objective, judging, task),
                )
                for problem, objective, name in zip(some, objectives, names[first:], strict=False)
            ]
            answers = run_together([run.solve(control) for run in runs], share_out)
            fitted += [
                (run.problem, fitted_of(estimator, run, *answer))
                for run, answer in zip(runs, answers, strict=True)
            ]
    return fitted


class Run(NamedTuple):
    """A problem on its way to its solution."""

    problem: Problem
    objective: Objective
    solver: str
    watches: Watches

    def solve(self, control):
        """Return the generator that solves it."""
        solve = _solvers.SOLVE[self.solver]
        control = _for_problem(control, self.problem)
        return solve_from(self.objective, solve, control, self.problem.start, self.watches)


def fitted_of(estimator, run, solution, theta):
    """Return what a run has come to, and warn where that is no optimum."""
    warn_of(run.watches.name, estimator, run.objective, solution)
    coef, intercept = run.objective.from_theta(theta)
    return Fitted(coef, intercept, solution, run.solver, run.watches.scores)


@contextmanager
def shared_matrix(X, solver):
    """X as the solver will read it, with the threads of the fit, which end with the block."""
    # Overflows show as values that are not finite, which the line search refuses.
    with team_of_a_fit() as team, np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        yield X.at_work(team, solver) if isinstance(X, Blocks) else Matrix(X, team)


def problems_at_once(n_rows, n_columns):
    """Return how many problems may be solved side by side, for the memory that each takes."""
    each = _BYTES_A_ROW * n_rows
    if n_columns < MAX_FACTOR_SIZE:
        sampled = min(MAX_SAMPLED_VALUES, n_rows * n_columns // WORTH_A_SAMPLE)
        each += _BYTES_OF_HESSIANS * n_columns**2 + 8 * sampled
    else:
        each += _BYTES_A_COLUMN * n_columns
    return max(1, int(_TILE_BYTES / each))


def control_of(estimator):
    """Return what the estimator's parameters ask of a solver."""
    tol = min(estimator.tol, LOOSEST_TOL)
    return Control(tol, estimator.max_iter, seed=seed_of(estimator))


def _penalty(estimator, problem):
    """C and l1_ratio of a problem."""
    C = float(estimator.C if problem.C is None else problem.C)
    return C, estimator.l1_ratio if problem.l1_ratio is None else problem.l1_ratio


def _solver(estimator, X, problem, n_problems, solver):
    C, l1_ratio = _penalty(estimator, problem)
    in_blocks, is_l1 = isinstance(X, Blocks), has_l1(C, l1_ratio)
    by_rows = few_rows(*X.shape, sp.issparse(X), np.isfinite(C), in_blocks)
    solver = solver or estimator.solver
    return _solvers.choose(solver, X.shape[1], n_problems, in_blocks, is_l1, by_rows)


def objective_of(estimator, matrix, problem, columns=None):
    """Return the Objective of a problem, which makes its targets."""
    C, l1_ratio = _penalty(estimator, problem)
    gamma = estimator.gamma if problem.gamma is None else problem.gamma
    positive, negative, *_ = problem.targets()
    in_blocks = isinstance(matrix, Blocks)
    make = partial(BlocksObjective, label=problem.index) if in_blocks else Objective
    return make(
        matrix,
        positive,
        negative,
        penalty=1.0 / C,
        gammas=gamma_pair(gamma),
        fit_intercept=bool(estimator.fit_intercept),
        columns=columns,
        l1_ratio=float(l1_ratio),
    )


def solve_from(objective, solve, control, start, watches):
    """Solution of one problem, and the theta to take from it: a generator, see `_together.py`."""
    theta, n_iter = yield from _start(objective, solve, watches.of_start(control), start)
    solution = yield from solve(objective, theta, watches.of_iterations(control), n_iter)
    n_best, theta = watches.best(solution)
    if solution.is_early or n_best < solution.n_iter:
        # Nobody has measured there yet: the solver does, with no iteration left.
        there = yield from solve(objective, theta, control._replace(max_iter=n_best), n_best)
        solution = there._replace(loss_curve=solution.loss_curve, is_early=True)
    if not watches.keep_best:
        theta = yield from least_norm(objective, solution.point)
    watches.end(solution.n_iter, theta)
    return solution, theta


def _start(objective, solve, control, start):
    """Theta to start from, and the iterations it took.

    A focal loss is not convex. It starts from the better of the best constant and the solution for
    cross-entropy with its intercept moved to where the focal loss wants it. Stochastic steps start
    from the constant: they would take as long for cross-entropy.
    """
    constant = best_constant(objective)
    if start is not None:
        # Coefficients worse than none at all are saturated: curvatures say nothing there.
        theta = objective.to_theta(*start)
        moved = yield objective.evaluate, theta
        flat = constant_value(objective, constant)
        return (theta if moved.value <= flat else constant), 0
    if not any(objective.gammas) or solve is _solvers.SOLVE["sgd"]:
        return constant, 0
    plain = objective.cross_entropy()
    most = min(control.max_iter, _FOCAL_START_ITERATIONS)
    control = control._replace(tol=max(control.tol, _FOCAL_START_TOL), max_iter=most)
    solution = yield from solve(plain, best_constant(plain), control)
    theta = solution.point.theta.copy()
    if objective.fit_intercept:
        theta[-1] += yield objective.best_shift, theta
    moved = yield objective.evaluate, theta
    flat = constant_value(objective, constant)
    return (theta if moved.value < flat else constant), solution.n_iter


def least_norm(objective, point):
    """Theta to take from a point: without a penalty, the smallest of equally good ones."""
    if objective.strength > 0.0:
        return point.theta
    theta = minimum_norm(objective, point.theta)
    # Nearly dependent features: what was taken for the null space must not cost anything.
    least = yield objective.evaluate, theta
    return theta if least.value <= point.value * (1.0 + 1e-12) else point.theta


def _for_problem(control, problem):
    if control.steps is None:
        return control
    return control._replace(steps=control.steps._replace(index=problem.index))


def _steps(estimator, X, seed):
    order = seed if estimator.shuffle else None
    tol = max(estimator.tol, FINEST_STEPS_TOL)
    patience, saved = estimator.n_iter_no_change, saved_progress(estimator)
    rule = rule_of(estimator, is_sparse=sp.issparse(X))
    return Steps(rule, order, tol, patience, saved)


def seed_of(estimator):
    """A fixed seed by default: the rows drawn change the road to the optimum, not the optimum."""
    if estimator.random_state is None:
        return 0
    if is_int(estimator.random_state):  # a generator takes longer to make than some rows to learn
        return int(estimator.random_state)
    return int(check_random_state(estimator.random_state).randint(2**31 - 1))
