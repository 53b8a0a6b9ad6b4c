"""Rows that are not fitted but judge the fit: which they are, and what their labels are.

The part of X that early stopping holds out is not taken out of it: its rows have weight zero in the
fit, as rows of another fold have. Only they are copied, for they are read again and again.
"""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets

from ._inputs import check_X
from ._label_columns import LabelColumns, ProblemTargets
from ._targets import check_sample_weight, encode_known, is_soft, mass_of, may_be_soft, weigh


class Split(NamedTuple):
    """Which rows are fitted, and which judge the fit."""

    sample_weight: object  # of the fit: as the user gave it, with 0 for rows that are held out
    y: object = None  # labels of the rows that judge, or None where nothing does
    weight: object = None  # and their weights
    rows: np.ndarray | None = None  # where they stand in X, ...
    X: object = None  # ... or the user's own

    @property
    def judges(self):
        """Whether there are rows to judge the fit."""
        return self.y is not None

    def judging(self, matrix):
        """Return the rows that judge, of the kind that ``matrix`` is for X; None without."""
        if not self.judges:
            return None
        X = matrix.source[self.rows] if self.X is None else self.X
        return type(matrix)(X, matrix.team)


NOTHING_HELD_OUT = Split(None)


def hold_out(estimator, X, y, sample_weight, X_val=None, y_val=None, sample_weight_val=None):
    """Return the `Split` that ``early_stopping`` and the arguments of `fit` ask for.

    Parameters
    ----------
    estimator : BCEClassifier
        Its parameters are read.
    X, y : ndarray or CSR array
        Checked rows and their labels.
    sample_weight : float or array-like or None
        Their weights, not checked yet.
    X_val, y_val, sample_weight_val
        The user's own validation set, not checked yet.

    Raises
    ------
    ValueError
        If the validation set is not complete or does not fit X, or there is no row for one.
    """
    if X_val is None and y_val is None:
        if sample_weight_val is not None:
            raise ValueError("sample_weight_val was given, but X_val and y_val were not.")
        if not estimator.early_stopping:
            return Split(sample_weight)
        return _held_out_rows(estimator, y, sample_weight)
    if y_val is None:
        raise ValueError("X_val was given, but y_val was not: its labels are needed.")
    if X_val is None:
        raise ValueError("y_val was given, but X_val was not: its features are needed.")
    try:
        X_val, y_val = check_X(estimator, X_val, y_val, reset=False, multi_output=y.ndim == 2)
    except ValueError as error:
        raise ValueError(f"X_val and y_val are not like X and y: {error}") from error
    return Split(sample_weight, y_val, sample_weight_val, X=X_val)


def _held_out_rows(estimator, y, sample_weight):
    if y.ndim == 1 and not is_soft(y):
        check_classification_targets(y)
    n_problems = None
    if np.asarray(sample_weight).ndim == 2:  # one column for each label
        n_problems = y.shape[1] if y.ndim == 2 else np.unique(y).size
    weight = check_sample_weight(sample_weight, y.shape[0], n_problems)
    counted = weight if weight.ndim == 1 else weight.sum(axis=1)
    # As for the rows that lbfgs draws, None is a fixed seed.
    random = check_random_state(0 if estimator.random_state is None else estimator.random_state)
    rows = draw_validation_rows(y, np.flatnonzero(counted), estimator.validation_fraction, random)
    if rows.size == 0:
        raise ValueError(
            f"early_stopping=True needs rows for validation, but no class has more than one row "
            f"(n_samples = {y.shape[0]}). Pass X_val and y_val, or use early_stopping=False."
        )
    fitted = weight.copy()
    fitted[rows] = 0.0
    return Split(fitted, y[rows], weight[rows], rows=rows)


