"""K problems over one X: each is the binary problem it says, in every form of y."""

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_digits, load_iris, make_multilabel_classification
from sklearn.exceptions import DataConversionWarning
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

from sklearn_bce import BCEClassifier, OneVsRestBCEClassifier, _fit, _shared
from tests.problems import LAYOUTS, SOLVERS, objective, outside_optimum, small_problem

every_solver = pytest.mark.parametrize("solver", SOLVERS)
LOSSES = {
    "cross-entropy": {},
    "balanced": {"class_weight": "balanced"},
    "pos_weight": {"pos_weight": "balanced"},
    "focal": {"gamma": (1.0, 2.0), "label_smoothing": 0.05},
}
every_loss = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)


def three_labels(n_rows=120):
    """Features, shares of three labels, an indicator, and weights of the rows."""
    X, _, _, weight = small_problem(n_rows)
    rng = np.random.default_rng(1)
    z = (X / X.std(axis=0)) @ rng.normal(size=(X.shape[1], 3)) - [0.0, 1.0, 2.0]
    shares = 1 / (1 + np.exp(-z))
    return X, shares, (rng.random(shares.shape) < shares).astype(int), weight


X, SHARES, INDICATOR, WEIGHT = three_labels()
CLASSES = np.argmax(SHARES + np.random.default_rng(2).gumbel(size=SHARES.shape), axis=1)


def fit(y, X=X, weight=None, **parameters):
    return OneVsRestBCEClassifier(**parameters).fit(X, y, weight)


# -- each problem is a BCEClassifier's


@every_solver
@every_loss
@pytest.mark.parametrize("layout", ["C", "F", "csr_array", "csc"])
def test_each_column_is_a_binary_fit(solver, loss, layout):
    data = LAYOUTS[layout](X)
    clf = fit(SHARES, data, WEIGHT, solver=solver, tol=1e-20, **loss)
    for k in range(3):
        alone = BCEClassifier(solver=solver, tol=1e-20, **loss).fit(data, SHARES[:, k], WEIGHT)
        scale = np.abs(X).max(axis=0)
        size = np.abs(alone.coef_ * scale).max()
        # Lockstep adds the rows in another order: rounding, and no more.
        np.testing.assert_allclose(clf.coef_[k] * scale, alone.coef_[0] * scale, 0, 1e-9 * size)
        assert clf.intercept_[k] == pytest.approx(alone.intercept_[0], abs=1e-8 * size)


@every_solver
@pytest.mark.parametrize("y", [CLASSES, INDICATOR, SHARES], ids=["classes", "indicator", "shares"])
def test_each_problem_reaches_its_own_outside_optimum(solver, y):
    clf = fit(y, weight=WEIGHT, solver=solver)
    columns = y if y.ndim == 2 else (y[:, np.newaxis] == np.arange(3)).astype(float)
    assert clf.optimality_.shape == clf.n_iter_.shape == (3,)
    assert (clf.optimality_ <= 1e-8).all()
    for k, column in enumerate(columns.T):
        u, v = WEIGHT * column, WEIGHT * (1 - column)
        problem = BCEClassifier()
        problem.coef_, problem.intercept_ = clf.coef_[[k]], clf.intercept_[[k]]
        best = objective(outside_optimum(X, u, v), X, u, v)
        assert objective(problem, X, u, v) <= best * (1 + 1e-8)


def test_digits_against_scikit_learn():
    data, y = load_digits(return_X_y=True)
    clf = fit(y, data)
    theirs = OneVsRestClassifier(LogisticRegression(solver="newton-cholesky", tol=1e-10))
    theirs.fit(data, y)
    np.testing.assert_array_equal(clf.predict(data), theirs.predict(data))
    np.testing.assert_allclose(
        clf.decision_function(data), theirs.decision_function(data), rtol=1e-4, atol=1e-4
    )
    np.testing.assert_allclose(clf.predict_proba(data), theirs.predict_proba(data), atol=1e-6)


