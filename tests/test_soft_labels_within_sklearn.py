"""The scorers for soft labels, and soft labels as hard rows, inside scikit-learn's tools."""

import copy

import numpy as np
import pytest
import sklearn
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    f1_score,
    log_loss,
    make_scorer,
    roc_auc_score,
)
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    TunedThresholdClassifierCV,
    cross_val_score,
    cross_validate,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_bce import BCEClassifier, metrics
from sklearn_bce.model_selection import (
    SoftStratifiedKFold,
    expand_soft_labels,
    soft_cross_val_predict,
)
from tests.problems import partly_sure_problem
from tests.test_real_data import vader

X, HARD, SOFT, W = partly_sure_problem()


@pytest.fixture
def rng():
    return np.random.default_rng(0)


# -- scorers in searches

SCORERS = {
    "neg_soft_log_loss": lambda *rows, **w: -log_loss(*rows, **w),
    "neg_soft_brier_score": lambda *rows, **w: -brier_score_loss(*rows, **w),
    "soft_roc_auc": roc_auc_score,
    "soft_average_precision": average_precision_score,
}


def score_of_hard_rows(name, clf, X, y, weight=None):
    X2, y2, w2, _ = expand_soft_labels(X, y, weight)
    return SCORERS[name](y2, clf.predict_proba(X2)[:, 1], sample_weight=w2)


@pytest.mark.parametrize("name", SCORERS)
def test_scores_in_cross_validation(name):
    scorer, cv = getattr(metrics, name), SoftStratifiedKFold(4)
    scores = cross_val_score(BCEClassifier(), X, SOFT, scoring=scorer, cv=cv)
    for score, (train, test) in zip(scores, cv.split(X, SOFT), strict=True):
        clf = BCEClassifier().fit(X[train], SOFT[train])
        expected = score_of_hard_rows(name, clf, X[test], SOFT[test])
        assert score == pytest.approx(expected, rel=1e-9)
        assert scorer(clf, X[test], SOFT[test], sample_weight=W[test]) == pytest.approx(
            score_of_hard_rows(name, clf, X[test], SOFT[test], W[test]), rel=1e-9
        )


@pytest.mark.parametrize("name", SCORERS)
def test_routed_weights_reach_the_scorer(name):
    cv = SoftStratifiedKFold(3)
    with sklearn.config_context(enable_metadata_routing=True):
        scorer = copy.deepcopy(getattr(metrics, name)).set_score_request(sample_weight=True)
        search = GridSearchCV(
            BCEClassifier().set_fit_request(sample_weight=True),
            {"C": [0.1, 10.0]},
            scoring=scorer,
            cv=cv,
        ).fit(X, SOFT, sample_weight=W)
    for k, (train, test) in enumerate(cv.split(X, SOFT)):
        for j, C in enumerate([0.1, 10.0]):
            clf = BCEClassifier(C=C).fit(X[train], SOFT[train], W[train])
            expected = score_of_hard_rows(name, clf, X[test], SOFT[test], W[test])
            got = search.cv_results_[f"split{k}_test_score"][j]
            assert got == pytest.approx(expected, rel=1e-9)


def test_search_over_a_pipeline_on_ten_raters_votes():
    letters, share, _ = vader()
    rows = np.arange(0, letters.shape[0], 4)
    letters, share = letters[rows], share[rows]
    pipeline = make_pipeline(StandardScaler(with_mean=False), BCEClassifier())
    search = GridSearchCV(
        pipeline,
        {"bceclassifier__C": [1e-5, 1e-3, 1e-1]},
        scoring={name: getattr(metrics, name) for name in SCORERS},
        refit="neg_soft_log_loss",
        cv=SoftStratifiedKFold(3, shuffle=True, random_state=0),
        n_jobs=2,
    ).fit(letters, share)
    table = np.array([search.cv_results_[f"mean_test_{name}"] for name in SCORERS])
    assert np.isfinite(table).all()
    # the middle one is best: the others learn nothing, or too much
    assert search.best_params_ == {"bceclassifier__C": 1e-3}
    assert -search.best_score_ < metrics.entropy([share.mean()])
    assert metrics.entropy(share) < -search.best_score_


