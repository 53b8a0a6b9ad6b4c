"""BCEClassifierCV and bce_path, beside scikit-learn's searches and single fits."""

import copy
import pickle
import warnings
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegressionCV
from sklearn.metrics import make_scorer, roc_auc_score
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedKFold,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from sklearn_bce import BCEClassifier, BCEClassifierCV, SeparationWarning, bce_path
from sklearn_bce._neighbours import Groups, can_serve
from sklearn_bce.display import RegularizationPathDisplay
from sklearn_bce.metrics import neg_soft_log_loss
from sklearn_bce.model_selection import SoftStratifiedKFold
from tests.problems import LAYOUTS, LOSSES, SOLVERS, small_problem

# Scores are to agree to 1e-6: fits by two roads end within tol=1e-8 of
# the same minimum, mostly far below it, and their probabilities within the root of what is left.

CS = [1e-3, 0.1, 10.0, 1e3]
X, HARD, SOFT, WEIGHT = small_problem(n_rows=120)
CANCER = load_breast_cancer(return_X_y=True)


def searched(estimator, grid, X, y, cv, sample_weight=None, scorer=neg_soft_log_loss):
    """GridSearchCV, with weights in fits and scores; and its scores, (n_folds, n_points)."""
    with sklearn.config_context(enable_metadata_routing=True):
        scorer = copy.deepcopy(scorer).set_score_request(sample_weight=True)
        estimator = clone(estimator).set_fit_request(sample_weight=True)
        search = GridSearchCV(estimator, grid, scoring=scorer, cv=cv, error_score="raise")
        search.fit(X, y, sample_weight=sample_weight)
    results = search.cv_results_
    scores = [results[f"split{k}_test_score"] for k in range(search.n_splits_)]
    return search, np.array(scores)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weighted"])
@pytest.mark.parametrize("layout", ["C", "csr_array"])
@pytest.mark.parametrize("loss", LOSSES)
def test_choice_and_scores_are_those_of_a_grid_search(loss, layout, weight):
    parameters = {name: value for name, value in LOSSES[loss].items() if name != "gamma"}
    gamma = LOSSES[loss].get("gamma", 0.0)
    if gamma:  # the last step of a focal fit is not as good as Newton's
        parameters["tol"] = 1e-12
    data = LAYOUTS[layout](X)
    clf = BCEClassifierCV(Cs=CS, gammas=[gamma] if gamma else None, cv=3, **parameters)
    clf.fit(data, HARD, sample_weight=weight)
    estimator = BCEClassifier(gamma=gamma, **parameters)
    search, scores = searched(estimator, {"C": CS}, data, HARD, 3, weight)
    np.testing.assert_allclose(clf.scores_.reshape(3, len(CS)), scores, rtol=0, atol=1e-6)
    assert search.best_params_["C"] == clf.C_
    best = search.best_estimator_
    np.testing.assert_allclose(
        clf.decision_function(data), best.decision_function(data), rtol=1e-6, atol=1e-6
    )
    assert clf.loss_parameters_.keys() == best.loss_parameters_.keys()
    for name, value in best.loss_parameters_.items():
        np.testing.assert_allclose(clf.loss_parameters_[name], value, rtol=1e-12)


@pytest.mark.parametrize("layout", ["C", "csr_array"])
def test_l1_ratios_and_cs_of_a_grid_search(layout):
    ratios = [0.0, 0.5, 1.0]
    data = LAYOUTS[layout](X)
    clf = BCEClassifierCV(Cs=CS, l1_ratios=ratios, cv=3, tol=1e-10).fit(data, HARD, WEIGHT)
    grid = {"l1_ratio": ratios, "C": CS}
    search, scores = searched(BCEClassifier(tol=1e-10), grid, data, HARD, 3, WEIGHT)
    points = search.cv_results_["params"]
    places = [(ratios.index(each["l1_ratio"]), CS.index(each["C"])) for each in points]
    got = np.array([clf.scores_[:, r, c] for r, c in places]).T
    np.testing.assert_allclose(got, scores, rtol=0, atol=1e-6)
    assert search.best_params_ == {"l1_ratio": clf.l1_ratio_, "C": clf.C_}
    is_zero = clf.coefs_paths_[..., :-1] == 0.0
    assert is_zero[:, 1:, 0].any() and not is_zero[:, 0].any()