@pytest.mark.parametrize("y", [(CLASSES > 0).astype(int), np.array(["a", "b"])[CLASSES % 2]])
def test_two_classes_are_what_bce_classifier_gives(y):
    clf, binary = fit(y, weight=WEIGHT), BCEClassifier().fit(X, y, WEIGHT)
    assert clf.coef_.tobytes() == binary.coef_.tobytes()
    assert clf.coef_.shape == (1, X.shape[1])
    assert clf.optimality_ == binary.optimality_
    for method in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        np.testing.assert_array_equal(getattr(clf, method)(X), getattr(binary, method)(X))


def test_one_reading_answers_all(monkeypatch):
    readings = []
    together = _shared._evaluate

    def count(matrix, objectives, thetas):
        readings.append(len(objectives))
        return together(matrix, objectives, thetas)

    monkeypatch.setitem(_shared._TOGETHER, "evaluate", count)
    data, y = load_digits(return_X_y=True)
    clf = fit(y, data)
    # As many as the slowest problem needs, not as all of them together.
    assert len(readings) <= 2 * clf.n_iter_.max()
    assert max(readings) == 10
    assert readings[-1] < 10  # those that have converged ask for nothing more


def test_tiles_change_nothing(monkeypatch):
    whole = fit(INDICATOR, solver="lbfgs", tol=1e-14)
    monkeypatch.setattr(_fit, "problems_at_once", lambda *shape: 2)
    tiled = fit(INDICATOR, solver="lbfgs", tol=1e-14)
    np.testing.assert_allclose(tiled.coef_, whole.coef_, rtol=1e-6)


# -- forms of y and of the weights


@pytest.mark.parametrize("labels", [["x", "y", "z"], [3, 7, 11], [0.5, 1.5, 2.0]], ids=str)
def test_class_labels_of_any_type(labels):
    if labels[0] == 0.5:
        with pytest.raises(ValueError, match="Unknown label type: continuous"):
            fit(np.array(labels)[CLASSES])
        return
    clf = fit(np.array(labels)[CLASSES])
    assert clf.classes_.tolist() == labels
    assert set(clf.predict(X)) <= set(labels)
    assert clf.score(X, np.array(labels)[CLASSES]) == np.mean(
        clf.predict(X) == np.array(labels)[CLASSES]
    )


@pytest.mark.parametrize(
    "form",
    [
        np.asarray,
        lambda y: y.tolist(),
        lambda y: y.astype(bool),
        lambda y: y.astype(np.uint8),
        lambda y: y.astype(np.float32),
        sp.csr_matrix,
        sp.csr_array,
        sp.csc_array,
    ],
)
def test_multilabel_indicators(form):
    y = form(INDICATOR)
    clf = fit(y)
    np.testing.assert_array_equal(clf.coef_, fit(INDICATOR).coef_)
    predicted = clf.predict(X)
    assert clf.multilabel_
    assert sp.issparse(predicted) == sp.issparse(y)
    assert predicted.dtype == (np.asarray(y) if isinstance(y, list) else y).dtype
    plain = predicted.toarray() if sp.issparse(predicted) else np.asarray(predicted)
    np.testing.assert_array_equal(plain.astype(int), (clf.decision_function(X) > 0).astype(int))
    assert clf.score(X, y) == np.mean((plain == INDICATOR).all(axis=1))


def test_soft_multilabel_score_is_the_expected_share():
    clf = fit(SHARES)
    right = np.where(clf.predict(X) > 0, SHARES, 1 - SHARES).prod(axis=1)
    assert clf.score(X, SHARES, WEIGHT) == pytest.approx(np.average(right, weights=WEIGHT))


@pytest.mark.parametrize("kind", [sp.csr_array, sp.csc_matrix])
def test_score_of_sparse_labels_is_that_of_dense_ones(kind):
    shares = np.where(SHARES < 0.2, 0.0, SHARES)
    for y in (shares, INDICATOR.astype(bool), INDICATOR.astype(np.uint8)):
        clf, dense = fit(kind(y)), fit(y)
        assert clf.score(X, kind(y), WEIGHT) == pytest.approx(dense.score(X, y, WEIGHT))
        assert clf.score(X, kind(y)) > 0.0


