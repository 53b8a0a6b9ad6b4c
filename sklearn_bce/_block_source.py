"""Blocks of rows on their way in: checked, alike, and the same each time they are read."""

from collections.abc import Iterator
from itertools import count

import numpy as np
import scipy.sparse as sp

from ._exceptions import InvalidParameterError
from ._inputs import check_X
from ._targets import check_sample_weight, encode_known, encode_labels, is_soft, mass_of

_MOST_LABELS = 1000  # more are not remembered: they cannot be hard labels


class BlockSource:
    """The blocks of a user's source, which can be gone through any number of times.

    Parameters
    ----------
    estimator : BCEClassifier
        Learns ``n_features_in_`` and ``feature_names_in_``.
    source : iterable or callable
        As in `BCEClassifier.fit_blocks`.
    """

    def __init__(self, estimator, source):
        self.estimator = estimator
        self._source = _opener(type(estimator).__name__, source)
        self._first = None

    def __iter__(self):
        """Yield X, y and the weights of one block after another, all checked; none is empty."""
        for checked in map(self._check, count(), self._open()):  # which keeps no block
            if checked is not None:
                yield checked
            del checked  # before the next one is made, here and wherever blocks are gone through

    def _open(self):
        blocks = self._source()
        if not hasattr(blocks, "__iter__"):
            raise ValueError(
                "source must return an iterator over blocks when it is called. Got "
                f"{type(blocks).__name__} instead."
            )
        return iter(blocks)

    def _check(self, number, block):
        X, y, *weight = _split(block, number)
        if getattr(X, "shape", ())[:1] == (0,):
            return None
        try:
            X, y = check_X(self.estimator, X, y, reset=True)
            weight = check_sample_weight(*(weight or [None]), X.shape[0], allow_zero=True)
        except ValueError as error:
            raise ValueError(f"Block {number} of source: {error}") from error
        self._check_alike(X, number)
        return X, y, weight

    def _check_alike(self, X, number):
        form = {
            "number of features": X.shape[1],
            "feature names": getattr(self.estimator, "feature_names_in_", np.array([])).tolist(),
            "dtype": X.dtype.name,
            "layout": "sparse" if sp.issparse(X) else "dense",
        }
        self._first = self._first or form
        for what, value in form.items():
            if value != self._first[what]:
                raise ValueError(
                    f"The blocks of source must be alike, but the {what} of block {number} is "
                    f"{value}, that of the first one {self._first[what]}."
                )


def _opener(name, source):
    """Return what gives an iterator over the blocks at every call."""
    is_iterable = hasattr(type(source), "__iter__")
    if isinstance(source, Iterator) or not (is_iterable or callable(source)):
        raise InvalidParameterError(
            f"The 'source' parameter of {name} must be an iterable of blocks that can be read "
            "several times, such as a list, or a callable that returns an iterator. Got "
            f"{type(source).__name__} instead."
            + (" It can be read only once: pass the function that makes it." * is_iterable)
        )
    return source.__iter__ if is_iterable else source


def _split(block, number):
    if isinstance(block, (tuple, list)) and len(block) in (2, 3):
        return block
    length = f" of length {len(block)}" if isinstance(block, (tuple, list)) else ""
    raise ValueError(
        f"Block {number} of source must be a tuple (X, y) or (X, y, sample_weight). Got "
        f"{type(block).__name__}{length}."
    )


class LabelCount:
    """The labels of all blocks, and the weight on each."""

    def __init__(self):
        self._labels = self._mass = None
        self._soft_mass = np.zeros(2)  # on [no, yes], if the labels are shares

    def add(self, y, weight):
        """Count the labels of a block."""
        try:
            labels, codes = np.unique(y, return_inverse=True)
        except TypeError:
            raise ValueError("Unknown label type: y mixes labels of several types.") from None
        mass = np.bincount(codes, weight)
        if _is_number(labels):
            self._soft_mass += mass_of(y, weight)
        if self._labels is not None:
            if _is_number(labels) != _is_number(self._labels):
                raise ValueError("source mixes labels that are numbers with labels that are not.")
            labels, codes = np.unique(np.append(self._labels, labels), return_inverse=True)
            mass = np.bincount(codes, np.append(self._mass, mass))
        kept = np.r_[: min(labels.size, _MOST_LABELS) - 1, labels.size - 1]
        self._labels, self._mass = labels[kept], mass[kept]

    def classes_and_mass(self):
        """Return the two classes and the weight on each.

        Raises
        ------
        ValueError
            If the labels are no binary target.
        """
        if is_soft(self._labels):
            return encode_labels(self._labels)[0], self._soft_mass
        if self._labels.size == 1:
            raise ValueError(
                f"y contains only one class in all blocks of source: {self._labels.tolist()[0]!r}. "
                "Two classes are needed."
            )
        return encode_labels(self._labels)[0], self._mass


def _is_number(labels):
    return labels.dtype.kind in "biuf"


def encode_block(y, classes):
    """Return the labels of a block as float64 in [0, 1], for classes that are known.

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
