"""Labels of many problems over the same rows: classes, indicators or shares, a column at a time.

Whatever the labels are, column k is a y in [0, 1] for problem k. Sparse indicators stay sparse.
"""

import numpy as np
import scipy.sparse as sp
from scipy.special import logit
from sklearn.utils.multiclass import type_of_target

from ._targets import (
    check_finite_sum,
    check_sample_weight,
    encode_known,
    mass_of,
    unknown_labels,
    weigh,
)


class LabelColumns:
    """Columns of y for one-vs-rest.

    Parameters
    ----------
    y : ndarray or sparse array
    like : LabelColumns, optional
        Those of the fit, where y are the labels of rows that judge it.

    Attributes
    ----------
    classes : ndarray of shape (n_problems,)
        The labels of a multiclass y, or the numbers of the columns.
    is_multilabel : bool
        Whether a row may have several labels, or none.
    dtype, format : str
        Of a multilabel y, for predictions to take: "dense", or the name of a sparse class.
    """

    def __init__(self, y, like=None):
        self.is_multilabel = y.ndim == 2
        self.dtype = self.format = ""
        if self.is_multilabel:
            y = checked_indicator(y)
            self.classes = np.arange(y.shape[1])
            if like is not None and len(like) != len(self):
                raise ValueError(f"y_val has {len(self)} columns, but y has {len(like)}.")
            self.dtype = y.dtype.str
            self.format = type(y).__name__ if sp.issparse(y) else "dense"
            self._values = sp.csc_array(y) if sp.issparse(y) else y
        elif like is not None:
            self.classes = like.classes
            codes, is_known = encode_known(y, self.classes)
            if not is_known.all():
                label = y[~is_known].tolist()[0]
                raise ValueError(f"y_val has the label {label!r}, which y has not.")
            self._values = codes.astype(np.intp)
        else:
            kind = type_of_target(y, input_name="y")
            if kind != "multiclass":
                raise unknown_labels(kind)
            self.classes, self._values = np.unique(y, return_inverse=True)

    def __len__(self):
        return len(self.classes)

    def column(self, k):
        """Return y of problem k, float64 of shape (n_rows,)."""
        if not self.is_multilabel:
            return (self._values == k).astype(np.float64)
        if not sp.issparse(self._values):
            return self._values[:, k].astype(np.float64)
        return self._values[:, [k]].toarray().ravel().astype(np.float64)

    @property
    def n_rows(self):
        """Number of rows."""
        return self._values.shape[0]

    @property
    def codes(self):
        """The number of each row's class, or None where it may have several."""
        return None if self.is_multilabel else self._values


def checked_indicator(y):
    """Return y with its repeated entries summed; raise ValueError unless all are in [0, 1]."""
    if sp.issparse(y) and not y.has_canonical_format:
        y = y.copy()
        y.sum_duplicates()
    values = y.data if sp.issparse(y) else y
    is_number = values.dtype.kind in "buif"
    if not is_number or (values.size and not (values.min() >= 0 and values.max() <= 1)):
        raise ValueError(
            f"Unknown label type: {type_of_target(y)}. With several columns, y must be an "
            "indicator matrix of 0 and 1, or hold floats in [0, 1]."
        )
    return y


class ProblemTargets:
    """(u, v) of each problem, made when it is asked for.

    Parameters
    ----------
    labels : LabelColumns
    sample_weight : float, array-like or None
        As in `OneVsRestBCEClassifier.fit`.
    label_weights : LabelWeights
    name : str
        Of the weights, for errors.
    """

    def __init__(self, labels, sample_weight, label_weights, name="sample_weight"):
        self.labels = labels
        self.label_weights = label_weights
        weight = check_sample_weight(sample_weight, labels.n_rows, len(labels), name=name)
        self.weight = label_weights.on_rows(weight, labels.codes)
        check_finite_sum(self.weight, name=name)

    def row_weight(self):
        """Return the weight of the rows over all problems, (n_rows,)."""
        return self.weight if self.weight.ndim == 1 else self.weight.sum(axis=1)

    def mass(self, k):
        """Return the weight on [no, yes] in problem k, before any factor on the two."""
        return mass_of(*self._column(k))

    def of_problem(self, k, factors=None):
        """Return (u, v) of problem k; by default with the factors that its own rows come to."""
        y, weight = self._column(k)
        if factors is None:
            factors = self.label_weights.factors(k, mass_of(y, weight))
        return weigh(y, weight, factors, self.label_weights.label_smoothing)

    def constant_logit(self, mass):
        """Return the logit for a label that all rows have, or none.

        Its probability is what one more row, half of each kind, would leave; smoothed as all labels
        are. So it is certain enough, and never 0 or 1.
        """
        share, smoothing = (mass[1] + 0.5) / (mass.sum() + 1.0), self.label_weights.label_smoothing
        return logit(share * (1.0 - smoothing) + 0.5 * smoothing)

    def _column(self, k):
        weight = self.weight if self.weight.ndim == 1 else np.ascontiguousarray(self.weight[:, k])
        return self.labels.column(k), weight