def test_l1_path_is_single_fits():
    path = bce_path(X, HARD, Cs=[*CS, np.inf, np.inf], l1_ratio=1.0, tol=1e-10)
    for C, coef, intercept in zip(path.Cs, path.coefs, path.intercepts, strict=True):
        single = BCEClassifier(C=C, l1_ratio=1.0, tol=1e-10).fit(X, HARD)
        np.testing.assert_allclose(X @ coef + intercept, single.decision_function(X), atol=1e-5)
        np.testing.assert_array_equal(coef == 0.0, single.coef_[0] == 0.0)


@pytest.mark.parametrize("loss", ["cross-entropy", "everything"])
def test_soft_labels(loss):
    parameters = dict(LOSSES[loss], probability="posterior")
    gamma = parameters.pop("gamma", 0.0)
    folds = list(SoftStratifiedKFold(4).split(X, SOFT))
    clf = BCEClassifierCV(Cs=CS, gammas=[gamma], cv=4, **parameters).fit(X, SOFT, WEIGHT)
    estimator = BCEClassifier(gamma=gamma, **parameters)
    search, scores = searched(estimator, {"C": CS}, X, SOFT, folds, WEIGHT)
    np.testing.assert_allclose(clf.scores_[:, 0, 0], scores, rtol=0, atol=1e-6)
    assert search.best_params_["C"] == clf.C_
    assert clf.classes_.tolist() == [0.0, 1.0]


def test_folds_are_stratified_by_default():
    y = np.array(["a", "b"])[HARD]
    for labels, splitter in (
        (y, StratifiedKFold(5)),
        (HARD.astype(float), StratifiedKFold(5)),
        (SOFT, SoftStratifiedKFold(5)),
    ):
        expected = BCEClassifierCV(Cs=[1.0], cv=splitter).fit(X, labels).scores_
        for cv in (None, 5, list(splitter.split(X, labels))):
            got = BCEClassifierCV(Cs=[1.0], cv=cv).fit(X, labels).scores_
            np.testing.assert_array_equal(got, expected)


SPLITS = {
    "masks": lambda: [
        (HARD * 0 + np.arange(120) % 3 != k, np.arange(120) % 3 == k) for k in (0, 1)
    ],
    "rows left out of both": lambda: [(np.arange(60), np.arange(60, 90))],
    "rows twice": lambda: [(np.r_[0:80, 10:30, 10:20], np.arange(80, 120)), (np.arange(50), [70])],
    "overlapping": lambda: ShuffleSplit(4, test_size=0.4, random_state=0),
    "repeated": lambda: RepeatedStratifiedKFold(n_splits=2, n_repeats=3, random_state=0),
    "many": lambda: KFold(40),
}


@pytest.mark.parametrize("kind", SPLITS)
def test_every_kind_of_split(kind):
    splits = SPLITS[kind]()
    splits = splits if isinstance(splits, list) else list(splits.split(X, HARD))
    clf = BCEClassifierCV(Cs=CS, cv=splits).fit(X, HARD)
    for k, (train, test) in enumerate(splits):
        for c, C in enumerate(CS):
            single = BCEClassifier(C=C).fit(X[train], HARD[train])
            expected = neg_soft_log_loss(single, X[test], HARD[test].astype(float))
            assert clf.scores_[k, 0, c] == pytest.approx(expected, abs=1e-6)


def test_balanced_counts_the_rows_of_the_fold():
    y = HARD.copy()
    y[:40] = 1
    splits = [(np.r_[0:60, 80:120], np.arange(60, 80)), (np.arange(40, 120), np.arange(40))]
    clf = BCEClassifierCV(Cs=[1.0], class_weight="balanced", cv=splits, probability="posterior")
    clf.fit(X, y)
    for k, (train, test) in enumerate(splits):
        single = BCEClassifier(class_weight="balanced", probability="posterior")
        single.fit(X[train], y[train])
        expected = neg_soft_log_loss(single, X[test], y[test].astype(float))
        assert clf.scores_[k, 0, 0] == pytest.approx(expected, abs=1e-6)


# -- exactness of the fits