@pytest.mark.parametrize("y", [INDICATOR[:, :1], INDICATOR[:, 0], sp.csr_array(INDICATOR[:, :1])])
def test_score_needs_a_column_for_each_label(y):
    with pytest.raises(ValueError, match="y must have a column for each of the 3 labels"):
        fit(INDICATOR).score(X, y)
    with pytest.raises(ValueError, match="Unknown label type"):
        fit(INDICATOR).score(X, 2 * INDICATOR)


def test_weights_for_each_problem():
    weights = np.column_stack([WEIGHT, np.ones(len(X)), WEIGHT**2])
    clf = fit(CLASSES, weight=weights, tol=1e-20)
    for k in range(3):
        alone = BCEClassifier(tol=1e-20).fit(X, np.equal(CLASSES, k), weights[:, k])
        np.testing.assert_allclose(clf.coef_[k], alone.coef_[0], rtol=1e-6)


def test_class_weight_dict_weighs_rows_by_their_class():
    weights = {0: 0.5, 1: 2.0, 2: 3.0}
    by_class = fit(CLASSES, class_weight=weights, tol=1e-14)
    by_row = fit(CLASSES, weight=np.array([0.5, 2.0, 3.0])[CLASSES], tol=1e-14)
    np.testing.assert_array_equal(by_class.coef_, by_row.coef_)
    with pytest.raises(ValueError, match=r"class_weight cannot be a dict for.*pos_weight"):
        fit(INDICATOR, class_weight=weights)
    with pytest.raises(ValueError, match="the sum of all weights overflows"):
        fit(CLASSES, weight=np.full(len(CLASSES), 1e20), class_weight=dict.fromkeys(weights, 1e300))


def test_pos_weight_for_each_label():
    clf = fit(INDICATOR, pos_weight=[1.0, 2.0, 5.0], tol=1e-20)
    for k, factor in enumerate([1.0, 2.0, 5.0]):
        alone = BCEClassifier(pos_weight=factor, tol=1e-20).fit(X, INDICATOR[:, k])
        np.testing.assert_allclose(clf.coef_[k], alone.coef_[0], rtol=1e-6)
    same = fit(INDICATOR, pos_weight=pd.Series([1.0, 2.0, 5.0]), tol=1e-20)
    np.testing.assert_array_equal(same.coef_, clf.coef_)
    with pytest.raises(ValueError, match="pos_weight must have one value for each of the 3 labels"):
        fit(INDICATOR, pos_weight=[1.0, 2.0])


def test_labels_of_several_types_are_refused():
    with pytest.raises(ValueError, match="y mixes labels of several types"):
        fit(np.array(["a", *CLASSES[1:].tolist()], dtype=object))


def test_two_classes_are_no_indicator_whatever_was_fitted_before():
    clf, y = fit(INDICATOR), (CLASSES > 0).astype(int)
    assert clf.indicator_form_ != ("", "")
    for learn in (clf.fit, lambda X, y: clf.fit_blocks([(X, y)]), OneVsRestBCEClassifier().fit):
        assert learn(X, y).indicator_form_ == ("", "")


@pytest.mark.parametrize("convert", [np.asarray, sp.csr_array], ids=["dense", "sparse"])
def test_a_column_vector_is_no_multilabel_y(convert):
    with pytest.warns(DataConversionWarning, match="A column-vector y was passed"):
        clf = fit(convert(CLASSES[:, np.newaxis]))
    np.testing.assert_array_equal(clf.coef_, fit(CLASSES).coef_)


@pytest.mark.parametrize(
    "learn",
    [
        lambda clf, y: clf.fit(X, y),
        lambda clf, y: clf.fit_blocks([(X, y)]),
        lambda clf, y: clf.partial_fit(X, y, classes=[0, 1]),
    ],
    ids=["fit", "fit_blocks", "partial_fit"],
)
def test_two_classes_have_one_pos_weight(learn):
    y = (CLASSES > 0).astype(int)
    clf = learn(OneVsRestBCEClassifier(pos_weight=[3.0]), y)
    one = learn(OneVsRestBCEClassifier(pos_weight=3.0), y)
    np.testing.assert_array_equal(clf.coef_, one.coef_)
    with pytest.raises(ValueError, match="pos_weight must have one value for each of the 1 labels"):
        learn(OneVsRestBCEClassifier(pos_weight=[3.0, 1.0]), y)


