"""Saved and loaded again, by pickle and by skops, and handed over to scikit-learn's own classes."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import skops.io
from sklearn import exceptions
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

from sklearn_bce import (
    BCEClassifier,
    InconsistentVersionWarning,
    OneVsRestBCEClassifier,
    __version__,
)
from tests.problems import small_problem

X, HARD, SOFT, _ = small_problem()
THREE = np.array(["a", "b", "c"])[HARD + (X[:, 1] > 0)]
INDICATOR = np.column_stack([HARD, X[:, 1] > 0, np.arange(80) % 2]).astype(int)
FITTED = {
    "binary": lambda: BCEClassifier(class_weight="balanced").fit(X, HARD),
    "soft": lambda: BCEClassifier(gamma=(1.0, 2.0), label_smoothing=0.1).fit(X, SOFT),
    "float32": lambda: BCEClassifier().fit(X.astype(np.float32), HARD),
    "text": lambda: BCEClassifier().fit(X, np.array(["no", "yes"], dtype=object)[HARD]),
    "sparsified": lambda: BCEClassifier().fit(X, HARD).sparsify(),
    "names": lambda: BCEClassifier().fit(pd.DataFrame(X, columns=list("abcde")), HARD),
    "two classes": lambda: OneVsRestBCEClassifier().fit(X, HARD),
    "three classes": lambda: OneVsRestBCEClassifier(pos_weight=[1.0, 2.0, 3.0]).fit(X, THREE),
    "multilabel": lambda: OneVsRestBCEClassifier().fit(X, INDICATOR),
    "sparse multilabel": lambda: OneVsRestBCEClassifier().fit(X, sp.csr_array(INDICATOR)),
    "shares": lambda: OneVsRestBCEClassifier().fit(X, 0.5 * INDICATOR + 0.2),
}


@pytest.fixture(params=FITTED)
def fitted(request):
    return FITTED[request.param]()


def rows_for(clf):
    rows = X.astype(clf.coef_.dtype)
    return pd.DataFrame(rows, columns=list("abcde")) if hasattr(clf, "feature_names_in_") else rows


def dense(y):
    return y.toarray() if sp.issparse(y) else y


def assert_same_predictions(clf, other, **tolerance):
    rows = rows_for(clf)
    np.testing.assert_array_equal(dense(other.predict(rows)), dense(clf.predict(rows)))
    for method in ("decision_function", "predict_proba"):
        ours, theirs = getattr(clf, method)(rows), getattr(other, method)(rows)
        np.testing.assert_allclose(theirs, ours, **tolerance)


# -- versions


def test_the_same_version_loads_without_a_word(fitted):
    loaded = pickle.loads(pickle.dumps(fitted))
    assert_same_predictions(fitted, loaded, rtol=0)
    for again in (loaded, copy.deepcopy(fitted)):
        assert vars(again).keys() == vars(fitted).keys()
    assert fitted.__getstate__()["_sklearn_bce_version"] == __version__


@pytest.mark.parametrize("version", ["0.0.1", None])
def test_another_version_warns(fitted, version, monkeypatch):
    state = fitted.__getstate__()
    del state["_sklearn_bce_version"]
    if version is not None:
        state["_sklearn_bce_version"] = version
    # What a pickle made by that version holds
    monkeypatch.setattr(type(fitted), "__getstate__", lambda self: state)
    saved = pickle.dumps(fitted)
    monkeypatch.undo()
    message = f"{type(fitted).__name__} was saved by sklearn_bce {version or '.version unknown.'}"
    with pytest.warns(InconsistentVersionWarning, match=message) as record:
        loaded = pickle.loads(saved)
    assert issubclass(record[0].category, exceptions.InconsistentVersionWarning)
    assert record[0].message.original_sklearn_version in (version, "(version unknown)")
    assert record[0].message.current_sklearn_version == __version__
    assert_same_predictions(fitted, loaded, rtol=0)


def test_clones_carry_no_stamp():
    assert vars(clone(BCEClassifier())).keys() == BCEClassifier().get_params().keys()


# -- skops


def test_skops_has_to_trust_nothing_but_our_classes(fitted):
    saved = skops.io.dumps(fitted)
    name = f"{type(fitted).__module__}.{type(fitted).__name__}"
    untrusted = skops.io.get_untrusted_types(data=saved)
    # SciPy's sparse matrices, which skops does not know, are in what `sparsify` makes.
    assert [each for each in untrusted if not each.startswith("scipy.sparse.")] == [name]
    assert len(untrusted) == 1 + sp.issparse(fitted.coef_)
    assert_same_predictions(fitted, skops.io.loads(saved, trusted=untrusted), rtol=0)


# -- to_sklearn


def test_to_sklearn_predicts_the_same(fitted):
    model = fitted.to_sklearn()
    eps = np.finfo(fitted.coef_.dtype).eps
    assert_same_predictions(fitted, model, rtol=100 * eps, atol=100 * eps)
    assert type(model) is (OneVsRestClassifier if fitted.coef_.shape[0] > 1 else LogisticRegression)
    assert model.n_features_in_ == 5
    np.testing.assert_array_equal(model.classes_, fitted.classes_)
    assert hasattr(model, "feature_names_in_") == hasattr(fitted, "feature_names_in_")
    models = model.estimators_ if fitted.coef_.shape[0] > 1 else [model]
    for k, each in enumerate(models):
        np.testing.assert_array_equal(dense(each.coef_), dense(fitted.coef_)[[k]])
        np.testing.assert_array_equal(each.intercept_, fitted.intercept_[[k]])
        np.testing.assert_array_equal(each.n_iter_, fitted.n_iter_[[k]])


def test_the_format_of_labels_is_kept():
    clf = OneVsRestBCEClassifier().fit(X, sp.csr_array(INDICATOR))
    assert sp.issparse(clf.to_sklearn().predict(X))


def test_to_sklearn_shares_nothing_with_the_model():
    clf = BCEClassifier().fit(X, HARD)
    before = clf.coef_.copy()
    model = clf.to_sklearn()
    model.coef_ *= 2.0
    model.intercept_ += 1.0
    np.testing.assert_array_equal(clf.coef_, before)


def test_the_model_can_be_fitted_again():
    """And is then the same where labels and loss are those of LogisticRegression."""
    clf = BCEClassifier(C=0.1).fit(X, HARD)
    model = clf.to_sklearn().set_params(solver="newton-cholesky", tol=1e-10)
    np.testing.assert_allclose(model.fit(X, HARD).coef_, clf.coef_, rtol=1e-6)


def test_what_has_no_counterpart_is_refused():
    with pytest.raises(ValueError, match="needs probability='sigmoid'"):
        BCEClassifier(probability="posterior").fit(X, HARD).to_sklearn()
    with pytest.raises(ValueError, match="needs probability='sigmoid'"):
        OneVsRestBCEClassifier(probability="posterior").fit(X, THREE).to_sklearn()
    with pytest.raises(ValueError, match="needs normalize=True"):
        OneVsRestBCEClassifier(normalize=False).fit(X, THREE).to_sklearn()
    OneVsRestBCEClassifier(normalize=False).fit(X, INDICATOR).to_sklearn()
    for clf in (BCEClassifier(), OneVsRestBCEClassifier()):
        with pytest.raises(exceptions.NotFittedError):
            clf.to_sklearn()
