"""A fitted model as scikit-learn's own classes hold it, for tools that know only those."""

import numpy as np
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import LabelBinarizer


def check_sigmoid(estimator):
    """Raise if the probabilities are not the sigmoids of the logits."""
    if estimator.probability != "sigmoid":
        raise ValueError(
            "to_sklearn needs probability='sigmoid': scikit-learn's models have no "
            f"probability={estimator.probability!r}. Take set_params(probability='sigmoid') first, "
            "which needs no new fit; the probabilities are then the sigmoids."
        )


def logistic_regression(estimator, classes, row=0):
    """Return the LogisticRegression with one row of the coefficients of a fitted estimator."""
    model = LogisticRegression(C=estimator.C, fit_intercept=estimator.fit_intercept)
    model.classes_ = classes.copy()
    model.coef_ = estimator.coef_[[row]].copy()
    model.intercept_ = estimator.intercept_[[row]]
    model.n_iter_ = estimator.n_iter_[[row]].astype(np.int32)
    model.n_features_in_ = estimator.n_features_in_
    if hasattr(estimator, "feature_names_in_"):
        model.feature_names_in_ = estimator.feature_names_in_.copy()
    return model


def one_vs_rest(estimator):
    """Return the OneVsRestClassifier of a fitted estimator with many labels."""
    if not estimator.multilabel_ and not estimator.normalize:
        raise ValueError(
            "to_sklearn needs normalize=True: scikit-learn's OneVsRestClassifier divides the "
            "probabilities of several classes by their sum."
        )
    model = OneVsRestClassifier(
        LogisticRegression(C=estimator.C, fit_intercept=estimator.fit_intercept)
    )
    model.label_binarizer_ = LabelBinarizer(sparse_output=True).fit(_labels(estimator))
    model.classes_ = model.label_binarizer_.classes_
    yes_or_no = np.array([0, 1])
    model.estimators_ = [
        logistic_regression(estimator, yes_or_no, k) for k in range(len(model.classes_))
    ]
    model.n_features_in_ = estimator.n_features_in_
    if hasattr(estimator, "feature_names_in_"):
        model.feature_names_in_ = estimator.feature_names_in_.copy()
    return model


def _labels(estimator):
    """The least y that shows a LabelBinarizer all labels, and the form they come in."""
    if not estimator.multilabel_:
        return estimator.classes_
    indicator = np.array([[0], [1]]).repeat(len(estimator.classes_), axis=1)
    return indicator if estimator.indicator_form_[1] == "dense" else sp.csr_array(indicator)