# -- probabilities


def test_multiclass_probabilities():
    clf = fit(CLASSES)
    z = clf.decision_function(X)
    sigmoids = 1 / (1 + np.exp(-z))
    p = clf.predict_proba(X)
    np.testing.assert_allclose(p, sigmoids / sigmoids.sum(axis=1, keepdims=True), rtol=1e-12)
    np.testing.assert_allclose(np.log(p), clf.predict_log_proba(X), rtol=1e-12)
    np.testing.assert_array_equal(clf.classes_[p.argmax(axis=1)], clf.predict(X))
    independent = fit(CLASSES, normalize=False)
    np.testing.assert_allclose(independent.predict_proba(X), sigmoids, rtol=1e-12)


def test_probabilities_where_every_sigmoid_underflows():
    clf = fit(CLASSES)
    clf.intercept_ = np.array([-2000.0, -2001.0, -2002.0])
    clf.coef_ = np.zeros_like(clf.coef_)
    np.testing.assert_allclose(clf.predict_proba(X[:1]).sum(), 1.0)
    assert np.isfinite(clf.predict_log_proba(X[:1])).all()


def test_multilabel_probabilities_are_strictly_inside():
    clf = fit(INDICATOR)
    clf.coef_ = clf.coef_ * 1e6
    p = clf.predict_proba(X)
    assert np.all(p > 0.0) and np.all(p < 1.0)


# -- corners


@pytest.mark.parametrize("layout", [np.asarray, sp.csr_array])
@pytest.mark.parametrize(("value", "words"), [(1, "in all training"), (0, "in no training")])
def test_constant_labels(layout, value, words):
    y = INDICATOR.copy()
    y[:, 1] = value
    with pytest.warns(UserWarning, match=rf"Label 1 is present {words}") as caught:
        clf = fit(layout(y))
    assert caught[0].filename == __file__
    others = fit(INDICATOR)
    np.testing.assert_array_equal(clf.coef_[[0, 2]], others.coef_[[0, 2]])
    assert (clf.coef_[1] == 0).all()
    p = clf.predict_proba(X)[:, 1]
    assert p.min() == p.max() == pytest.approx((value * len(X) + 0.5) / (len(X) + 1))
    assert clf.n_iter_[1] == 1 and clf.optimality_[1] == 0.0


def test_a_handful_of_rows_in_a_hundred_thousand():
    rng = np.random.default_rng(0)
    data = rng.normal(size=(100_000, 3))
    y = np.zeros(len(data), int)
    y[np.argsort(data[:, 0] + rng.normal(size=len(data)))[-5:]] = 1
    y[rng.choice(len(data), 7, replace=False)] = 2
    clf = fit(y, data)
    assert (clf.optimality_ <= 1e-8).all()
    sums = (1 / (1 + np.exp(-clf.decision_function(data)))).sum(axis=0)
    np.testing.assert_allclose(sums, np.bincount(y), rtol=1e-4)  # the intercepts are free


def test_ties_go_to_the_first_class():
    clf = fit(CLASSES)
    clf.coef_, clf.intercept_ = np.zeros_like(clf.coef_), np.array([1.0, 2.0, 2.0])
    assert set(clf.predict(X)) == {1}


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (INDICATOR * 2, "Unknown label type"),
        (SHARES * 3, "Unknown label type: continuous-multioutput"),
        (SHARES - 1, "Unknown label type: continuous-multioutput"),
        (np.where(SHARES > 0.5, np.nan, 0.0), "Input y contains NaN"),
        (SHARES[:, 0] * 7, "Unknown label type: continuous"),
        (INDICATOR[:-1], "inconsistent numbers of samples"),
        (np.zeros(len(X), int), "only one class"),
    ],
)
def test_bad_targets(y, message):
    with pytest.raises(ValueError, match=message):
        fit(y)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.ones((len(X), 2)), "must be 1D array or scalar"),
        (-WEIGHT, "must not be negative"),
        (-np.ones((len(X), 3)), "must not be negative; its smallest entry is -1.0"),
    ],
)
def test_bad_weights(weight, message):
    with pytest.raises(ValueError, match=message):
        fit(CLASSES, weight=weight)


