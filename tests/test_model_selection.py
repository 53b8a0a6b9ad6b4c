"""Folds, hard rows and predictions for soft labels."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
import sklearn
from sklearn.base import BaseEstimator, clone
from sklearn.kernel_ridge import KernelRidge
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    ShuffleSplit,
    StratifiedKFold,
    cross_val_predict,
)
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_bce import BCEClassifier, OneVsRestBCEClassifier
from sklearn_bce.model_selection import (
    SoftStratifiedKFold,
    expand_soft_labels,
    soft_cross_val_predict,
)
from tests.problems import partly_sure_problem

X, HARD, SOFT, W = partly_sure_problem()

# -- SoftStratifiedKFold

LABELS = {
    "soft": lambda n, rng: rng.random(n),
    "near 0": lambda n, rng: rng.beta(0.05, 2.0, n),
    "hard": lambda n, rng: rng.integers(0, 2, n),
    "rare": lambda n, rng: rng.random(n) < 0.1,
    "thirds": lambda n, rng: rng.integers(0, 4, n).astype(np.float32) / 3,
    "constant": lambda n, rng: np.full(n, 0.5),
    "sorted": lambda n, rng: np.linspace(0.0, 1.0, n),
}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def folds(splitter, y):
    splits = list(splitter.split(np.zeros(len(y)), y))
    for train, test in splits:
        np.testing.assert_array_equal(np.sort(np.append(train, test)), np.arange(len(y)))
        assert (np.diff(test) > 0).all()
        assert (np.diff(train) > 0).all()
    tests = [test for _, test in splits]
    np.testing.assert_array_equal(np.sort(np.concatenate(tests)), np.arange(len(y)))
    return tests


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("kind", LABELS)
def test_folds_differ_by_at_most_one_row_above_any_label(kind, shuffle, rng):
    for seed in range(60):
        n_rows = int(rng.integers(2, 60))
        n_splits = int(rng.integers(2, min(n_rows, 12) + 1))
        y = LABELS[kind](n_rows, rng)
        splitter = SoftStratifiedKFold(
            n_splits, shuffle=shuffle, random_state=seed if shuffle else None
        )
        tests = folds(splitter, y)
        assert splitter.get_n_splits() == len(tests) == n_splits
        for t in np.append(-1.0, np.unique(y)):
            above = [np.sum(y[test] > t) for test in tests]
            assert max(above) - min(above) <= 1
        sums = [np.sum(y[test], dtype=float) for test in tests]
        assert max(sums) - min(sums) <= 1 + 1e-9


def test_means_of_folds_of_many_rows(rng):
    y = rng.beta(0.3, 0.7, 5000)
    means = [y[test].mean() for test in folds(SoftStratifiedKFold(5), y)]
    by_chance = [y[test].mean() for test in folds(KFold(5), y)]
    assert np.ptp(means) < 0.01 * np.ptp(by_chance)


@pytest.mark.parametrize("n_rows", [20, 57, 203])
def test_hard_labels_are_split_as_well_as_by_stratified_k_fold(n_rows, rng):
    y = rng.integers(0, 2, n_rows)
    for n_splits in (2, 3, 5):
        ours, theirs = (folds(cv(n_splits), y) for cv in (SoftStratifiedKFold, StratifiedKFold))
        for count in (len, lambda test: y[test].sum()):
            assert sorted(map(count, ours)) == sorted(map(count, theirs))
        for test in ours:  # equal labels stay in blocks: a few runs of rows, as theirs are
            for label in (0, 1):
                place = np.flatnonzero(np.isin(np.flatnonzero(y == label), test))
                assert np.ptp(place) == len(place) - 1


def test_folds_are_deterministic_or_seeded(rng):
    y = rng.random(40)

    def numbers(**options):
        return np.concatenate(folds(SoftStratifiedKFold(4, **options), y)).tolist()

    assert numbers() == numbers()
    seeded = [numbers(shuffle=True, random_state=seed) for seed in range(20)]
    assert seeded[3] == numbers(shuffle=True, random_state=3)
    assert len({tuple(order) for order in seeded}) == 20
    hard = np.repeat([0, 1], [30, 10])
    shuffled = folds(SoftStratifiedKFold(5, shuffle=True, random_state=0), hard)
    assert [hard[test].sum() for test in shuffled] == [2] * 5
    assert any(np.ptp(test[:6]) > 5 for test in shuffled)  # no longer block by block


@pytest.mark.parametrize(
    ("n_splits", "y", "message"),
    [
        (2, [0.5, 2.0, 0.1], r"y must be in \[0, 1\]. Got 2.0"),
        (2, ["a", "b", "a"], "y must hold numbers"),
        (2, [0.5, np.nan, 0.1], "contains NaN"),
        (2, [[0.5], [0.5], [0.1]], "y must have one column"),
        (4, [0.5, 0.5, 0.1], "n_splits=4 folds are more than the 3 rows"),
        (2, [0.5, 0.5], "inconsistent numbers of samples"),
    ],
)
def test_bad_labels_for_folds(n_splits, y, message):
    with pytest.raises(ValueError, match=message):
        list(SoftStratifiedKFold(n_splits).split(np.zeros((3, 1)), y))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_splits": 1}, "at least one train/test split"),
        ({"n_splits": 2.5}, "number of folds must be of Integral type"),
        ({"random_state": 0}, "shuffle"),
    ],
    ids=str,
)
def test_bad_folds(options, message):
    with pytest.raises(ValueError, match=message):
        SoftStratifiedKFold(**options)


# -- expand_soft_labels


def test_expanded_rows():
    rows = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]])
    X2, y2, w2, groups = expand_soft_labels(rows, [0.25, 1.0, 0.0, 0.5], [4.0, 2.0, 1.0, 0.0])
    np.testing.assert_array_equal(X2, rows[[0, 0, 1, 2, 3, 3]])
    assert y2.tolist() == [1, 0, 1, 0, 1, 0]
    assert w2.tolist() == [1.0, 3.0, 2.0, 1.0, 0.0, 0.0]
    assert groups.tolist() == [0, 0, 1, 2, 3, 3]
    assert (y2.dtype, w2.dtype, groups.dtype) == (np.int64, np.float64, np.int64)


KINDS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "float32": lambda X: X.astype(np.float32),
    "int": lambda X: np.round(X).astype(np.int16),
    "csr_array": sp.csr_array,
    "csr_matrix": lambda X: sp.csr_matrix(X.astype(np.float32)),
    "csc_array": sp.csc_array,
    "csc_matrix": sp.csc_matrix,
    "DataFrame": lambda X: pd.DataFrame(X, columns=list("abcde")).assign(a=1, b="text"),
    "polars": lambda X: pl.DataFrame(X, schema=list("abcde")),
}


def comparable(X):
    return X.toarray() if sp.issparse(X) else np.asarray(X)


@pytest.mark.parametrize("kind", KINDS)
def test_expanded_rows_keep_their_kind(kind):
    given = KINDS[kind](X)
    before = comparable(given).copy()
    expanded, _, _, groups = expand_soft_labels(given, SOFT, W)
    assert type(expanded) is type(given)
    if isinstance(given, pd.DataFrame):
        assert expanded.dtypes.equals(given.dtypes)
    elif kind != "polars":
        assert expanded.dtype == given.dtype
    np.testing.assert_array_equal(comparable(expanded), before[groups])
    np.testing.assert_array_equal(comparable(given), before)


@pytest.mark.parametrize("make", [sp.coo_array, sp.dia_array, sp.bsr_array, sp.lil_array])
def test_other_sparse_formats_become_csr(make):
    rows = np.diag([1.0, 2.0, 3.0, 4.0])
    expanded, _, _, groups = expand_soft_labels(make(rows), [0.5, 1.0, 0.2, 0.0])
    assert isinstance(expanded, sp.csr_array)
    np.testing.assert_array_equal(expanded.toarray(), rows[groups])


def test_lists_of_texts_can_be_expanded():
    texts, y, _, _ = expand_soft_labels(["good", "so so", "bad"], [1.0, 0.5, 0.0])
    assert list(texts) == ["good", "so so", "so so", "bad"]
    assert y.tolist() == [1, 1, 0, 0]


@pytest.mark.parametrize("options", [{}, {"gamma": (1.0, 2.0)}, {"label_smoothing": 0.1}], ids=str)
def test_expanded_rows_give_the_same_fit(options):
    clf = BCEClassifier(tol=1e-16, class_weight={0: 1.0, 1: 2.0}, **options)
    soft = clone(clf).fit(X, SOFT.astype(float), W)
    X2, y2, w2, _ = expand_soft_labels(X, SOFT, W)
    hard = clone(clf).fit(X2, y2, w2)
    np.testing.assert_allclose(
        hard.decision_function(X), soft.decision_function(X), rtol=1e-6, atol=1e-7
    )


def test_expanded_weights_hold_the_mass_of_each_row():
    _, y2, w2, groups = expand_soft_labels(X, SOFT, W)
    np.testing.assert_allclose(np.bincount(groups, w2), W, rtol=1e-15)
    np.testing.assert_allclose(np.bincount(groups, w2 * y2), W * SOFT, rtol=1e-15)
    whole = (SOFT == 0.0) | (SOFT == 1.0)
    np.testing.assert_array_equal(np.bincount(groups) == 1, whole)


@pytest.mark.parametrize(
    ("y", "weight", "message"),
    [
        ([0.5, 1.2], None, r"y must be in \[0, 1\]. Got 1.2"),
        ([0.5], None, "inconsistent numbers of samples"),
        (None, None, "y must be an array of numbers. Got None"),
        ([[0.5], [0.5]], None, "y must have one column"),
        ([0.5, 0.5], [1.0, -1.0], "must not be negative"),
        ([0.5, 0.5], [1.0], "sample_weight.shape"),
    ],
)
def test_bad_labels_to_expand(y, weight, message):
    with pytest.raises(ValueError, match=message):
        expand_soft_labels(np.zeros((2, 1)), y, weight)


def test_malformed_sparse_rows_are_refused():
    broken = sp.csr_array(X)
    broken.indices[0] = 99
    with pytest.raises(ValueError, match="malformed sparse matrix"):
        expand_soft_labels(broken, SOFT)


# -- soft_cross_val_predict


class Remembers(BaseEstimator):
    """Predicts the labels and weights that it was fitted to."""

    def fit(self, X, y, sample_weight=None):
        self.seen_ = {row: label for row, label in zip(X[:, 0], y, strict=True)}
        self.weight_ = sample_weight
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        values = sorted(set(self.seen_.values()))
        total = 0.0 if self.weight_ is None else self.weight_.sum()
        return np.array([[len(values), values[0], values[-1], total]] * len(X))

    decision_function = predict = predict_proba


@pytest.mark.parametrize("method", ["predict_proba", "decision_function"])
def test_soft_labels_reach_the_fit_as_they_are(method):
    rows, y = np.arange(20.0)[:, np.newaxis], np.tile([0.1, 0.9], 10)
    encoded = cross_val_predict(Remembers(), rows, y, cv=KFold(2), method=method)
    assert set(encoded[:, 2]) <= {0, 1}  # scikit-learn's: what the helper is for
    got = soft_cross_val_predict(
        Remembers(), rows, y, cv=2, params={"sample_weight": np.ones(20)}, method=method
    )
    np.testing.assert_array_equal(got, [[2, 0.1, 0.9, 10.0]] * 20)


@pytest.mark.parametrize("method", ["predict_proba", "decision_function", "predict"])
@pytest.mark.parametrize("cv", [None, 3, KFold(4, shuffle=True, random_state=0)], ids=str)
def test_predictions_are_those_of_the_folds(method, cv):
    pipeline = make_pipeline(StandardScaler(), BCEClassifier())
    weights = {"bceclassifier__sample_weight": W}
    got = soft_cross_val_predict(pipeline, X, SOFT, cv=cv, params=weights, method=method)
    splitter = cv if isinstance(cv, KFold) else SoftStratifiedKFold(cv or 5)
    for train, test in splitter.split(X, SOFT):
        scaler = StandardScaler().fit(X[train])
        clf = BCEClassifier().fit(scaler.transform(X[train]), SOFT[train], W[train])
        np.testing.assert_array_equal(got[test], getattr(clf, method)(scaler.transform(X[test])))
    assert not hasattr(pipeline[-1], "coef_")


def test_hard_labels_are_predicted_as_by_scikit_learn():
    clf = BCEClassifier()
    for method in ("predict", "predict_proba"):
        theirs = cross_val_predict(clf, X, HARD, cv=StratifiedKFold(3), method=method)
        ours = soft_cross_val_predict(clf, X, HARD, cv=StratifiedKFold(3), method=method)
        np.testing.assert_array_equal(ours, theirs)


def test_several_labels_sparse_rows_groups_and_processes():
    Y = np.column_stack([SOFT, 1.0 - SOFT**2, HARD])
    groups = np.arange(120) // 3
    got = soft_cross_val_predict(
        OneVsRestBCEClassifier(), sp.csr_array(X), Y, groups=groups, cv=GroupKFold(4), n_jobs=2
    )
    for train, test in GroupKFold(4).split(X, groups=groups):
        clf = OneVsRestBCEClassifier().fit(sp.csr_array(X[train]), Y[train])
        np.testing.assert_allclose(got[test], clf.predict_proba(sp.csr_array(X[test])), rtol=1e-9)
    assert soft_cross_val_predict(OneVsRestBCEClassifier(), X, Y, cv=2).shape == Y.shape


def test_frames_stay_frames():
    frame = pd.DataFrame(X, columns=list("abcde"))
    clf = make_pipeline(StandardScaler().set_output(transform="pandas"), BCEClassifier())
    got = soft_cross_val_predict(clf, frame, pd.Series(SOFT))
    np.testing.assert_allclose(got, soft_cross_val_predict(clf, X, SOFT), rtol=1e-9)


def test_kernel_matrices_are_split_on_both_sides():
    kernel = KernelRidge(kernel="precomputed")
    got = soft_cross_val_predict(kernel, X @ X.T, SOFT, method="predict")
    expected = soft_cross_val_predict(KernelRidge(), X, SOFT, method="predict")
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-9)


def test_routed_weights_and_groups_reach_the_fit():
    groups = np.arange(120) // 3
    clf = BCEClassifier()
    with sklearn.config_context(enable_metadata_routing=True):
        got = soft_cross_val_predict(
            clf.set_fit_request(sample_weight=True),
            X,
            SOFT,
            cv=GroupKFold(4),
            params={"sample_weight": W, "groups": groups},
        )
    expected = soft_cross_val_predict(
        clf, X, SOFT, cv=GroupKFold(4), groups=groups, params={"sample_weight": W}
    )
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize(
    ("y", "cv", "message"),
    [
        (SOFT + 1.0, None, r"y must be in \[0, 1\]"),
        (np.where(HARD == 1, "yes", "no"), None, "y must hold numbers"),
        (SOFT, ShuffleSplit(2), "only works for partitions"),
        (SOFT[:-1], None, "inconsistent numbers of samples"),
        (SOFT, 1, "at least one train/test split"),
    ],
    ids=["range", "text", "partition", "length", "one fold"],
)
def test_bad_predictions(y, cv, message):
    with pytest.raises(ValueError, match=message):
        soft_cross_val_predict(BCEClassifier(), X, y, cv=cv)


def test_a_list_with_an_array_for_each_label_becomes_one_array():
    X = np.random.default_rng(0).normal(size=(60, 2))
    Y = np.arange(60)[:, np.newaxis] // [1, 2, 4] % 2
    folds = KFold(4)
    predicted = soft_cross_val_predict(MultiOutputClassifier(BCEClassifier()), X, Y, cv=folds)
    assert predicted.shape == (60, 3, 2)
    for k in range(3):
        alone = soft_cross_val_predict(BCEClassifier(), X, Y[:, k], cv=folds)
        np.testing.assert_array_equal(predicted[:, k], alone)


@pytest.mark.parametrize("method", ["nix", None, 3])
def test_a_method_that_is_none(method):
    with pytest.raises(ValueError, match="method must name a method of the estimator, BCEClass"):
        soft_cross_val_predict(BCEClassifier(), np.eye(4), [0.1, 0.9, 0.3, 0.8], method=method)