@pytest.mark.parametrize("layout", ["F", "csr_array"])
@pytest.mark.parametrize("loss", LOSSES)
def test_every_fold_is_fitted_to_tol(loss, layout):
    parameters = dict(LOSSES[loss])
    gamma = parameters.pop("gamma", 0.0)
    folds = list(StratifiedKFold(3).split(X, HARD))
    tight = BCEClassifierCV(Cs=CS, gammas=[gamma], cv=folds, tol=1e-14, **parameters)
    tight.fit(LAYOUTS[layout](X), HARD)
    for k, (train, _) in enumerate(folds):
        for c, C in enumerate(CS):
            single = BCEClassifier(C=C, gamma=gamma, tol=1e-14, **parameters)
            single.fit(X[train], HARD[train])
            expected = np.append(single.coef_, single.intercept_)
            np.testing.assert_allclose(
                X @ tight.coefs_paths_[k, 0, 0, c, 0, :-1] + tight.coefs_paths_[k, 0, 0, c, 0, -1],
                X @ expected[:-1] + expected[-1],
                rtol=1e-5,
                atol=1e-5,
            )


@pytest.mark.parametrize("solver", SOLVERS)
def test_solvers_agree(solver):
    auto = BCEClassifierCV(Cs=CS, tol=1e-12).fit(X, HARD)
    clf = BCEClassifierCV(Cs=CS, tol=1e-12, solver=solver).fit(X, HARD)
    assert clf.solver_ == solver
    assert clf.C_ == auto.C_
    np.testing.assert_allclose(clf.scores_, auto.scores_, rtol=1e-6)


def test_order_of_C_does_not_matter():
    clf = BCEClassifierCV(Cs=CS).fit(X, HARD)
    order = [2, 0, 3, 1]
    other = BCEClassifierCV(Cs=np.array(CS)[order]).fit(X, HARD)
    assert other.Cs_.tolist() == np.array(CS)[order].tolist()
    np.testing.assert_array_equal(other.scores_, clf.scores_[:, :, order])
    np.testing.assert_array_equal(other.coefs_paths_, clf.coefs_paths_[:, :, order])
    assert other.C_ == clf.C_


def test_the_refit_is_the_plain_fit():
    clf = BCEClassifierCV(tol=1e-6).fit(*CANCER)
    single = BCEClassifier(C=clf.C_, tol=1e-14).fit(*CANCER)
    np.testing.assert_allclose(clf.coef_, single.coef_, rtol=1e-6)
    assert clf.optimality_ < 1e-6 and clf.loss_curve_[-1] == pytest.approx(single.loss_curve_[-1])
    assert clf.predict_proba(CANCER[0]).shape == (569, 2)


# -- shapes, and scikit-learn's beside them


def sklearns(**parameters):
    parameters = {"Cs": CS, "l1_ratios": (0,), "scoring": "neg_log_loss", **parameters}
    clf = LogisticRegressionCV(
        solver="newton-cholesky",
        tol=1e-12,
        max_iter=1000,
        use_legacy_attributes=False,
        **parameters,
    )
    return clf.fit(StandardScaler().fit_transform(X), HARD)


has_new_shapes = pytest.mark.skipif(
    "use_legacy_attributes" not in LogisticRegressionCV().get_params(),
    reason="scikit-learn 1.9 brought the new shapes",
)


@has_new_shapes
@pytest.mark.parametrize("refit", [True, False])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_attributes_are_those_of_scikit_learn(refit, fit_intercept):
    both = {"refit": refit, "fit_intercept": fit_intercept, "cv": 4}
    theirs = sklearns(**both)
    ours = BCEClassifierCV(Cs=CS, tol=1e-12, **both).fit(StandardScaler().fit_transform(X), HARD)
    for name in ("C_", "l1_ratio_", "Cs_", "l1_ratios_", "scores_", "coefs_paths_", "coef_"):
        mine, other = getattr(ours, name), getattr(theirs, name)
        assert np.shape(mine) == np.shape(other)
        np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-6)
    assert ours.n_iter_.shape == theirs.n_iter_.shape and ours.n_iter_.min() >= 1
    assert isinstance(ours.C_, float) and isinstance(ours.l1_ratio_, float)
    assert hasattr(ours, "optimality_") == refit


