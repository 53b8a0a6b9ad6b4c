"""Fits of one loss for many C, on all rows and on folds of them: each beside a solved one.

All rows come first, from the smallest C to the largest. The folds of a C then start at the
solution for all rows, with their own Hessian there as the metric. To have it costs no more than the
Hessian of all rows: rows are grouped by the folds that train on them, and the groups' Gram matrices
add up to every fold's.
"""

import numpy as np

from . import _fit
from ._gram import gram_matrix
from ._objective import MAX_FACTOR_SIZE
from ._solvers import _from_neighbour
from ._solvers._from_neighbour import Near
from ._threads import ALONE
from ._together import run_together
from ._watch import Watches

_NEAR = 2.5  # as far as curvatures may have moved before new Gram matrices are made
_MAX_GRAM_BYTES = 2**28  # of all groups of rows
_SOLVER = "lbfgs"


class Groups:
    """Rows grouped by how often each fold trains on them.

    Parameters
    ----------
    counts : ndarray of int of shape (n_folds, n_rows)
        How often each fold trains on each row.
    """

    def __init__(self, counts):
        code = np.zeros(counts.shape[1], dtype=np.int16)  # numbers that sort fast
        for count in counts:
            base = int(count.max()) + 1
            if (int(code.max()) + 1) * base >= 2**15:
                code = np.unique(code, return_inverse=True)[1]
            code = (code * base + count).astype(np.int16 if code.dtype == np.int16 else np.int64)
        _, first, code = np.unique(code, return_index=True, return_inverse=True)
        order = np.argsort(code, kind="stable")
        self.of_row = code
        self.rows = np.split(order, np.cumsum(np.bincount(code))[:-1])
        self.counts = counts[:, first].astype(np.float64)  # (n_folds, n_groups)

    def __len__(self):
        return len(self.rows)


def can_serve(X, n_groups):
    """Whether one Gram matrix for each group of rows is affordable."""
    size = X.shape[1] + 1
    return size <= MAX_FACTOR_SIZE and n_groups * size**2 * 8 <= _MAX_GRAM_BYTES


def fit_beside(estimator, X, problems, Cs, groups, task=None):
    """Fit one loss for every C, on all rows and on folds.

    Parameters
    ----------
    estimator : BCEClassifierCV
        Its parameters are read, nothing is set.
    X : ndarray or CSR array of shape (n_rows, n_columns)
    problems : list of Problem
        That of all rows, and those of the folds.
    Cs : list of float
        In rising order.
    groups : Groups
    task : FitTask, optional
        Told of every C that is done.

    Returns
    -------
    list of lists of Fitted
        For each C the fit to all rows, then those to the folds. Their points are left out. If the
        task is told to stop there are no more of them.
    """
    with _fit.shared_matrix(X, _SOLVER) as matrix:
        return _Walk(estimator, matrix, problems, groups).along(Cs, task)


