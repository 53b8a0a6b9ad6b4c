"""Labels that come in blocks: counted at the first reading, turned into weights at every other."""

import numpy as np
import scipy.sparse as sp

from ._label_columns import LabelColumns, ProblemTargets
from ._label_weights import LabelWeights
from ._targets import (
    binary_targets,
    encode_known,
    encode_labels,
    is_soft,
    mass_of,
    sorted_labels,
    weigh_rows,
)

_MOST_LABELS = 1000  # more are not remembered


class LabelCount:
    """The labels of all blocks, and the weight on each."""

    def __init__(self):
        self._labels = self._mass = None
        self._soft_mass = np.zeros(2)  # on [no, yes], if the labels are shares
        self._has_more = False

    def add(self, y, weight):
        """Count the labels of a block."""
        labels, codes = sorted_labels(y, return_inverse=True)
        mass = np.bincount(codes, weight)
        if _is_number(labels):
            self._soft_mass += mass_of(y, weight)
        if self._labels is not None:
            if _is_number(labels) != _is_number(self._labels):
                raise ValueError("source mixes labels that are numbers with labels that are not.")
            labels, codes = np.unique(np.append(self._labels, labels), return_inverse=True)
            mass = np.bincount(codes, np.append(self._mass, mass))
        kept = np.r_[: min(labels.size, _MOST_LABELS) - 1, labels.size - 1]
        self._has_more |= kept.size < labels.size
        self._labels, self._mass = labels[kept], mass[kept]

    def targets(self, estimator, many):
        """Return `BinaryTargets`, or with ``many`` and more than two classes `LabelTargets`.

        Raises
        ------
        ValueError
            If the labels are no such target.
        """
        if many and self._labels.size > 2 and not is_soft(self._labels):
            if self._has_more:
                raise ValueError(f"source has more than {_MOST_LABELS} classes.")
            # Twice, for scikit-learn warns where every row is of another class.
            return LabelTargets(estimator, np.tile(self._labels, 2), np.tile(self._mass / 2, 2))
        return BinaryTargets(estimator, *self._classes_and_mass())

    def _classes_and_mass(self):
        if is_soft(self._labels):
            return encode_labels(self._labels)[0], self._soft_mass
        if self._labels.size == 1:
            raise ValueError(
                f"y contains only one class in all blocks of source: {self._labels.tolist()[0]!r}. "
                "Two classes are needed."
            )
        return encode_labels(self._labels)[0], self._mass


class ColumnCount:
    """The weight on [no, yes] of each label, where y has a column for each."""

    def __init__(self):
        self._mass = 0.0

    def add(self, y, weight):
        """Add up the columns of a block."""
        labels = LabelColumns(y)
        self._mass = self._mass + np.array(
            [mass_of(labels.column(k), weight) for k in range(len(labels))]
        )
        self._like = y[:0]

    def targets(self, estimator, many):
        """Return `LabelTargets`; labels in columns are many."""
        y = np.repeat([[0], [1]], len(self._mass), axis=1).astype(self._like.dtype)
        y = type(self._like)(y) if sp.issparse(self._like) else y
        return LabelTargets(estimator, y, self._mass.T)


class BinaryTargets:
    """The weights u and v of two classes, or of shares.

    Attributes
    ----------
    merged : Targets
        Of all rows, merged to two, one for each class.
    all_mass : ndarray of shape (2,)
        Weight of all rows on [no, yes].
    """

    def __init__(self, estimator, classes, mass):
        self.label_smoothing = float(estimator.label_smoothing)
        self.merged = binary_targets(classes, mass, estimator)
        self.all_mass = mass

    def of_block(self, y, weight):
        """Return the mass of a block's rows, and a function from the label to their (u, v)."""
        y = _encode(y, self.merged.classes)
        positive, negative = weigh_rows(y, weight, self.merged.factors, self.label_smoothing)
        return mass_of(y, weight), lambda label: (positive, negative)


class LabelTargets(ProblemTargets):
    """The weights u and v of each label against the rest.

    To `ProblemTargets` a source is few rows, merged to one or two for each label.

    Parameters
    ----------
    estimator : OneVsRestBCEClassifier
    y : ndarray or sparse array
        Labels of the merged rows.
    weight : ndarray of shape (n_merged,) or (n_merged, n_labels)
        Their weights.

    Attributes
    ----------
    all_mass : ndarray of shape (n_labels, 2)
        Weight of all rows on [no, yes] of each.
    """

    def __init__(self, estimator, y, weight):
        labels = LabelColumns(y)
        super().__init__(
            labels, weight, LabelWeights(estimator, labels.classes, labels.is_multilabel)
        )
        self.all_mass = np.array([self.mass(k) for k in range(len(labels))])

    def of_block(self, y, weight):
        """Return the mass of a block's rows, and a function from the label to their (u, v)."""
        column, codes = self._columns(y)
        weight = self.label_weights.on_rows(weight, codes)
        mass = np.array([mass_of(column(k), weight) for k in range(len(self.labels))])

        def weigh(k):
            factors = self.label_weights.factors(k, self.all_mass[k])
            return weigh_rows(column(k), weight, factors, self.label_weights.label_smoothing)

        return mass, weigh

    def _columns(self, y):
        """Return a function from k to y of problem k, and the number of each row's class."""
        if self.labels.is_multilabel:
            return LabelColumns(y).column, None
        codes = _encode(y, self.labels.classes).astype(np.intp)
        return lambda k: (codes == k).astype(np.float64), codes


def _is_number(labels):
    return labels.dtype.kind in "biuf"


def _encode(y, classes):
    """Return the labels of a block as numbers, for classes that are known.

    Raises
    ------
    ValueError
        If there are other labels among them.
    """
    codes, is_known = encode_known(y, classes)
    if not is_known.all():
        raise ValueError(
            "source must give the same rows each time it is read, but now has labels that it had "
            f"not the first time: {np.unique(y[~is_known])[:3].tolist()}."
        )
    return codes