def test_gammas_have_an_axis_of_their_own():
    gammas = [0.0, 2.0, (0.5, 3.0)]
    clf = BCEClassifierCV(Cs=CS, gammas=gammas, cv=3, probability="posterior").fit(X, HARD)
    assert clf.scores_.shape == clf.n_iter_.shape == (3, 3, 1, 4)
    assert clf.coefs_paths_.shape == (3, 3, 1, 4, 1, 6)
    assert clf.gammas_ == gammas and clf.gamma_ in gammas
    best = []
    for g, gamma in enumerate(gammas):
        estimator = BCEClassifier(probability="posterior", gamma=gamma)
        search, scores = searched(estimator, {"C": CS}, X, HARD, 3)
        np.testing.assert_allclose(clf.scores_[:, g, 0], scores, atol=1e-5)
        best.append((search.best_score_, search.best_params_["C"], gamma))
    assert max(best, key=lambda each: each[0])[1:] == (clf.C_, clf.gamma_)
    pair = clf.gamma_ if isinstance(clf.gamma_, tuple) else (clf.gamma_, clf.gamma_)
    got = clf.loss_parameters_["gamma_positive"][0], clf.loss_parameters_["gamma_negative"][0]
    assert got == pair


# -- choice


def test_one_standard_error_by_hand():
    best = BCEClassifierCV(Cs=20).fit(*CANCER)
    clf = BCEClassifierCV(Cs=20, selection="1se").fit(*CANCER)
    means = clf.scores_[:, 0].mean(axis=0)
    top = int(np.argmax(means))
    deviations = clf.scores_[:, 0, top] - means[top]
    error = np.sqrt(np.sum(deviations**2) / 4 / 5)
    expected = min(C for C, mean in zip(clf.Cs_, means, strict=True) if mean >= means[top] - error)
    assert clf.Cs_[top] == best.C_
    assert clf.C_ == expected < best.C_
    np.testing.assert_allclose(clf.coef_, BCEClassifier(C=expected).fit(*CANCER).coef_, rtol=1e-5)


def test_of_equal_scores_the_first_C_is_chosen():
    def constant(estimator, X, y):
        return 1.0

    assert BCEClassifierCV(Cs=[3.0, 1.0, 2.0], scoring=constant).fit(X, HARD).C_ == 3.0
    clf = BCEClassifierCV(Cs=[3.0, 1.0, 2.0], scoring=constant, selection="1se").fit(X, HARD)
    assert clf.C_ == 1.0


def test_without_refit_the_best_of_each_fold_are_averaged():
    clf = BCEClassifierCV(Cs=CS, cv=3).fit(X, HARD).set_params(refit=False).fit(X, HARD)
    assert not {"loss_curve_", "optimality_", "solver_"} & set(vars(clf))
    best = clf.scores_[:, 0].argmax(axis=1)
    assert pytest.approx(np.array(CS)[best].mean()) == clf.C_
    mean = np.mean([clf.coefs_paths_[k, 0, best[k], 0] for k in range(3)], axis=0)
    np.testing.assert_allclose(np.append(clf.coef_, clf.intercept_), mean)
    assert clf.predict_proba(X).shape == (120, 2)


# -- scorers


