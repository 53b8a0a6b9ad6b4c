"""The bridge to scikit-learn's callbacks: a fit is a task, its iterations are tasks within it.

scikit-learn has them from version 1.9 on. Before, there is nothing to tell, and `set_callbacks`
says so.
"""

from contextlib import contextmanager
from functools import wraps

import numpy as np
import sklearn

from ._progress import saved_progress
from ._unchanged import unchanged_on_error

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:

    class CallbackSupportMixin:
        """Stands in for scikit-learn's where it has none."""

        def set_callbacks(self, *callbacks):
            """Refuse callbacks: they need scikit-learn 1.9 or newer."""
            raise NotImplementedError(
                f"Callbacks need scikit-learn 1.9 or newer; this is {sklearn.__version__}."
            )

    def with_callbacks(method):
        """Return the method, which has nothing to tear down, as deep in the stack as elsewhere."""

        @wraps(method)
        def same(estimator, *args, **kwargs):
            return method(estimator, *args, **kwargs)

        return same


@contextmanager
def task_of_fit(estimator, X=None, y=None, sample_weight=None, *, has_labels=False, n_steps=None):
    """Tell the callbacks of a fit when it begins, and if there is no error when it ends.

    After an error, also one of a callback at the very end, the estimator is as it was.

    Parameters
    ----------
    estimator : BCEClassifier
    X, y, sample_weight
        What the user gave, for callbacks that want it; by default nothing.
    has_labels : bool
        Whether the fit consists of problems, which consist of iterations.
    n_steps : int, optional
        Of how many steps it consists (`FitTask.step`), if that is known.

    Yields
    ------
    FitTask or None
        None if there are no callbacks.
    """
    has_callbacks = hasattr(estimator, "_skl_callbacks")
    if has_callbacks or hasattr(estimator, "_parent_callback_ctx"):  # in a pipeline or a search
        # How many iterations there will be is not known: None.
        context = estimator._init_callback_context(
            max_subtasks=n_steps, sequential_subtasks=not has_labels
        )
    with unchanged_on_error(estimator):
        if not has_callbacks:
            yield None
            return
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        data = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        context.call_on_fit_task_begin(**data)
        task = FitTask(context, data, has_labels)
        yield task
        context.call_on_fit_task_end(**data, reconstruction_attributes=task.progress)


class FitTask:
    """A fit that callbacks look at: what it has come to so far, and whether they have had enough.

    Iterations are told of when they are done, for only then is it known that there is one more. The
    model they are shown has all labels, each with its latest coefficients.
    """

    def __init__(self, context, data, has_labels):
        self.context = context
        self.data = data
        self.has_labels = has_labels
        self.n_problems = 0
        self.told_to_stop = False
        self.model = {}
        self.saved = {}  # how far each problem has come

    def begin(self, starts):
        """Say which coefficients and intercept each label starts from."""
        n_labels = len(starts)
        self.model = {
            "coef_": np.array([coef for coef, _ in starts], dtype=np.float64),
            "intercept_": np.array([intercept for _, intercept in starts], dtype=np.float64),
            "n_iter_": np.zeros(n_labels, dtype=int),
            # Nobody has measured it, and what an earlier fit reached would be a lie.
            "optimality_": np.full(n_labels, np.nan) if n_labels > 1 else np.nan,
            "loss_curve_": [[] for _ in starts] if n_labels > 1 else [],
            "validation_scores_": None,
        }
        self.saved = saved_progress(self.data["estimator"])

    @property
    def progress(self):
        """What a model that is saved now can go on from, beside its coefficients."""
        return {"_progress": dict(self.saved)} if self.saved else {}

    def problem(self, name, row, objective, judge):
        """Tell of a problem; return its task, which its iterations belong to."""
        context = self.context
        if self.has_labels:
            context = context.subcontext(
                task_name=name or "problem", task_id=self.n_problems, max_subtasks=None
            )
            context.call_on_fit_task_begin(**self.data)
        self.n_problems += 1
        return ProblemTask(self, context, row, objective, judge)

    def step(self, name):
        """Tell that a step of a longer fit is done, which has no model of its own to show."""
        context = self.context.subcontext(task_name=name)
        context.call_on_fit_task_begin(**self.data)
        if context.call_on_fit_task_end(**self.data):
            self.told_to_stop = True

    def tell(self, context):
        """Tell the callbacks that a task is done; return whether they want the fit to end."""
        if context.call_on_fit_task_end(**self.data, reconstruction_attributes=self._copy):
            self.told_to_stop = True
        return self.told_to_stop

    def _copy(self):
        copies = {
            name: value.copy() if isinstance(value, np.ndarray) else value
            for name, value in self.model.items()
        }
        return copies | self.progress


class ProblemTask:
    """One problem of a `FitTask`; a watch of its solver."""

    def __init__(self, fit, context, row, objective, judge):
        self.fit = fit
        self.context = context
        self.row = row
        self.objective = objective
        self.judge = judge

    def begin(self, iteration, theta, progress=None):
        """Return whether the fit is to end before its first iteration."""
        return self.fit.told_to_stop

    def watch(self, iteration, theta, value, optimality, progress=None):
        """Tell of an iteration; return whether the fit is to end."""
        self._put(iteration, theta)
        has_judged = self.judge is not None and self.judge.best is not None
        progress = (progress or {}) | ({"judge": self.judge.save()} if has_judged else {})
        if progress:
            self.fit.saved[self.row] = progress
        task = self.context.subcontext(task_name="iteration")
        task.call_on_fit_task_begin(**self.fit.data)
        return self.fit.tell(task)

    def end(self, iteration, theta):
        """Tell that the problem is solved, if it is not all there is to the fit."""
        self._put(iteration, theta)
        if self.fit.has_labels:
            self.fit.tell(self.context)

    def _put(self, iteration, theta):
        model = self.fit.model
        model["coef_"][self.row], model["intercept_"][self.row] = self.objective.from_theta(theta)
        model["n_iter_"][self.row] = iteration