@pytest.mark.parametrize("value", [1e200, 1e300])
@pytest.mark.parametrize("layout", ["C", "F", "csr_array"])
@every_solver
def test_a_row_of_weight_zero_may_hold_anything_finite(solver, layout, value):
    wild = LAYOUTS[layout](np.vstack([X * 1e-10, np.full((1, X.shape[1]), value)]))
    y, weight = np.vstack([SHARES, [[1.0, 0.0, 1.0]]]), np.append(WEIGHT, 0.0)
    parameters = {"C": np.inf, "solver": solver, "tol": 1e-12}
    clf = fit(y, wild, weight, **parameters)
    tame = fit(SHARES, X * 1e-10, WEIGHT, **parameters)
    np.testing.assert_allclose(clf.coef_, tame.coef_, rtol=1e-6)


def test_warm_start():
    clf = fit(INDICATOR, warm_start=True)
    first = clf.n_iter_.copy()
    assert (clf.fit(X, INDICATOR).n_iter_ < first).all()
    with pytest.raises(ValueError, match="warm_start=True continues"):
        clf.fit(X, INDICATOR[:, :2])


def test_a_warning_names_the_label():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit(np.array(["x", "y", "z"])[CLASSES], max_iter=1)
    messages = [str(warning.message) for warning in caught]
    assert len(messages) == 3
    assert {warning.filename for warning in caught} == {__file__}
    assert "OneVsRestBCEClassifier, label 'y' did not converge" in messages[1]


def test_inside_scikit_learn():
    data, y = load_iris(return_X_y=True)
    assert fit(y, data, C=100.0).score(data, y) > 0.95
    data, y = make_multilabel_classification(200, random_state=0)
    clf = fit(y, data.astype(np.float32))
    assert clf.coef_.dtype == clf.predict_proba(data.astype(np.float32)).dtype == np.float32
    assert clf.sparsify().score(data.astype(np.float32), y) > 0.3


def test_verbose_names_the_label(capsys):
    clf = fit(INDICATOR, verbose=1)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == clf.n_iter_.sum()
    assert lines[0].startswith("OneVsRestBCEClassifier, label 0: iteration")


def test_nothing_but_constant_labels():
    with pytest.warns(UserWarning, match="Label"):
        clf = fit(np.column_stack([np.ones(len(X), int), np.zeros(len(X), int)]))
    np.testing.assert_array_equal(clf.predict(X[:2]), [[1, 0], [1, 0]])


def test_warm_start_from_labels_that_are_no_features():
    X = np.random.default_rng(0).normal(size=(40, 3))
    clf = OneVsRestBCEClassifier(warm_start=True).fit(X[:, :1], X > 0)
    with pytest.raises(ValueError, match=r"coef_ of shape \(3, 1\), but X and y ask for \(1, 3\)"):
        clf.fit(X, X[:, 0] > 0)


def test_repeated_entries_of_a_sparse_indicator_are_summed():
    X, entries = np.arange(4.0)[:, np.newaxis], np.array([0.5, 0.5, 1.0, 1.0])
    halves = sp.csr_array((entries, [0, 0, 1, 1], [0, 2, 3, 4, 4]), shape=(4, 2))
    clf = OneVsRestBCEClassifier().fit(X, halves)
    np.testing.assert_array_equal(
        clf.coef_, OneVsRestBCEClassifier().fit(X, halves.todense()).coef_
    )
    assert halves.nnz == 4
    with pytest.raises(ValueError, match="must be an indicator matrix of 0 and 1"):
        OneVsRestBCEClassifier().fit(X, 2.0 * halves)
