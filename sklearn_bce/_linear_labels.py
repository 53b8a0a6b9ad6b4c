"""What a fitted estimator of many labels does: scores, labels and probabilities, one for each."""

import numpy as np
import scipy.sparse as sp
from scipy.special import expit, log_expit, logsumexp
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.validation import check_is_fitted

from ._inputs import check_structure, flat_if_one_column
from ._label_columns import checked_indicator
from ._linear import LinearBinaryClassifier
from ._targets import check_sample_weight


class LinearOneVsRestClassifier(LinearBinaryClassifier):
    """Prediction from a row of ``coef_`` for each label; of two classes as elsewhere."""

    def decision_function(self, X):
        """Return the logit of every row and label.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows to score.

        Returns
        -------
        z : ndarray of shape (n_samples, n_labels), or (n_samples,) for two classes
            Positive where the label is predicted, taken by itself.
        """
        return self._logits(X) if self._has_many() else super().decision_function(X)

    def predict(self, X):
        """Return the class with the largest logit, or every label with a positive one.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows to label.

        Returns
        -------
        y : ndarray of shape (n_samples,), or indicator of shape (n_samples, n_labels)
            Classes, or an indicator in the dtype of the y that was fitted, CSR if that was sparse.
        """
        if not self._has_many():
            return super().predict(X)
        z = self._logits(X)
        if not self.multilabel_:
            return self.classes_[np.argmax(z, axis=1)]
        dtype, form = self.indicator_form_
        indicator = (z > 0).astype(dtype)
        return indicator if form == "dense" else getattr(sp, form)(indicator)

    def predict_proba(self, X):
        """Return the probability of every label.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows to judge.

        Returns
        -------
        p : ndarray of shape (n_samples, n_labels), or (n_samples, 2) for two classes
            Sigmoids of the logits, or posteriors; for a multiclass y and ``normalize=True`` divided
            by their sum. Those of a multilabel y lie strictly between 0 and 1.
        """
        if not self._has_many():
            return super().predict_proba(X)
        z = self._log_odds(self._logits(X))
        if not self.multilabel_ and self.normalize:
            return np.exp(_log_normalized(z))
        limits = np.finfo(z.dtype)
        return np.clip(expit(z), limits.tiny, 1.0 - limits.epsneg)

    def predict_log_proba(self, X):
        """Return the logarithms of the probabilities, exact where the probability rounds to 0.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows to judge.

        Returns
        -------
        log_p : ndarray of the shape of `predict_proba`
            Logarithms.
        """
        if not self._has_many():
            return super().predict_log_proba(X)
        z = self._log_odds(self._logits(X))
        return _log_normalized(z) if not self.multilabel_ and self.normalize else log_expit(z)

    def score(self, X, y, sample_weight=None):
        """Return the accuracy; for several labels, the share of rows with all labels right.

        For soft labels it is the expected share, as if each label were drawn by itself.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows to label.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Classes, an indicator matrix (dense or sparse), or shares in [0, 1].
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        score : float
            Between 0 and 1.
        """
        check_structure(y, "y")
        if not self._has_many():
            y = flat_if_one_column(y) if sp.issparse(y) else y
            return super().score(X, y, sample_weight)
        predicted = self.predict(X)
        y = check_array(y, accept_sparse="csr", ensure_2d=False, dtype=None, input_name="y")
        check_consistent_length(predicted, y)
        if self.multilabel_:
            if y.shape != predicted.shape:
                raise ValueError(
                    f"y must have a column for each of the {predicted.shape[1]} labels. Got shape "
                    f"{y.shape}."
                )
            hits = _all_right(predicted, checked_indicator(y))
        else:
            y = column_or_1d(y, warn=True)
            hits = (predicted.astype(object) == y.astype(object)).astype(np.float64)
        return float(np.average(hits, weights=check_sample_weight(sample_weight, len(hits))))

    def _has_many(self):
        check_is_fitted(self)
        return self.multilabel_ or len(self.classes_) > 2


def _log_normalized(z):
    """Logarithms of the sigmoids over their sum, without a sum that could be 0."""
    log_p = log_expit(z)
    return log_p - logsumexp(log_p, axis=1, keepdims=True)


def _all_right(predicted, y):
    """Probability that every label of a row is right, (n_rows,)."""
    if sp.issparse(predicted) and sp.issparse(y):
        wrong = abs(sp.csr_array(predicted, dtype=np.float64) - sp.csr_array(y, dtype=np.float64))
        rows = np.repeat(np.arange(y.shape[0]), np.diff(wrong.indptr))
        right = np.ones(y.shape[0])
        np.multiply.at(right, rows, 1.0 - wrong.data)
        return right
    predicted, y = (each.toarray() if sp.issparse(each) else each for each in (predicted, y))
    return np.where(predicted > 0, y, 1.0 - y).prod(axis=1)