class _Walk:
    """Along the path: all rows first at each C, and the folds beside them."""

    def __init__(self, estimator, matrix, problems, groups):
        self.estimator = estimator
        self.control = _fit.control_of(estimator)
        self.problems = problems
        self.objectives = []
        columns = None  # those of all rows serve the folds too
        for problem in problems:
            objective = _fit.objective_of(estimator, matrix, problem._replace(C=1.0), columns)
            self.objectives.append(objective)
            columns = objective.columns
        self.groups = groups
        # How much more a group weighs in the mean of a fold than in that of all rows.
        weight = self.objectives[0].positive + self.objectives[0].negative
        shares = [weight[rows].sum() for rows in groups.rows]
        counts = np.vstack([np.ones(len(groups)), groups.counts])
        self.factors = counts / (counts @ shares)[:, np.newaxis]

        self.thetas = np.zeros((len(problems), self.objectives[0].size))
        self.before = self.last = None  # thetas for the last two C
        self.shared = None  # Near for each problem, from all rows
        self.own = [None] * len(problems)  # Near of the problem's own, if it has made one

    def along(self, Cs, task):
        """Return the fits for every C, in rising order; see `fit_beside`."""
        at_once = _fit.problems_at_once(*self.objectives[0].matrix.shape)
        numbers = range(1, len(self.problems))
        tiles = [numbers[first : first + at_once] for first in range(0, len(numbers), at_once)]
        fitted = []
        for C in Cs:
            if self.last is None:
                fits = self._begin(C)
            else:
                fits = self._fit([0], C, [[self._ahead(0), self.last[0]]])
            whole = self.thetas[0].copy()
            for some in tiles:
                fits += self._fit(some, C, [self._starts(k, whole) for k in some])
            fitted.append(fits)
            self.before, self.last = self.last, self.thetas.copy()
            if task is not None:
                task.step(f"C={C:g}")
                if task.told_to_stop:
                    break
        return fitted

    def _starts(self, k, whole):
        """Thetas to start a fold from, beside the solution of all rows for the same C."""
        if self.last is None:
            return [whole]
        # As far off the solution of all rows as it was; or else on, as its own path went.
        return [whole + (self.last[k] - self.last[0]), self._ahead(k), whole]

    def _ahead(self, k):
        return self.last[k] if self.before is None else 2.0 * self.last[k] - self.before[k]

    def _begin(self, C):
        """Fit all rows for the first C."""
        run = self._run(0, C, self._objective(0, C))
        ((solution, theta),) = run_together([run.solve(self.control)], ALONE.map)
        self.thetas[0] = solution.point.theta
        self._share(run.objective, solution.point)
        return [self._fitted(run, solution, theta)]

    def _fit(self, numbers, C, starts):
        """Fit some of the problems, side by side."""
        rules, runs, solvers = [], [], []
        for k, start in zip(numbers, starts, strict=True):
            candidates = [near for near in (self.shared[k], self.own[k]) if near is not None]
            rule = _from_neighbour.NeighbourRule(
                self._objective(k, C), self.control.tol, candidates
            )
            rules.append(rule)
            runs.append(self._run(k, C, rule.objective))
            solvers.append(self._solve(rule, start, runs[-1].watches))
        fits = []
        answers = run_together(solvers, ALONE.map)
        for k, rule, run, (solution, theta) in zip(numbers, rules, runs, answers, strict=True):
            self.thetas[k] = solution.point.theta
            if rule.near is not self.shared[k]:
                self.own[k] = rule.near
            if k == 0 and self.shared[0].distance(solution.point.curvature) > _NEAR:
                self._share(rule.objective, solution.point)
            fits.append(self._fitted(run, solution, theta))
        return fits

    def _solve(self, rule, starts, watches):
        control = watches.of_iterations(self.control)
        solution = yield from _from_neighbour.solve(rule, starts, control)
        theta = yield from _fit.least_norm(rule.objective, solution.point)
        return solution, theta

    def _share(self, objective, point):
        """Make the Hessian of every problem from the row curvatures of a fit to all rows."""
        matrix, curvature = objective.matrix, point.curvature
        grams = [
            gram_matrix(matrix.sample(rows), curvature[rows], objective.center, objective.scale)
            for rows in self.groups.rows
        ]
        self.shared = []
        for factors in self.factors:
            gram = sum(f * gram for f, gram in zip(factors, grams, strict=True) if f > 0.0)
            self.shared.append(Near(curvature * factors[self.groups.of_row], gram))

    def _objective(self, k, C):
        return self.objectives[k].with_penalty(1.0 / C)

    def _run(self, k, C, objective):
        problem = self.problems[k]._replace(label=f"{self.problems[k].label}, C={C:g}")
        watches = Watches(self.estimator, problem, objective, None, None)
        return _fit.Run(problem, objective, _SOLVER, watches)

    def _fitted(self, run, solution, theta):
        fitted = _fit.fitted_of(self.estimator, run, solution, theta)
        return fitted._replace(solution=solution._replace(point=None))