def draw_validation_rows(y, rows, fraction, random):
    """Draw a share of the rows with labels distributed as those of all.

    Each class gives its share, one row at least, and keeps one at least; of a single row it gives
    none. With soft labels the two sides of 1/2 are the classes, and the rows of each are brought
    into the order of their labels and cut into stretches of the same length, of which each gives
    one row. With labels in several columns the class of a row is the rarest label that it has.

    Parameters
    ----------
    y : ndarray or CSR array of shape (n_rows,) or (n_rows, n_labels)
    rows : ndarray of int
        Those to draw from.
    fraction : float
    random : RandomState

    Returns
    -------
    ndarray of int
        In order.
    """
    rows = random.permutation(rows)
    if y.ndim == 2:
        values = classes = _rarest_label(y, y[rows].mean(axis=0))
    elif is_soft(y):
        values, classes = y, y >= 0.5
    else:
        values = classes = _codes(y)
    rows = rows[np.argsort(values[rows], kind="stable")]
    strata = np.split(rows, np.flatnonzero(np.diff(classes[rows])) + 1)
    return np.sort(np.concatenate([_draw_evenly(some, fraction, random) for some in strata]))


def _codes(y):
    """Numbers for the classes of hard labels; of a kind that is sorted fast, if they are two."""
    is_last = y == y.max() if y.dtype.kind in "biuf" else None
    if is_last is not None and (is_last | (y == y.min())).all():
        return is_last
    return np.unique(y, return_inverse=True)[1]


def _rarest_label(y, mean):
    """The column in which each row has the most, in units of the column's mean; -1 for none."""
    mean = np.asarray(mean).ravel()
    unit = 1.0 / np.where(mean > 0.0, mean, 1.0)
    share = sp.csr_array(y.multiply(unit[np.newaxis])) if sp.issparse(y) else y * unit
    most = share.max(axis=1)
    most = most.toarray() if sp.issparse(most) else most
    return np.where(most.ravel() > 0.0, np.asarray(share.argmax(axis=1)).ravel(), -1)


def _draw_evenly(rows, fraction, random):
    size = min(max(1, round(fraction * rows.size)), rows.size - 1)
    if size <= 0:
        return rows[:0]
    cuts = rows.size * np.arange(size + 1) // size
    return rows[random.randint(cuts[:-1], cuts[1:])]


def binary_judges(split, targets, label_smoothing):
    """Return how one problem comes by the (u, v) of the rows that judge it, or None.

    Parameters
    ----------
    split : Split
    targets : Targets
        Those of the fit: the same classes and the same factors hold for the judges.
    label_smoothing : float
    """
    if not split.judges:
        return None
    y = _encode_judges(split.y, targets.classes)
    weight = check_sample_weight(split.weight, len(y), name="sample_weight_val")
    _check_both(split, mass_of(y, weight), targets.classes.tolist())
    return lambda: weigh(y, weight, targets.factors, label_smoothing)


def _encode_judges(y, classes):
    """Return y_val as float64 in [0, 1]; it may be soft where the classes are 0 and 1."""
    known = np.array([0.0, 1.0]) if is_soft(y) and may_be_soft(classes) else classes
    codes, is_known = encode_known(y, known)
    if not is_known.all():
        raise ValueError(
            f"y_val has the label {y[~is_known].tolist()[0]!r}, which is none of the classes "
            f"{classes.tolist()} of y."
        )
    return codes


def judges_of_labels(split, targets):
    """Return a function of (k, factors) that does for problem k what `binary_judges` does."""
    if not split.judges:
        return lambda k, factors: None
    judges = ProblemTargets(
        LabelColumns(split.y, like=targets.labels),
        split.weight,
        targets.label_weights,
        name="sample_weight_val",
    )

    def judge(k, factors):
        name = targets.labels.classes.tolist()[k]
        _check_both(split, judges.mass(k), (f"not {name}", name), f" for label {name!r}")
        return lambda: judges.of_problem(k, factors)

    return judge


def _check_both(split, mass, classes, of_label=""):
    if mass.all():
        return
    only = classes[int(mass[1] > 0.0)]
    if split.rows is None:
        where = "y_val" if split.weight is None else "y_val, where sample_weight_val is not zero,"
        raise ValueError(f"{where} contains only one class{of_label}: {only!r}. Two are needed.")
    raise ValueError(
        f"The rows that early_stopping=True holds out are of only one class{of_label}: {only!r}. "
        "Increase validation_fraction, or pass X_val and y_val."
    )