def test_search_over_a_pipeline_that_starts_with_texts():
    texts = np.array(["good day", "so so", "bad day", "good", "bad", "so"] * 10)
    y = np.array([0.9, 0.5, 0.1, 1.0, 0.0, 0.4] * 10)
    search = GridSearchCV(
        make_pipeline(TfidfVectorizer(), BCEClassifier()),
        {"bceclassifier__C": [0.01, 1.0, 100.0]},
        scoring=metrics.neg_soft_log_loss,
        cv=SoftStratifiedKFold(),
    ).fit(texts, y)
    assert search.best_params_ == {"bceclassifier__C": 100.0}
    assert -search.best_score_ == pytest.approx(metrics.entropy(y), abs=0.02)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_log_loss_of_a_search_is_finite(dtype):
    class Sure(LogisticRegression):
        def predict_proba(self, X):
            return np.tile([0.0, 1.0], (len(X), 1)).astype(dtype)

    clf = Sure().fit(X, HARD)
    got = metrics.neg_soft_log_loss(clf, X, HARD)
    assert got == pytest.approx(-log_loss(HARD, clf.predict_proba(X)), rel=1e-6)
    assert metrics.soft_log_loss(HARD, clf.predict_proba(X)[:, 1]) == np.inf


def test_scorers_take_other_estimators_and_hard_labels():
    hard, rows = (
        load_breast_cancer().target,
        StandardScaler().fit_transform(load_breast_cancer().data),
    )
    names = ["neg_log_loss", "neg_brier_score", "roc_auc", "average_precision"]
    cv = StratifiedKFold(3)
    got = cross_validate(
        LogisticRegression(),
        rows,
        hard,
        cv=cv,
        scoring={name: getattr(metrics, name) for name in SCORERS},
    )
    expected = cross_validate(LogisticRegression(), rows, hard, cv=cv, scoring=names)
    for ours, theirs in zip(SCORERS, names, strict=True):
        np.testing.assert_allclose(got[f"test_{ours}"], expected[f"test_{theirs}"], rtol=1e-9)


# -- tools that refuse soft labels, by way of hard rows


def rows_with_probabilities(rng):
    rows = rng.normal(size=(600, 3))
    return rows, 1 / (1 + np.exp(-rows @ [1.0, -0.5, 0.3]))


@pytest.mark.parametrize("splitter", [GroupKFold, StratifiedGroupKFold])
def test_calibration_of_soft_labels(splitter, rng):
    rows, truth = rows_with_probabilities(rng)
    focal = BCEClassifier(gamma=5.0, C=1e3)  # probabilities too near 1/2
    before = np.abs(soft_cross_val_predict(focal, rows, truth)[:, 1] - truth).mean()
    X2, y2, w2, groups = expand_soft_labels(rows, truth)
    with pytest.raises(ValueError, match="continuous"):
        CalibratedClassifierCV(focal).fit(rows, truth)
    cv = list(splitter(3).split(X2, y2, groups))
    for train, test in cv:
        assert not set(groups[train]) & set(groups[test])
    calibrated = CalibratedClassifierCV(focal, cv=cv).fit(X2, y2, sample_weight=w2)
    after = np.abs(calibrated.predict_proba(rows)[:, 1] - truth).mean()
    assert after < 0.02 < 0.1 < before


@pytest.mark.parametrize("splitter", [GroupKFold, StratifiedGroupKFold])
def test_threshold_tuned_on_soft_labels(splitter, rng):
    rows, truth = rows_with_probabilities(rng)
    truth = truth**3  # few positives: the best F1 is not at 1/2
    clf = BCEClassifier()
    with pytest.raises(ValueError, match="binary"):
        TunedThresholdClassifierCV(clf).fit(rows, truth)
    X2, y2, w2, groups = expand_soft_labels(rows, truth)
    with sklearn.config_context(enable_metadata_routing=True):
        tuned = TunedThresholdClassifierCV(
            clf.set_fit_request(sample_weight=True),
            scoring=make_scorer(f1_score).set_score_request(sample_weight=True),
            cv=list(splitter(3).split(X2, y2, groups)),
            thresholds=np.linspace(0.1, 0.9, 81),
        ).fit(X2, y2, sample_weight=w2)
    soft_f1 = metrics.soften(f1_score)
    p = soft_cross_val_predict(clf, rows, truth)[:, 1]
    at_half, at_best = (soft_f1(truth, p >= t) for t in (0.5, tuned.best_threshold_))
    assert tuned.best_threshold_ < 0.45
    assert at_best > at_half
    best = max(soft_f1(truth, p >= t) for t in np.linspace(0.1, 0.9, 81))
    assert at_best > best - 0.005


def test_groups_keep_the_other_half_out_of_the_training_part(rng):
    # The labels are noise. Who remembers the other half of a row, says the opposite of this one.
    rows, y = rng.normal(size=(200, 2)), rng.choice([0.1, 0.9], 200)
    X2, y2, _, groups = expand_soft_labels(rows, y)
    nearest = KNeighborsClassifier(1)
    with_groups = cross_val_score(nearest, X2, y2, cv=GroupKFold(5), groups=groups)
    without = cross_val_score(nearest, X2, y2, cv=KFold(5, shuffle=True, random_state=0))
    assert abs(with_groups.mean() - 0.5) < 0.02  # of each pair one half is right
    assert without.mean() < 0.3
