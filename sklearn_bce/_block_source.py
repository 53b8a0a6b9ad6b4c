"""Blocks of rows on their way in: checked, alike, and the same each time they are read."""

from collections.abc import Iterator
from itertools import count

import numpy as np
import scipy.sparse as sp

from ._exceptions import InvalidParameterError
from ._inputs import check_X, flat_if_one_column
from ._targets import check_sample_weight


class BlockSource:
    """The blocks of a user's source, which can be gone through any number of times.

    Parameters
    ----------
    estimator : BCEClassifier
        Learns ``n_features_in_`` and ``feature_names_in_``.
    source : iterable or callable
        As in `BCEClassifier.fit_blocks`.
    many : bool
        Whether y may have a column for each label.
    """

    def __init__(self, estimator, source, many=False):
        self.estimator = estimator
        self.many = many
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
            X, y = check_X(self.estimator, X, y, reset=True, multi_output=self.many)
            y = flat_if_one_column(y)
            weight = check_sample_weight(*(weight or [None]), X.shape[0], allow_zero=True)
        except ValueError as error:
            raise ValueError(f"Block {number} of source: {error}") from error
        self._check_alike(X, y, number)
        return X, y, weight

    def _check_alike(self, X, y, number):
        form = {
            "number of features": X.shape[1],
            "feature names": getattr(self.estimator, "feature_names_in_", np.array([])).tolist(),
            "dtype": X.dtype.name,
            "layout": "sparse" if sp.issparse(X) else "dense",
            "number of columns of y": y.shape[1] if y.ndim == 2 else 1,
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
    is_iterable = hasattr(type(source), "__iter__") and getattr(source, "ndim", 1) > 0
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
