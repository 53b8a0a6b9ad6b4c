"""Cross-validation with soft labels: folds, predictions, and hard rows for tools that want them."""

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.utils import (
    _safe_indexing,
    check_consistent_length,
    check_random_state,
    get_tags,
    indexable,
)

from ._inputs import check_structure
from ._soft import check_unit_interval
from ._targets import check_sample_weight

__all__ = ["SoftStratifiedKFold", "expand_soft_labels", "soft_cross_val_predict"]


class SoftStratifiedKFold(KFold):
    """K folds with the same distribution of labels in [0, 1].

    Rows are dealt out in the order of their labels. For every t, the numbers of rows with a label
    above t differ by at most 1 between two folds, and so do the sizes of the folds and the sums of
    their labels. For labels 0 and 1 this is the balance of
    :class:`~sklearn.model_selection.StratifiedKFold`, which refuses soft labels.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.
    shuffle : bool, default=False
        Whether to draw the folds at random, as far as the balance allows. Otherwise rows with the
        same label stay in their order, block by block.
    random_state : int, RandomState or None, default=None
        Seed for ``shuffle=True``.

    See Also
    --------
    sklearn.model_selection.StratifiedKFold : For classes of any type.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_bce.model_selection import SoftStratifiedKFold
    >>> y = np.array([0.9, 0.1, 0.5, 0.2, 0.8, 0.6])
    >>> for train, test in SoftStratifiedKFold(n_splits=2).split(np.zeros(6), y):
    ...     print(test, y[test])
    [1 4 5] [0.1 0.8 0.6]
    [0 2 3] [0.9 0.5 0.2]
    """

    def __init__(self, n_splits=5, *, shuffle=False, random_state=None):
        super().__init__(n_splits=n_splits, shuffle=shuffle, random_state=random_state)

    def split(self, X, y, groups=None):
        """Yield the rows of each split.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features; only their number of rows matters.
        y : array-like of shape (n_samples,)
            Labels in [0, 1].
        groups : None
            Ignored.

        Yields
        ------
        train : ndarray of int
            The rows to train on, in order.
        test : ndarray of int
            The rows of the fold, in order.

        Raises
        ------
        ValueError
            If y is not as described, or there are more folds than rows.
        """
        y = check_unit_interval(y, "y")
        check_consistent_length(X, y)
        if self.n_splits > len(y):
            raise ValueError(f"n_splits={self.n_splits} folds are more than the {len(y)} rows.")
        fold = self._fold_of_rows(y)
        for k in range(self.n_splits):
            yield np.flatnonzero(fold != k), np.flatnonzero(fold == k)

    def _fold_of_rows(self, y):
        rows = np.arange(len(y))
        rounds, dealt = np.divmod(rows, self.n_splits)  # of each place in the order of the labels
        if self.shuffle:
            random = check_random_state(self.random_state)
            rows, turns = random.permutation(rows), random.permutation(rows)
        else:
            turns = np.where(rounds % 2, -dealt, dealt)  # there and back, so that no fold is ahead
        # The folds that will have a row more come first in every round: otherwise the numbers of
        # labels above t could differ by 2.
        has_more = dealt < len(y) % self.n_splits
        dealt = dealt[np.lexsort((turns, ~has_more, rounds))]
        order = rows[np.argsort(y[rows], kind="stable")]
        if not self.shuffle:
            dealt = dealt[np.lexsort((dealt, y[order]))]  # equal labels, block by block
        fold = np.empty_like(dealt)
        fold[order] = dealt
        return fold