def test_scorers_see_the_fitted_fold():
    seen = []

    def scorer(estimator, rows, y, sample_weight=None):
        single = BCEClassifier(C=estimator.C).fit(*seen_by_fold[len(seen) // 2])
        np.testing.assert_allclose(
            estimator.decision_function(rows), single.decision_function(rows), atol=1e-5
        )
        np.testing.assert_allclose(estimator.coef_, single.coef_, rtol=1e-3, atol=1e-6)
        # other rows than those held out are scored afresh
        np.testing.assert_allclose(
            estimator.decision_function(rows[:3]), estimator.decision_function(rows)[:3]
        )
        seen.append(sample_weight)
        return np.asarray(estimator.C == 1.0)  # an array without axes is a number too

    folds = list(StratifiedKFold(3).split(X, HARD))
    seen_by_fold = [(X[train], HARD[train]) for train, _ in folds]
    clf = BCEClassifierCV(Cs=[0.1, 1.0], cv=folds, scoring=scorer).fit(X, HARD)
    assert clf.C_ == 1.0 and seen == [None] * 6


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weighted"])
@pytest.mark.parametrize("scoring", ["roc_auc", "accuracy", "average_precision", "neg_log_loss"])
def test_scorers_of_scikit_learn(scoring, weight):
    clf = BCEClassifierCV(Cs=CS, cv=3, scoring=scoring).fit(X, HARD, sample_weight=weight)
    scorer = sklearn.metrics.get_scorer(scoring)
    search, scores = searched(BCEClassifier(), {"C": CS}, X, HARD, 3, weight, scorer)
    np.testing.assert_allclose(clf.scores_[:, 0], scores, atol=1e-6)
    assert search.best_params_["C"] == clf.C_


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weighted"])
def test_score_is_by_scoring(weight):
    clf = BCEClassifierCV(Cs=[1.0], scoring="roc_auc").fit(X, HARD)
    expected = sklearn.metrics.roc_auc_score(HARD, clf.decision_function(X), sample_weight=weight)
    assert clf.score(X, HARD, weight) == expected
    clf.set_params(scoring=None)
    assert clf.score(X, HARD, weight) == np.average(clf.predict(X) == HARD, weights=weight)


@pytest.mark.parametrize("kind", ["list", "number", "routed list", "routed number"])
def test_scorers_get_weights_of_every_kind(kind):
    weight = 2.0 if "number" in kind else WEIGHT.tolist()
    scorer = make_scorer(sklearn.metrics.f1_score)
    clf = BCEClassifierCV(Cs=CS, cv=3, scoring=scorer)
    with sklearn.config_context(enable_metadata_routing="routed" in kind):
        if "routed" in kind:
            scorer.set_score_request(sample_weight=True)
        clf.fit(X, HARD, sample_weight=weight)
    array = np.broadcast_to(weight, HARD.shape)
    expected = BCEClassifierCV(Cs=CS, cv=3, scoring="f1").fit(X, HARD, sample_weight=array)
    np.testing.assert_array_equal(clf.scores_, expected.scores_)


def test_metadata_may_be_a_list():
    scorer = make_scorer(lambda y, z, groups: float(len(groups) == len(y)))
    with sklearn.config_context(enable_metadata_routing=True):
        scorer.set_score_request(groups=True)
        clf = BCEClassifierCV(Cs=CS, cv=GroupKFold(3), scoring=scorer)
        clf.fit(X, HARD, groups=(np.arange(120) % 7).tolist())
    assert (clf.scores_ == 1.0).all()


def test_metadata_is_routed():
    groups = np.arange(120) % 7
    with sklearn.config_context(enable_metadata_routing=True):
        scorer = make_scorer(roc_auc_score, response_method="decision_function")
        scorer.set_score_request(sample_weight=True)
        clf = BCEClassifierCV(Cs=CS, cv=GroupKFold(3), scoring=scorer)
        clf.fit(X, HARD, sample_weight=WEIGHT, groups=groups)
        default = BCEClassifierCV(Cs=CS, cv=GroupKFold(3)).fit(X, HARD, WEIGHT, groups=groups)
    splits = list(GroupKFold(3).split(X, HARD, groups))
    plain = BCEClassifierCV(Cs=CS, cv=splits, scoring=scorer).fit(X, HARD, sample_weight=WEIGHT)
    np.testing.assert_array_equal(clf.scores_, plain.scores_)
    plain = BCEClassifierCV(Cs=CS, cv=splits).fit(X, HARD, sample_weight=WEIGHT)
    np.testing.assert_array_equal(default.scores_, plain.scores_)
    with pytest.raises(ValueError, match="enable_metadata_routing"):
        BCEClassifierCV(cv=GroupKFold(3)).fit(X, HARD, groups=groups)


# -- within scikit-learn


@pytest.mark.filterwarnings("ignore:The least populated class in y:UserWarning")  # of its own data
@pytest.mark.parametrize("parameters", [{}, {"gammas": [2.0], "selection": "1se"}], ids=str)
def test_check_estimator(parameters):
    results = check_estimator(BCEClassifierCV(Cs=3, cv=3, **parameters), on_skip=None)
    status = Counter(result["status"] for result in results)
    skipped = [result["check_name"] for result in results if result["status"] == "skipped"]
    assert skipped in ([], ["check_array_api_input"])  # for want of SCIPY_ARRAY_API
    assert status["passed"] + len(skipped) == len(results) >= 65


def test_pipeline_clone_and_pickle():
    model = make_pipeline(StandardScaler(), BCEClassifierCV(Cs=3)).fit(*CANCER)
    assert model.score(*CANCER) > 0.97
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(CANCER[0]), model.predict_proba(CANCER[0]))
    fresh = clone(model)
    assert not hasattr(fresh[-1], "coef_")
    np.testing.assert_array_equal(fresh.fit(*CANCER)[-1].scores_, model[-1].scores_)


def test_float32_and_read_only_data_are_not_copied_or_changed():
    data = X.astype(np.float32)
    data.flags.writeable = False
    clf = BCEClassifierCV(Cs=CS).fit(data, HARD)
    assert clf.coef_.dtype == np.float32
    wide = BCEClassifierCV(Cs=CS).fit(data.astype(np.float64), HARD)
    np.testing.assert_allclose(clf.scores_, wide.scores_, atol=1e-6)


def test_display_of_the_real_thing():
    clf = BCEClassifierCV(Cs=CS, gammas=[0.0, 2.0]).fit(X, HARD)
    display = RegularizationPathDisplay.from_estimator(clf)
    g = clf.gammas_.index(clf.gamma_)
    np.testing.assert_array_equal(display.scores, clf.scores_[:, g, 0])
    np.testing.assert_array_equal(display.coefs, clf.coefs_paths_[:, g, 0, :, 0, :-1])
    assert display.C == clf.C_ and len(display.C_lines_) == 2
    plain = make_pipeline(StandardScaler(), BCEClassifierCV(Cs=CS, fit_intercept=False))
    display = RegularizationPathDisplay.from_estimator(plain.fit(X, HARD))
    assert display.coefs.shape == (5, 4, 5)
    path = bce_path(X, HARD, Cs=CS)
    display = RegularizationPathDisplay(Cs=path.Cs, coefs=path.coefs).plot()
    assert len(display.lines_) == 5


# -- errors, and what cannot be fitted


def test_state_is_as_it_was_after_an_error():
    clf = BCEClassifierCV(Cs=CS).fit(X, HARD)
    before = dict(vars(clf))
    with pytest.raises(ValueError, match=r"finite numbers\. Got nan for fold 0"):
        clf.set_params(scoring=lambda *_: np.nan).fit(X, HARD)
    assert vars(clf).keys() == before.keys()
    assert all(vars(clf)[name] is before[name] for name in before if name != "scoring")


BAD_FITS = {
    "one class in a fold": (
        {"cv": [(np.flatnonzero(HARD), np.flatnonzero(1 - HARD))]},
        HARD,
        "Fold 0 of cv cannot be fitted: y of its training rows contains only one class: 1",
    ),
    "held out nothing": (
        {"cv": [(np.arange(100), np.arange(100, 120)), (np.arange(120), [])]},
        HARD,
        "Fold 1 of cv holds out no rows",
    ),
    "rows that are not there": (
        {"cv": [(np.arange(100), np.arange(100, 130))]},
        HARD,
        "Fold 0 of cv does not choose among the 120 rows of X: index 120 is out of bounds",
    ),
    "a mask of another length": (
        {"cv": [(np.ones(60, bool), np.arange(100, 120))]},
        HARD,
        "Fold 0 of cv does not choose among the 120 rows of X: boolean index did not match",
    ),
    "rows that are None": (
        {"cv": [(np.arange(100), None)]},
        HARD,
        "Fold 0 of cv does not choose among the 120 rows of X: an array with 2 dimensions",
    ),
    "three for a pair": (
        {"cv": [(np.arange(60), np.arange(60, 120), 1)]},
        HARD,
        r"cv must make pairs \(train, test\). Got tuple of length 3 for fold 0",
    ),
    "scores that are no numbers": (
        {"scoring": lambda *_: "good"},
        HARD,
        "scoring must return finite numbers. Got 'good' for fold 0",
    ),
    "no splits": ({"cv": []}, HARD, "cv makes no splits"),
    "1se of one fold": (
        {"cv": [(np.arange(100), np.arange(100, 120))], "selection": "1se"},
        HARD,
        "'1se' needs the scores of two folds",
    ),
    "1se without refit": ({"selection": "1se", "refit": False}, HARD, "needs refit=True"),
    "gammas without refit": ({"gammas": [0, 1], "refit": False}, HARD, "needs one gamma"),
    "multiclass": ({}, np.arange(120) % 3, "Only binary classification is supported"),
    "multilabel": ({}, np.ones((120, 3)), "1d array"),
    "two columns": ({}, np.ones((120, 2)), "pass those of the second"),
    "L1": ({"l1_ratios": [0.0, 0.5], "solver": "lbfgs"}, HARD, r"l1_ratios=\[0.0, 0.5\]"),
    "outside": ({}, SOFT + 1.0, "Unknown label type: continuous"),
}


@pytest.mark.parametrize("kind", BAD_FITS)
def test_bad_fits(kind):
    parameters, y, match = BAD_FITS[kind]
    with pytest.raises(ValueError, match=match):
        BCEClassifierCV(**parameters).fit(X, y)


BAD_VALUES = {
    "Cs": [0, [], [1.0, -1.0], [1.0, "2"], "auto", None, 2.5, [[1.0]], [np.nan]],
    "l1_ratios": [[], 0.5, None, [2.0]],
    "gammas": [[], 1.0, (-1.0,), [(1.0, 2.0, 3.0)], "2"],
    "label_smoothing": [2.0],
    "class_weight": ["auto"],
    "pos_weight": [0.0],
    "probability": ["none"],
    "fit_intercept": ["yes"],
    "solver": ["saga"],
    "tol": [0.0],
    "max_iter": [0],
    "cv": [1, 0, 2.5, "five"],
    "scoring": ["nonsense", 3],
    "refit": ["yes", None],
    "selection": ["worst", None, 1],
    "random_state": [-1],
    "verbose": [-1],
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, vs in BAD_VALUES.items() for v in vs])
def test_bad_parameter(name, value):
    clf = BCEClassifierCV(**{name: value})
    match = rf"The '{name}' parameter of BCEClassifierCV must be .* Got .* instead\."
    with pytest.raises(ValueError, match=match):
        clf.fit(X, HARD)


