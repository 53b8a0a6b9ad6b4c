"""What watches the iterations of one problem: rows that judge them, lines printed, callbacks."""

import numpy as np

from ._kernels.pointwise import loss_of_rows
from ._progress import SAME, saved_progress
from ._solvers._loop import all_of


class Watches:
    """All that looks at the iterations of one problem.

    Parameters
    ----------
    estimator : BCEClassifier
    problem : Problem
    objective : Objective
    judging : Matrix or None
        The rows that judge.
    task : FitTask or None
        Through which callbacks are told.
    """

    def __init__(self, estimator, problem, objective, judging, task):
        self.name = type(estimator).__name__ + problem.label
        self.judge = self.task = self.printer = None
        if problem.judges is not None:
            patience = estimator.n_iter_no_change if estimator.early_stopping else None
            saved = saved_progress(estimator).get(problem.index, {}).get("judge")
            told = patience, estimator.tol, saved
            self.judge = Judge(objective, judging, *problem.judges(), *told)
        if estimator.verbose:
            self.printer = _Printer(self.name, self.judge)
        if task is not None:
            name = problem.label.removeprefix(", ")
            self.task = task.problem(name, problem.index, objective, self.judge)

    @property
    def keep_best(self):
        """Whether the best iteration counts, not the last one."""
        return self.judge is not None and self.judge.patience is not None

    @property
    def scores(self):
        """The validation scores, at the start and after every iteration, or None."""
        return None if self.judge is None else [-loss for loss in self.judge.losses]

    def of_start(self, control):
        """Return the control of a starting phase, which is not judged: it has another loss."""
        return _joined(control, self.printer, self.task)

    def of_iterations(self, control):
        """Return the control of the iterations; what is printed is already judged."""
        return _joined(control, self.judge, self.printer, self.task)

    def best(self, solution):
        """Return the number of the iteration that counts, and its theta."""
        return self.judge.best if self.keep_best else (solution.n_iter, solution.point.theta)

    def end(self, n_iter, theta):
        """Tell that the problem is solved."""
        if self.task is not None:
            self.task.end(n_iter, theta)


def _joined(control, *watches):
    watches = [watch for watch in watches if watch is not None]
    if not watches:
        return control
    return control._replace(
        begin=all_of(*[watch.begin for watch in watches]),
        watch=all_of(*[watch.watch for watch in watches]),
    )


class _Printer:
    """Prints a line an iteration."""

    def __init__(self, name, judge):
        self.name = name
        self.judge = judge

    def begin(self, iteration, theta, progress=None):
        """The start is no iteration."""

    def watch(self, iteration, theta, value, optimality, progress=None):
        has_judged = self.judge is not None and self.judge.losses
        validation = f"  validation loss {self.judge.losses[-1]:.12g}" if has_judged else ""
        print(
            f"{self.name}: iteration {iteration:4d}  objective {value:.12g}  "
            f"sub-optimality {optimality:.1e}{validation}"
        )


class Judge:
    """What the rows that judge say of each iteration of one problem; a watch of its solver.

    The loss is the one that the fit minimises, as a mean over these rows and without the penalty.

    Parameters
    ----------
    objective : Objective
    matrix : Matrix
        The rows that judge.
    positive, negative : ndarray of shape (n_rows,)
        Their weights u and v.
    patience : int or None
        Iterations without improvement after which the fit is to end; None does not end it, and
        keeps the last coefficients whatever they are worth.
    tol : float
        Relative; a smaller improvement counts as none.
    saved : dict, optional
        What the judge of a fit that was broken off has left.
    """

    def __init__(self, objective, matrix, positive, negative, patience, tol, saved=None):
        total = positive.sum() + negative.sum()
        self.objective = objective
        self.matrix = matrix
        self.positive, self.negative = positive / total, negative / total
        self.patience = patience
        self.tol = tol
        self.saved = saved
        self.problem = [objective.n_rows, objective.strength, *objective.gammas]
        self.losses = []
        self.best = None  # (iteration, theta)
        self.least = np.inf
        self.n_worse = 0

    def begin(self, iteration, theta, progress=None):
        """Judge the point that the iterations start from, or go on; return whether to end.

        A solver that goes on to the same bits tells its ``progress``, and the iterations before
        count. One that starts again from where it was counts its iterations anew: only the best
        point so far, and the patience that is left, go on.
        """
        if progress and self._agrees(progress.get("judge")):
            self._go_on(progress["judge"])
            self.losses = list(progress["judge"]["losses"])
            return self._has_had_enough()
        if progress is None and self._agrees(self.saved):
            self._go_on(self.saved)
            self.best = (iteration, self.best[1])
            self.losses = [self._loss(theta)]
            return self._has_had_enough()
        self._judge(iteration, theta)
        self.n_worse = 0
        return False

    def watch(self, iteration, theta, value, optimality, progress=None):
        """Judge an iteration; return whether the fit is to end."""
        self._judge(iteration, theta)
        return self._has_had_enough()

    def save(self):
        """Return what `begin` may go on from."""
        return {
            "problem": self.problem,
            "losses": list(self.losses),
            "best": self.best,
            "least": self.least,
            "n_worse": self.n_worse,
        }

    def _agrees(self, saved):
        """Whether the same rows have judged the same problem before."""
        if saved is None or saved["problem"] != self.problem:
            return False
        return np.isclose(self._loss(saved["best"][1]), saved["least"], rtol=SAME, atol=0.0)

    def _go_on(self, saved):
        self.best, self.least, self.n_worse = saved["best"], saved["least"], saved["n_worse"]

    def _has_had_enough(self):
        return self.patience is not None and self.n_worse >= self.patience

    def _judge(self, iteration, theta):
        loss = self._loss(theta)
        self.losses.append(loss)
        self.n_worse = 0 if loss < self.least * (1.0 - self.tol) else self.n_worse + 1
        if self.best is None or loss <= self.least:  # of equals, the later one
            self.best, self.least = (iteration, theta.copy()), loss

    def _loss(self, theta):
        z = self.matrix.scores(*self.objective.from_theta(theta))
        slope, weight = np.empty((2, z.size))
        u, v = self.positive, self.negative
        return loss_of_rows(z, u, v, *self.objective.gammas, slope, weight)[0]