def expand_soft_labels(X, y, sample_weight=None):
    """Turn rows with soft labels into hard rows with weights that mean the same.

    A row with 0 < y < 1 and weight w becomes two: (1, weight w y) and (0, weight w (1 - y)). Rows
    with y = 0 or y = 1 stay one. Every weighted loss that is linear in y, and so every sum over
    hard rows, is the same before and after: cross-entropy, label smoothing, the focal loss of this
    package.

    .. warning::

        The two halves of a row have the same features. **Cross-validate with the returned groups**
        (:class:`~sklearn.model_selection.GroupKFold`,
        :class:`~sklearn.model_selection.StratifiedGroupKFold`). Without them a model is tested on
        rows of which it has seen the other half, with the opposite label, and scores, calibration
        and thresholds are wrong. The folds that a tool makes by itself are such ones: pass it
        ``cv=list(GroupKFold().split(X2, y2, groups))``.

    A tool must use the weights, in its scores too. To one that does not, every soft label is 1/2.

    Parameters
    ----------
    X : array-like, sparse matrix, DataFrame or list of length n_samples
        Features, or whatever a pipeline starts with.
    y : array-like of shape (n_samples,)
        Labels in [0, 1].
    sample_weight : float or array-like of shape (n_samples,), default=None
        Weights of the rows, >= 0. None is 1 for all.

    Returns
    -------
    X : of the kind and dtype of X
        The rows, those with soft labels twice in succession. A copy; sparse formats other
        than CSR and CSC become CSR.
    y : ndarray of int64 of shape (n_rows,)
        Labels 0 and 1; of two halves the 1 comes first.
    sample_weight : ndarray of shape (n_rows,)
        Weights.
    groups : ndarray of int64 of shape (n_rows,)
        The row of the given X that each row comes from.

    Raises
    ------
    ValueError
        If the labels or the weights are not as described.

    Examples
    --------
    >>> from sklearn_bce.model_selection import expand_soft_labels
    >>> X, y, weight, groups = expand_soft_labels([[1.0], [2.0], [3.0]], [0.25, 1.0, 0.0])
    >>> y, weight, groups
    (array([1, 0, 1, 0]), array([0.25, 0.75, 1.  , 1.  ]), array([0, 0, 1, 2]))
    """
    y = check_unit_interval(y, "y")
    X = _with_rows(X)
    check_consistent_length(X, y)
    weight = check_sample_weight(sample_weight, len(y))
    groups = np.repeat(np.arange(len(y)), 1 + ((y > 0.0) & (y < 1.0)))
    is_second = np.append(False, groups[1:] == groups[:-1])
    hard = np.where(is_second, 0.0, y[groups] > 0.0)
    share = np.where(hard == 1.0, y[groups], 1.0 - y[groups])
    return _safe_indexing(X, groups), hard.astype(np.int64), weight[groups] * share, groups


def _with_rows(X):
    if X is None:
        raise ValueError("X must have rows. Got None.")
    if not sp.issparse(X):
        return indexable(X)[0]
    check_structure(X)
    return X if X.format in ("csr", "csc") else X.tocsr()


def soft_cross_val_predict(
    estimator, X, y, *, groups=None, cv=None, n_jobs=None, params=None, method="predict_proba"
):
    """Predict every row by a model that was fitted without it, for soft labels.

    :func:`sklearn.model_selection.cross_val_predict` replaces soft labels by the numbers of their
    values in sorted order before it fits ("label encoding"), without a word, whenever ``method`` is
    "predict_proba", "predict_log_proba" or "decision_function". Here they stay as they are.

    Parameters
    ----------
    estimator : estimator
        What to fit to each training part; a clone of it is.
    X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
        Features.
    y : array-like of shape (n_samples,) or (n_samples, n_labels)
        Labels in [0, 1].
    groups : array-like of shape (n_samples,), default=None
        Passed to the splitter. With metadata routing, pass them in ``params``.
    cv : int, splitter, iterable or None, default=None
        An int is that many folds, of `SoftStratifiedKFold` for y of one column, else of ``KFold``.
        None is 5. The test parts must hold every row once.
    n_jobs : int or None, default=None
        Number of folds fitted side by side.
    params : dict, default=None
        Passed to ``estimator.fit``; arrays with an entry for each row are split. With metadata
        routing, to whatever asked for them.
    method : str, default="predict_proba"
        The method of the fitted estimator that predicts.

    Returns
    -------
    predictions : ndarray
        What ``method`` returns, in the order of the rows of X. Where that is a list with an array
        for each label, of shape (n_samples, n_labels, n_classes).

    Raises
    ------
    ValueError
        If y or ``method`` are not as described, or the test parts do not hold every row once.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_bce import BCEClassifier
    >>> from sklearn_bce.model_selection import soft_cross_val_predict
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> soft_cross_val_predict(BCEClassifier(), X, 0.1 + 0.8 * y).shape
    (569, 2)
    """
    if not (isinstance(method, str) and hasattr(estimator, method)):
        raise ValueError(
            f"method must name a method of the estimator, {type(estimator).__name__}. Got "
            f"{method!r}."
        )
    y = check_unit_interval(y, "y", allow_2d=True)
    if cv is None or isinstance(cv, (int, np.integer)):
        folds = SoftStratifiedKFold if y.ndim == 1 else KFold
        cv = folds(5 if cv is None else cv)
    return cross_val_predict(
        _Predicting(estimator, method), X, y, groups=groups, cv=cv, n_jobs=n_jobs, params=params
    )


class _Predicting(BaseEstimator):
    """An estimator whose `predict` is some method of another's: labels of `predict` stay as is."""

    def __init__(self, estimator, method):
        self.estimator = estimator
        self.method = method

    def fit(self, X, y, **params):
        self.estimator_ = clone(self.estimator).fit(X, y, **params)
        return self

    def predict(self, X):
        predicted = getattr(self.estimator_, self.method)(X)
        # Some estimators of several labels give a list, with the rows of each label.
        return np.stack(predicted, axis=1) if isinstance(predicted, list) else predicted

    def get_metadata_routing(self):
        return self.estimator.get_metadata_routing()

    def __sklearn_tags__(self):
        return get_tags(self.estimator)