@pytest.mark.parametrize("kind", [pd.Series, np.array, list])
def test_values_to_try_are_array_like(kind):
    values = {"l1_ratios": kind([0.0, 1.0]), "gammas": kind([0.0, 1.0])}
    clf = BCEClassifierCV(Cs=range(1, 3), cv=2, tol=1e-4, **values).fit(X, HARD)
    expected = BCEClassifierCV(Cs=[1, 2], l1_ratios=[0, 1], gammas=[0, 1], cv=2, tol=1e-4)
    np.testing.assert_array_equal(clf.scores_, expected.fit(X, HARD).scores_)
    assert BCEClassifierCV(Cs=kind([2.0, 1.0]), cv=2).fit(X, HARD).Cs_.tolist() == [2.0, 1.0]
    assert bce_path(X, HARD, Cs=kind([2.0, 1.0])).Cs.size == 2


def test_every_parameter_is_tried():
    assert set(BAD_VALUES) == set(BCEClassifierCV().get_params())


def test_warnings_name_the_fold_and_C():
    with pytest.warns(ConvergenceWarning) as caught:
        BCEClassifierCV(Cs=[1.0, 1e3], cv=3, max_iter=1).fit(X, HARD)
    texts = [str(warning.message) for warning in caught]
    assert any(
        text.startswith("BCEClassifierCV, fold 1, C=1000 did not converge") for text in texts
    )
    assert all(warning.filename == __file__ for warning in caught)


