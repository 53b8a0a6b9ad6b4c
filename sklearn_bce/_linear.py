"""What the estimators share once they are fitted: scores, labels, probabilities, sparsity."""

import warnings

import numpy as np
import scipy.sparse as sp
from sklearn import get_config
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted

from ._callbacks import CallbackSupportMixin
from ._exceptions import InconsistentVersionWarning
from ._inputs import check_X
from ._posterior import check_closed_form, log_odds
from ._targets import check_sample_weight, is_soft, may_be_soft
from ._version import __version__

_SMALL, _SMALL_BITS = 2.0**-520, 1040  # its square undone; sums of 2^16 products of any size fit
_STAMP = "_sklearn_bce_version"  # in a saved state


class LinearBinaryClassifier(CallbackSupportMixin, ClassifierMixin, BaseEstimator):
    """Prediction from ``coef_``, ``intercept_`` and ``classes_``."""

    _doc_link_module = "sklearn_bce"
    _doc_link_template = (
        "https://sklearn-bce.readthedocs.io/en/stable/generated/"
        "{estimator_module}.{estimator_name}.html"
    )

    def _doc_link_url_param_generator(self):
        return {"estimator_module": "sklearn_bce", "estimator_name": type(self).__name__}

    def __getstate__(self):
        return {**super().__getstate__(), _STAMP: __version__}

    def __setstate__(self, state):
        state = dict(state)
        version = state.pop(_STAMP, "(version unknown)")
        if version != __version__:
            warnings.warn(
                InconsistentVersionWarning(
                    estimator_name=type(self).__name__,
                    current_sklearn_version=__version__,
                    original_sklearn_version=version,
                ),
                stacklevel=2,
            )
        super().__setstate__(state)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.sparse = True
        return tags

    def decision_function(self, X):
        """Return the logit z = X w + b of every row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows to score.

        Returns
        -------
        z : ndarray of shape (n_samples,)
            Positive where the second class is predicted.
        """
        return self._logits(X).ravel()

    def _logits(self, X):
        """Logits of every row, one column for each row of ``coef_``."""
        check_is_fitted(self)
        # An entry of X that is not finite shows in its scores, so X need not be read for it; unless
        # the coefficients are sparse, which leave out columns.
        checked = check_X(self, X, reset=False, finite=sp.issparse(self.coef_))
        with np.errstate(over="ignore", invalid="ignore"):
            scores = safe_sparse_dot(checked, self.coef_.T, dense_output=True)
            scores += self.intercept_
        is_finite = np.isfinite(scores)
        if not is_finite.all():
            check_X(self, X, reset=False)
            too_large = ~is_finite.all(axis=1)
            scores[too_large] = _scaled_scores(checked[too_large], self.coef_, self.intercept_)
        return scores

    def predict(self, X):
        """Return the second class where the logit is positive, else the first.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows to label.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Labels from ``classes_``.
        """
        scores = self.decision_function(X)
        return self.classes_[(scores > 0).astype(np.intp)]

    def predict_proba(self, X):
        """Return the probabilities of both classes.

        With ``probability="sigmoid"`` they are sigmoid(-z) and sigmoid(z), with "posterior" those
        in the data at which z is the best logit.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows to judge.

        Returns
        -------
        p : ndarray of shape (n_samples, 2)
            In the order of ``classes_``.
        """
        return _both_sigmoids(self._log_odds(self.decision_function(X)))

    def predict_log_proba(self, X):
        """Return the logarithms of the probabilities, exact where the probability rounds to 0.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows to judge.

        Returns
        -------
        log_p : ndarray of shape (n_samples, 2)
            In the order of ``classes_``.
        """
        odds = self._log_odds(self.decision_function(X))
        return -np.logaddexp(0.0, np.column_stack([odds, -odds]))

    def _log_odds(self, z):
        """Log odds of the probabilities that ``probability`` asks for."""
        if self.probability == "sigmoid":
            return z
        check_closed_form(self.loss_parameters_ is not None)
        return log_odds(z, **self.loss_parameters_)

    def score(self, X, y, sample_weight=None):
        """Return the expected accuracy.

        It is the weighted mean of y where "yes" is predicted, and of 1 - y where "no" is. For hard
        labels this is the accuracy. A label that is not in ``classes_`` counts as wrong.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows to label.
        y : array-like of shape (n_samples,)
            Labels, or soft labels in [0, 1].
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        score : float
            Between 0 and 1.
        """
        scores = self.decision_function(X)
        y = column_or_1d(check_array(y, ensure_2d=False, dtype=None, input_name="y"), warn=True)
        check_consistent_length(scores, y)
        weight = check_sample_weight(sample_weight, len(y))
        return float(np.average(self._hits(scores > 0, y), weights=weight))

    def _hits(self, is_positive, y):
        if is_soft(y) and may_be_soft(self.classes_):
            return np.where(is_positive, y, 1.0 - y)
        kind = type_of_target(y)
        if kind == "continuous" or (kind == "unknown" and not self._are_known(y)):
            raise ValueError(f"Unknown label type: {kind}. Soft labels are floats in [0, 1].")
        predicted = self.classes_[is_positive.astype(np.intp)]
        return (predicted.astype(object) == y.astype(object)).astype(np.float64)

    def _are_known(self, y):
        classes = self.classes_.tolist()
        return all(label in classes for label in y.tolist())

    def sparsify(self):
        """Turn ``coef_`` into a CSR matrix, which predictions can use as it is.

        Returns
        -------
        self : estimator
            Itself.
        """
        check_is_fitted(self)
        self.coef_ = sp.csr_array(self.coef_) if _wants_sparray() else sp.csr_matrix(self.coef_)
        return self

    def densify(self):
        """Turn ``coef_`` back into an ndarray.

        Returns
        -------
        self : estimator
            Itself.
        """
        check_is_fitted(self)
        if sp.issparse(self.coef_):
            self.coef_ = self.coef_.toarray()
        return self


def _scaled_scores(X, coef, intercept):
    """Scores of rows whose products overflow, and may cancel: the largest number where they do."""
    small, weights = (_SMALL * each.astype(np.float64) for each in (X, coef.T))
    terms = safe_sparse_dot(small, weights, dense_output=True)
    with np.errstate(over="ignore"):
        scores = np.ldexp(terms + _SMALL**2 * intercept.astype(np.float64), _SMALL_BITS)
    largest = np.finfo(coef.dtype).max
    return np.clip(scores, -largest, largest)


def _both_sigmoids(z):
    """Columns sigmoid(-z) and sigmoid(z), each exact in its own tail.

    NumPy's exp is vector code, and several times as fast as scipy.special.expit.
    """
    p = np.empty((z.size, 2), dtype=z.dtype)
    room = np.empty_like(z)  # fresh memory for every step would take longer than the steps
    with np.errstate(over="ignore"):  # 1 / inf is as it should be
        for column, sign in zip(p.T, (1.0, -1.0), strict=True):
            np.exp(np.multiply(sign, z, out=room), out=room)
            np.divide(1.0, np.add(1.0, room, out=room), out=column)
    return p


def _wants_sparray():
    return get_config().get("sparse_interface", "spmatrix") == "sparray"


def as_type(dtype, coef, intercept):
    """Coefficients in a dtype, that of X, or in float64 where they are too large for it."""
    if dtype == np.float64:
        return coef, np.asarray(intercept, dtype=np.float64)
    largest = max(np.max(np.abs(coef)), np.max(np.abs(intercept)))
    dtype = dtype if largest <= np.finfo(dtype).max else np.float64
    return coef.astype(dtype), np.asarray(intercept, dtype=dtype)
