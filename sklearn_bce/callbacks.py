"""Callbacks of our own, for the `set_callbacks` of scikit-learn 1.9 and newer."""

import copy
import os
import pickle
import warnings
from pathlib import Path
from tempfile import mkstemp

from ._parameters import is_int

__all__ = ["Checkpoint"]

# What scikit-learn keeps on an estimator while it is fitted, and the callbacks themselves.
_OF_THE_RUN = (
    "_skl_callbacks",
    "_skl_callbacks_to_teardown",
    "_callback_fit_ctx",
    "_parent_callback_ctx",
)
# What `pickle.dumps` raises, by what it meets.
_NO_PICKLE = (pickle.PicklingError, TypeError, AttributeError)


class Checkpoint:
    """Callback that saves a fit while it runs, to go on from there if it is killed.

    What it writes is the estimator with the coefficients reached so far, pickled: read it by
    ``pickle.load`` or ``joblib.load``, from places you trust. It predicts, and ``warm_start=True``
    goes on from it. When the fit has ended the file holds the fitted estimator.

    The file is replaced in one go: whatever happens, it is the last checkpoint or the one before.
    If it cannot be written in the course of a fit, the fit warns and goes on.

    Parameters
    ----------
    path : str or path-like
        The file. Its folder must exist. Fits that run side by side need one each.
    every : int, default=1
        Iterations from one checkpoint to the next. Of `OneVsRestBCEClassifier` the iterations of
        all its problems count.

    Raises
    ------
    ValueError
        If ``every`` is no int in the range [1, inf); from `fit`, before it begins, if the estimator
        cannot be pickled, as with a lambda or a generator for a parameter.
    OSError
        From `fit`, before it begins, if the folder does not exist or cannot be written to.

    Notes
    -----
    It needs the ``set_callbacks`` of scikit-learn 1.9, and is set on the classifier itself, not on
    a pipeline or a search around it.

    Examples
    --------
    >>> import pickle, tempfile
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_bce import BCEClassifier
    >>> from sklearn_bce.callbacks import Checkpoint
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "fit.pickle"
    ...     clf = BCEClassifier().set_callbacks(Checkpoint(path)).fit(X, y)
    ...     saved = pickle.loads(path.read_bytes())
    >>> bool((saved.coef_ == clf.coef_).all())
    True
    >>> saved.set_params(warm_start=True).fit(X, y).n_iter_  # there is nothing left to do
    array([1])
    """

    def __init__(self, path, *, every=1):
        if not (is_int(every) and every >= 1):
            raise ValueError(
                f"The 'every' parameter of Checkpoint must be an int in the range [1, inf). Got "
                f"{every!r} instead."
            )
        self.path = Path(path)
        self.every = every
        self.n_seen = 0

    def setup(self, estimator, context):
        """Begin a fit: see that there is a place for the file, and what to write to it."""
        folder = self.path.absolute().parent
        if not folder.is_dir():
            raise FileNotFoundError(f"The folder of Checkpoint's path does not exist: {folder}")
        if not os.access(folder, os.W_OK):
            raise PermissionError(f"The folder of Checkpoint's path is not writable: {folder}")
        try:
            pickle.dumps(_without_its_run(estimator))
        except _NO_PICKLE as error:
            kind = type(estimator).__name__
            raise ValueError(f"Checkpoint cannot pickle {kind}: {error}") from None
        self.n_seen = 0

    def teardown(self, estimator, context):
        """End a fit."""

    def on_fit_task_begin(self, estimator, context):
        """Do nothing before an iteration."""

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        """Save the model after an iteration whose turn it is, and after the whole fit."""
        if fitted_estimator is None:
            return
        if context.task_name == "iteration":
            self.n_seen += 1
            if self.n_seen % self.every:
                return
        try:
            _replace(self.path, pickle.dumps(_without_its_run(fitted_estimator)))
        except (OSError, *_NO_PICKLE) as error:
            warnings.warn(f"Checkpoint could not write {self.path}: {error}", stacklevel=2)


def _without_its_run(estimator):
    estimator = copy.copy(estimator)
    for name in _OF_THE_RUN:
        vars(estimator).pop(name, None)
    return estimator


def _replace(path, content):
    """Replace a file by another one that is on the disk before it takes the old one's place."""
    handle, other = mkstemp(dir=path.absolute().parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(other, path)
    except BaseException:
        Path(other).unlink(missing_ok=True)
        raise