def test_separation_without_a_penalty():
    with pytest.warns(SeparationWarning) as caught:
        clf = BCEClassifierCV(Cs=[1.0, np.inf], cv=2).fit(*CANCER)
    names = [str(warning.message).partition(":")[0] for warning in caught]
    ours = "BCEClassifierCV"
    assert names == [f"{ours}, C=inf", f"{ours}, fold 0, C=inf", f"{ours}, fold 1, C=inf"]
    assert np.isfinite(clf.scores_).all() and clf.C_ == 1.0


def test_no_penalty():
    clf = BCEClassifierCV(Cs=[0.01, np.inf], cv=3).fit(X, HARD)
    _, scores = searched(BCEClassifier(), {"C": [0.01, np.inf]}, X, HARD, 3)
    np.testing.assert_allclose(clf.scores_[:, 0], scores, atol=1e-6)


def test_dependent_features():
    data = np.column_stack([X, X[:, 0] + X[:, 1], np.ones(120), X[:, 2]])
    for Cs in (CS, [1e8], [np.inf]):
        clf = BCEClassifierCV(Cs=Cs, cv=3).fit(data, HARD)
        _, scores = searched(BCEClassifier(), {"C": Cs}, data, HARD, 3)
        np.testing.assert_allclose(clf.scores_[:, 0], scores, atol=1e-6)


