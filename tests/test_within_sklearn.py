"""BCEClassifier inside scikit-learn's tools."""

import pickle

import joblib
import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.feature_selection import RFE, SelectFromModel
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer, log_loss, make_scorer
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_bce import BCEClassifier

X, Y = load_breast_cancer(return_X_y=True)
NAMES = np.array(["malignant", "benign"])[Y]
CALIBRATIONS = ["sigmoid", "isotonic", "temperature"]
if sklearn.__version__ < "1.8":  # which brought temperature scaling
    CALIBRATIONS.remove("temperature")

META_ESTIMATORS = {
    **{f"calibrated {m}": CalibratedClassifierCV(BCEClassifier(), method=m) for m in CALIBRATIONS},
    "tuned threshold": TunedThresholdClassifierCV(BCEClassifier()),
    "fixed threshold": FixedThresholdClassifier(BCEClassifier(), threshold=0.3),
    "voting": VotingClassifier(
        [("bce", BCEClassifier()), ("focal", BCEClassifier(gamma=2.0))], voting="soft"
    ),
    "stacking": StackingClassifier([("bce", BCEClassifier())], BCEClassifier()),
    "bagging": BaggingClassifier(BCEClassifier(), n_estimators=3, random_state=0),
    "RFE": RFE(BCEClassifier(), n_features_to_select=10, step=10),
    "select": make_pipeline(StandardScaler(), SelectFromModel(BCEClassifier()), BCEClassifier()),
}


@pytest.mark.parametrize("name", META_ESTIMATORS)
@pytest.mark.parametrize("y", [Y, NAMES], ids=["int", "str"])
def test_meta_estimators(name, y):
    clf = clone(META_ESTIMATORS[name]).fit(X, y)
    assert clf.score(X, y) > 0.93
    assert clf.predict_proba(X).shape == (len(y), 2)


def test_grid_search_over_a_pipeline_in_two_processes():
    grid = {
        "bceclassifier__C": [0.1, 1.0],
        "bceclassifier__gamma": [0.0, (1.0, 2.0)],
        "bceclassifier__label_smoothing": [0.0, 0.05],
    }
    pipeline = make_pipeline(StandardScaler(), BCEClassifier())
    search = GridSearchCV(pipeline, grid, scoring="neg_log_loss", cv=3, n_jobs=2).fit(X, NAMES)
    assert search.best_score_ > -0.1
    alone = clone(search.best_estimator_).fit(X, NAMES)
    np.testing.assert_array_equal(alone.predict_proba(X), search.predict_proba(X))


def test_cross_validation_agrees_with_logistic_regression():
    ours = make_pipeline(StandardScaler(), BCEClassifier())
    theirs = make_pipeline(StandardScaler(), LogisticRegression(tol=1e-8, max_iter=1000))
    for scoring in ("accuracy", "roc_auc", "neg_log_loss", "average_precision"):
        np.testing.assert_allclose(
            cross_val_score(ours, X, Y, scoring=scoring),
            cross_val_score(theirs, X, Y, scoring=scoring),
            rtol=1e-4,
        )
    for method in ("predict", "predict_proba", "decision_function", "predict_log_proba"):
        np.testing.assert_allclose(
            cross_val_predict(ours, X, Y, method=method),
            cross_val_predict(theirs, X, Y, method=method),
            rtol=1e-3,
            atol=1e-4,
        )


def test_soft_labels_in_cross_validation():
    soft = np.clip(Y, 0.02, 0.9)
    scores = cross_val_score(make_pipeline(StandardScaler(), BCEClassifier()), X, soft)
    assert scores.min() > 0.8  # expected accuracy needs no other scorer

    def soft_loss(y, p):
        return -np.mean(y * np.log(p) + (1 - y) * np.log1p(-p))

    scorer = make_scorer(soft_loss, response_method="predict_proba", greater_is_better=False)
    search = GridSearchCV(BCEClassifier(), {"C": [1e-4, 1.0]}, scoring=scorer, cv=3).fit(X, soft)
    assert search.best_params_ == {"C": 1.0}


def test_permutation_importance():
    clf = make_pipeline(StandardScaler(), BCEClassifier()).fit(X, Y)
    result = permutation_importance(clf, X, Y, n_repeats=2, random_state=0)
    assert result.importances_mean.max() > 0.01


@pytest.mark.parametrize("how", ["pickle", "joblib", "clone"])
def test_copies(how, tmp_path):
    clf = BCEClassifier(C=3.0, gamma=(0.5, 1.0), class_weight={0: 1, 1: 2}).fit(X, Y)
    if how == "pickle":
        copy = pickle.loads(pickle.dumps(clf))
    elif how == "joblib":
        joblib.dump(clf, tmp_path / "clf.joblib")
        copy = joblib.load(tmp_path / "clf.joblib", mmap_mode="r")
    else:
        copy = clone(clf)
        assert not hasattr(copy, "coef_")
        copy.fit(X, Y)
    assert copy.get_params() == clf.get_params()
    np.testing.assert_array_equal(copy.predict_proba(X), clf.predict_proba(X))


def test_routed_weights():
    weight = np.random.default_rng(0).uniform(0, 2, len(Y))
    with sklearn.config_context(enable_metadata_routing=True):
        clf = BCEClassifier().set_fit_request(sample_weight=True)
        scorer = get_scorer("neg_log_loss").set_score_request(sample_weight=True)
        pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), clf)
        search = GridSearchCV(pipeline, {"bceclassifier__C": [1.0]}, scoring=scorer, cv=3)
        search.fit(X, Y, sample_weight=weight)
    best = search.best_estimator_
    direct = BCEClassifier().fit(best[0].transform(X), Y, weight)
    np.testing.assert_allclose(best[-1].coef_, direct.coef_, rtol=1e-12)


def test_html_repr_links_to_the_documentation():
    html = BCEClassifier().fit(X, Y)._repr_html_()
    assert "generated/sklearn_bce.BCEClassifier.html" in html


def test_fits_side_by_side():
    fits = [joblib.delayed(BCEClassifier(C=C).fit)(X, Y) for C in (0.1, 1.0, 10.0) * 3]
    results = joblib.Parallel(n_jobs=4, prefer="threads")(fits)
    for clf, C in zip(results, (0.1, 1.0, 10.0) * 3, strict=True):
        assert clf.coef_.tobytes() == BCEClassifier(C=C).fit(X, Y).coef_.tobytes()


def test_log_loss_is_the_objective_without_penalty():
    clf = BCEClassifier(C=1e4, label_smoothing=0.0).fit(X, Y)
    mean_loss = log_loss(Y, clf.predict_proba(X))
    penalty = (clf.coef_**2).sum() / 2 / (1e4 * len(Y))
    assert clf.loss_curve_[-1] == pytest.approx(mean_loss + penalty, rel=1e-9)