def test_a_feature_that_only_the_held_out_rows_have():
    data = np.column_stack([X, np.zeros(120)])
    data[:40, -1] = np.arange(40) - 3.0
    folds = [(np.arange(40, 120), np.arange(40)), (np.arange(80), np.arange(80, 120))]
    clf = BCEClassifierCV(Cs=[1.0, 1e6], cv=folds).fit(data, HARD)
    np.testing.assert_allclose(clf.coefs_paths_[0, 0, :, 0, -2], 0.0, atol=1e-6)
    _, scores = searched(BCEClassifier(), {"C": [1.0, 1e6]}, data, HARD, folds)
    np.testing.assert_allclose(clf.scores_[:, 0], scores, atol=1e-6)


# -- groups of rows


def test_groups_of_rows():
    counts = np.array([[1, 1, 0, 2, 1], [1, 0, 1, 0, 1]])
    groups = Groups(counts)
    assert len(groups) == 4
    for k in range(2):
        np.testing.assert_array_equal(groups.counts[k][groups.of_row], counts[k])
    assert sorted(np.concatenate(groups.rows)) == [0, 1, 2, 3, 4]
    for number, rows in enumerate(groups.rows):
        assert (groups.of_row[rows] == number).all()
    whole = Groups(np.empty((0, 4), dtype=int))
    assert len(whole) == 1 and whole.rows[0].tolist() == [0, 1, 2, 3]


def test_where_shared_hessians_are_too_dear():
    assert can_serve(X, 5)
    assert not can_serve(sp.csr_array((10, 3000)), 1)
    assert not can_serve(np.empty((1, 1000)), 100)


# -- wide data


@pytest.fixture(scope="module")
def wide():
    rng = np.random.default_rng(0)
    data = sp.csr_array(sp.random(150, 2500, 0.01, random_state=rng))
    z = data @ rng.normal(size=2500) * 3.0
    return data, (z + rng.logistic(size=150) > 0).astype(int)


def test_wide_data(wide):
    # The last step by conjugate gradients is not as good as Newton's.
    clf = BCEClassifierCV(Cs=CS, cv=3, tol=1e-13).fit(*wide)
    search, scores = searched(BCEClassifier(tol=1e-13), {"C": CS}, *wide, 3)
    np.testing.assert_allclose(clf.scores_[:, 0], scores, atol=1e-6)
    assert search.best_params_["C"] == clf.C_


# -- the path


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weighted"])
@pytest.mark.parametrize("loss", LOSSES)
def test_path_is_that_of_single_fits(loss, weight):
    Cs = [10.0, 1e-3, 1e3]
    path = bce_path(X, SOFT, Cs=Cs, tol=1e-13, sample_weight=weight, **LOSSES[loss])
    assert path.Cs.tolist() == Cs
    for C, coef, intercept, n_iter, optimality in zip(*path, strict=True):
        single = BCEClassifier(C=C, tol=1e-13, **LOSSES[loss]).fit(X, SOFT, weight)
        np.testing.assert_allclose(coef, single.coef_[0], rtol=1e-5, atol=1e-9)
        assert intercept == pytest.approx(single.intercept_[0], rel=1e-5)
        assert n_iter >= 1 and optimality <= 1e-13


def test_path_of_wide_data(wide):
    path = bce_path(*wide, Cs=3, fit_intercept=False)
    np.testing.assert_allclose(path.Cs, [1e-4, 1.0, 1e4])
    assert path.coefs.shape == (3, 2500) and not path.intercepts.any()
    single = BCEClassifier(fit_intercept=False, tol=1e-12).fit(*wide)
    np.testing.assert_allclose(path.coefs[1], single.coef_[0], atol=1e-3)


def test_bad_path():
    for Cs in BAD_VALUES["Cs"]:
        with pytest.raises(ValueError, match="The 'Cs' parameter of bce_path must be"):
            bce_path(X, HARD, Cs=Cs)
    with pytest.raises(ValueError, match="The 'gamma' parameter of bce_path must be"):
        bce_path(X, HARD, gamma=-1.0)
    with pytest.raises(ValueError, match="The 'solver' parameter of bce_path must be"):
        bce_path(X, HARD, solver="sgd")  # which BCEClassifier does take
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        bce_path(X, HARD, max_iter=1)
    assert caught and all(each.filename == __file__ for each in caught)
