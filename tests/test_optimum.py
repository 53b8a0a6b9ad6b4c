"""The promise: the optimum, how near, and what is said where there is none."""

import re
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import linprog
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning

from sklearn_bce import BCEClassifier, OneVsRestBCEClassifier, SeparationWarning
from sklearn_bce._row_sample import draw_rows
from sklearn_bce._solvers import MAX_FACTOR_SIZE, choose, lbfgs
from sklearn_bce._solvers._newton_step import newton_step
from sklearn_bce._solvers._own_proof import slack
from tests.problems import (
    LAYOUTS,
    LOSSES,
    SOLVERS,
    exact_optimum,
    exact_sub_optimality,
    focal_minima,
    focal_objective,
    objective,
    outside_optimum,
    small_problem,
    wide_and_sparse,
)

every_solver = pytest.mark.parametrize("solver", SOLVERS)

# Published tables: the covariate, how many of how many. They are soft labels with weights.
TABLES = {
    # Racine et al. 1986 (Gelman et al., "Bayesian Data Analysis"): deaths of 5 animals a dose
    "bioassay": ([-0.86, -0.30, -0.05, 0.73], [0, 1, 3, 5], [5, 5, 5, 5]),
    # Bliss 1935: beetles killed by carbon disulphide
    "beetles": (
        [1.6907, 1.7242, 1.7552, 1.7842, 1.8113, 1.8369, 1.8610, 1.8839],
        [6, 13, 18, 28, 52, 53, 61, 60],
        [59, 60, 62, 56, 63, 59, 62, 60],
    ),
    # Dalal, Fowlkes, Hoadley 1989: flights with thermal distress of an O-ring, by temperature
    "O-rings": (
        [53, 57, 58, 63, 66, 67, 68, 69, 70, 72, 73, 75, 76, 78, 79, 81],
        [1, 1, 1, 1, 0, 0, 0, 0, 2, 0, 0, 1, 0, 0, 0, 0],
        [1, 1, 1, 1, 1, 3, 1, 1, 4, 1, 1, 2, 2, 1, 1, 1],
    ),
    # Milicer and Szczotka 1966: Warsaw girls, by age in quarters (the ends are wider groups)
    "menarche": (
        [9.21, 10.21, *np.arange(10.58, 15.9, 0.25), 17.58],
        [0, 0, 0, 2, 2, 5, 10, 17, 16, 29, 39, 51, 47, 67, 81, 88, 79, 90, 113, 95, 117, 107]
        + [92, 112, 1049],
        [376, 200, 93, 120, 90, 88, 105, 111, 100, 93, 100, 108, 99, 106, 105, 117, 98, 97, 120]
        + [102, 122, 111, 94, 114, 1049],
    ),
}
PUBLISHED = {  # slope and intercept, as printed
    "bioassay": (7.7488, 0.8466),
    "beetles": (34.270, -60.717),
    "O-rings": (-0.2322, 15.0429),
    "menarche": (1.63197, -21.22639),
}


def table(name):
    x, k, n = (np.array(column, float) for column in TABLES[name])
    return x[:, np.newaxis], k / n, n


@pytest.mark.parametrize("name", TABLES)
def test_reference_is_what_was_published(name):
    X, y, w = table(name)
    np.testing.assert_allclose(exact_optimum(X, w * y, w * (1 - y)), PUBLISHED[name], rtol=2e-4)


@every_solver
@pytest.mark.parametrize("C", [np.inf, 1.0, 1e-3])
@pytest.mark.parametrize("name", TABLES)
def test_eight_digits_of_published_tables(name, C, solver):
    X, y, w = table(name)
    clf = BCEClassifier(C=C, tol=1e-14, solver=solver).fit(X, y, w)
    reached = [clf.coef_[0, 0], clf.intercept_[0]]
    np.testing.assert_allclose(reached, exact_optimum(X, w * y, w * (1 - y), C), rtol=1e-9)


def test_eight_digits_with_several_features():
    X, _, soft, w = small_problem(40, 4)
    clf = BCEClassifier(C=10.0, tol=1e-14).fit(X, soft, w)
    exact = exact_optimum(X, w * soft, w * (1 - soft), C=10.0)
    np.testing.assert_allclose(np.append(clf.coef_[0], clf.intercept_), exact, rtol=1e-8)


# -- the optimum, judged from outside


@every_solver
@pytest.mark.parametrize("C", [1e-3, 1.0, 1e3, np.inf])
@pytest.mark.parametrize("labels", ["hard", "soft"])
def test_outside_optimum(solver, C, labels):
    X, hard, soft, w = small_problem()
    y = {"hard": hard, "soft": soft}[labels]
    clf = BCEClassifier(C=C, solver=solver).fit(X, y, w)
    u, v = w * y, w * (1 - y)
    best = objective(outside_optimum(X, u, v, C), X, u, v, C)
    assert objective(clf, X, u, v, C) <= best * (1 + 1e-8)


@every_solver
@pytest.mark.parametrize("gammas", [(2.0, 2.0), (0.5, 0.5), (0.0, 4.0), (1.0, 3.0)])
def test_focal_is_as_good_as_the_best_of_several_starts(solver, gammas):
    X, y, _, w = small_problem()
    X = X / X.std(axis=0)  # for scipy's sake
    clf = BCEClassifier(gamma=gammas, solver=solver).fit(X, y, w)
    theta = np.append(clf.coef_[0], clf.intercept_)
    reached = focal_objective(theta, X, w * y, w * (1 - y), gammas, 1.0)
    assert reached <= min(focal_minima(X, w * y, w * (1 - y), gammas, 1.0)) * (1 + 1e-8)


# -- the stopping rule: `optimality_` against the truth


def correlated(n_rows=3000, n_features=20, seed=0):
    """Correlated and off-centre features, with units over fourteen orders of magnitude."""
    rng = np.random.default_rng(seed)
    base = rng.normal(size=(n_rows, n_features))
    X = base @ (rng.normal(size=(n_features,) * 2) * 10.0 ** rng.uniform(-3, 3, n_features))
    z = base @ rng.normal(size=n_features) - 2.0
    y = rng.random(n_rows) < 1 / (1 + np.exp(-z))
    return X * 10.0 ** rng.uniform(-4, 4, n_features) + rng.normal(size=n_features), y.astype(int)


def rare(n_rows=40_000):
    """Large enough for the row subsample, with 40 positives."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 6)) * [1, 10, 1e3, 1e-3, 1, 1]
    y = np.zeros(n_rows, int)
    y[np.argsort(X[:, 0] + rng.normal(size=n_rows))[-40:]] = 1
    return X, y


PROBLEMS = {"small": lambda: small_problem()[:2], "correlated": correlated, "rare": rare}


def assert_honest(solver, C, X, y, features, best):
    """Fit at several tol, without a warning, and hold `optimality_` to the truth."""
    for tol in (1e-1, 1e-3, 1e-6, 1e-8):
        clf = BCEClassifier(C=C, tol=tol, solver=solver).fit(X, y)
        truth = float((objective(clf, features, y, 1 - y, C) - best) / best)
        assert clf.optimality_ <= tol
        assert truth <= tol
        assert truth <= 10 * max(clf.optimality_, 1e-15), tol


def best_value(X, y, C):
    clf = BCEClassifier(C=C, tol=1e-20).fit(X, y)
    return objective(clf, X, y, 1 - y, C)


@pytest.mark.parametrize("C", [1e-4, 1.0, 1e3])
@pytest.mark.parametrize("problem", PROBLEMS)
def test_optimality_is_honest(problem, C):
    X, y = PROBLEMS[problem]()
    best = best_value(X, y, C)
    for solver in SOLVERS:
        assert_honest(solver, C, X, y, X, best)


@pytest.mark.parametrize("C", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("solver", ["newton-cg", "lbfgs"])
def test_optimality_is_honest_where_no_factorisation_certifies(solver, C):
    rng = np.random.default_rng(0)
    shape = 200, MAX_FACTOR_SIZE + 100
    X = sp.random(*shape, 0.03, format="csr", random_state=0)
    X = sp.csr_array(X @ sp.diags_array(10.0 ** rng.uniform(-2, 2, shape[1])))
    y = (rng.random(shape[0]) < 0.4).astype(int)
    # The penalised optimum lies in the row space, where 200 columns say the same as 2,100.
    squares, left = np.linalg.eigh((X @ X.T).toarray())
    assert_honest(solver, C, X, y, X.toarray(), best_value(left * np.sqrt(squares), y, C))


@pytest.mark.parametrize("l1_ratio, C", [(0.3, 30.0), (0.3, 300.0), (0.0, 300.0), (0.0, 1e4)])
@pytest.mark.parametrize("seed", range(4))
def test_optimality_is_a_bound_where_the_duality_gap_is_loose(seed, l1_ratio, C):
    """Labels that are soft in every row, many columns, and next to no penalty."""
    X, y = wide_and_sparse(seed)
    loss = {"C": C, "l1_ratio": l1_ratio, "label_smoothing": 0.1, "fit_intercept": seed < 2}
    best = BCEClassifier(tol=1e-13, max_iter=1000, **loss).fit(X, y).loss_curve_[-1]
    for tol in (1e-6, 3e-8):
        for solver in ["newton-cd"] if l1_ratio else ["newton-cg", "lbfgs"]:
            clf = BCEClassifier(tol=tol, solver=solver, **loss).fit(X, y)
            value = clf.loss_curve_[-1]
            assert (value - best) / value <= clf.optimality_ <= tol


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("C", [1.0, 1e2, 1e4])
@pytest.mark.parametrize("n_yes", [1, 3])
def test_optimality_is_a_bound_where_few_rows_curve(n_yes, C, fit_intercept):
    """Rare positives couple the intercept with every column that they have an entry in."""
    shape = 300, MAX_FACTOR_SIZE + 100
    X = sp.csr_array(sp.random(*shape, 0.05, format="csr", random_state=n_yes))
    y = (np.arange(shape[0]) < n_yes).astype(int)
    loss = {"C": C, "fit_intercept": fit_intercept}
    best = BCEClassifier(tol=1e-13, **loss).fit(X, y).loss_curve_[-1]
    for solver in ("newton-cg", "lbfgs"):
        for tol in (1e-5, 1e-8):
            clf = BCEClassifier(tol=tol, solver=solver, **loss).fit(X, y)
            value = clf.loss_curve_[-1]
            assert (value - best) / value <= clf.optimality_ + 1e-14 <= tol + 1e-14


@pytest.mark.parametrize("C", [1e-4, 1.0, 1e3])
@pytest.mark.parametrize("problem", ["correlated", "rare"])
def test_optimality_is_honest_where_products_certify(problem, C, monkeypatch):
    """With a sample's factor for a metric, as lbfgs does it for many rows and features."""
    X, y = PROBLEMS[problem]()
    best = best_value(X, y, C)
    monkeypatch.setattr(lbfgs, "_PRODUCTS_PAY", 0)
    monkeypatch.setattr(lbfgs, "WORTH_A_SAMPLE", 2)
    monkeypatch.setattr(lbfgs, "_MIN_SAMPLE", 50)
    whole = []
    monkeypatch.setattr(lbfgs, "newton_step", lambda *_: whole.append(1) or newton_step(*_))
    assert_honest("lbfgs", C, X, y, X, best)
    assert len(whole) <= 2  # of four fits: products do it


@every_solver
@pytest.mark.parametrize("max_iter", [1, 2, 3])
def test_optimality_is_honest_where_the_fit_is_cut_short(solver, max_iter):
    X, y = correlated()
    best = best_value(X, y, 1.0)
    with pytest.warns(ConvergenceWarning, match="did not converge: after"):
        clf = BCEClassifier(solver=solver, max_iter=max_iter).fit(X, y)
    truth = float((objective(clf, X, y, 1 - y) - best) / best)
    assert clf.n_iter_ == max_iter
    assert 1e-8 < truth <= 10 * clf.optimality_


def test_warnings_point_at_the_call_of_fit():
    X, y, _, _ = small_problem()
    with pytest.warns(ConvergenceWarning) as caught:
        BCEClassifier(max_iter=1).fit(X, y)
    assert [warning.filename for warning in caught] == [__file__]


@every_solver
@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_rounding_ends_a_fit_in_silence(solver, loss):
    X, y, _, w = small_problem()
    clf = BCEClassifier(tol=1e-20, solver=solver, **loss).fit(X, y, w)
    assert clf.optimality_ < 1e-14
    assert clf.n_iter_ < 200


@every_solver
@pytest.mark.parametrize("gamma", [0.0, 2.0, (0.0, 3.0)], ids=str)
def test_loss_curve(solver, gamma):
    X, y, _, w = small_problem()
    clf = BCEClassifier(C=0.7, gamma=gamma, solver=solver).fit(X, y, w)
    gammas = gamma if isinstance(gamma, tuple) else (gamma, gamma)
    theta = np.append(clf.coef_[0], clf.intercept_)
    end = focal_objective(theta, X, w * y, w * (1 - y), gammas, 0.7) / (0.7 * w.sum())
    assert clf.loss_curve_[-1] == pytest.approx(end, rel=1e-12)
    assert np.all(np.diff(clf.loss_curve_) <= 1e-14 * clf.loss_curve_[0])
    if gamma == 0.0:
        rate = (w @ y) / w.sum()
        entropy = -rate * np.log(rate) - (1 - rate) * np.log(1 - rate)
        assert clf.loss_curve_[0] == pytest.approx(entropy, rel=1e-9)
        assert len(clf.loss_curve_) == clf.n_iter_[0] + 1


# -- features that are dependent but for the last digits

YEAR = np.repeat(np.arange(1950.0, 2021.0), 2)
DECADES = (YEAR - 1985) / 20
BOOM = (DECADES**3 - 2 * DECADES + np.random.default_rng(3).logistic(size=142) > 0).astype(int)


@every_solver
@pytest.mark.parametrize("layout", [np.asarray, sp.csr_array])
@pytest.mark.parametrize(("C", "degree"), [(1.0, 3), (1.0, 5), (np.inf, 3), (np.inf, 4)])
def test_powers_of_a_year(solver, layout, degree, C):
    X = YEAR[:, np.newaxis] ** np.arange(1, degree + 1)
    clf = BCEClassifier(C=C, solver=solver).fit(layout(X), BOOM)
    # The sum of terms up to 1e8 rounds each logit to 1e-8; the intercept takes most of it.
    assert exact_sub_optimality(clf, X, BOOM, 1 - BOOM, C) <= 2e-8


@every_solver
def test_rounding_ends_a_fit_with_a_warning(solver):
    # Unpenalised, the terms of a logit are 1e8 and more: rounding leaves the loss 1e-8 to 1e-7.
    X = YEAR[:, np.newaxis] ** np.arange(1, 7)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        clf = BCEClassifier(C=np.inf, solver=solver).fit(X, BOOM)
    assert clf.n_iter_ < 100
    assert bool(caught) == (clf.optimality_ > 1e-8)


@every_solver
def test_nearly_equal_features(solver):
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(2, 500))
    y = (x + t + rng.logistic(size=500) > 0).astype(int)
    apart = BCEClassifier(C=np.inf, tol=1e-14).fit(np.column_stack([x, t]), y)
    close = BCEClassifier(C=np.inf, solver=solver).fit(np.column_stack([x, x + 1e-7 * t]), y)
    assert close.loss_curve_[-1] == pytest.approx(apart.loss_curve_[-1], rel=1e-8)


@every_solver
@pytest.mark.parametrize("constant", [1.0, 1e12, 1.6e18, 1e300])
@pytest.mark.parametrize("C", [1.0, 1e4, np.inf])
def test_a_constant_feature_of_any_size_is_no_feature(solver, constant, C):
    X, y, _, w = small_problem(500)
    alone = BCEClassifier(C=C, solver=solver).fit(X, y, w)
    clf = BCEClassifier(C=C, solver=solver)
    clf.fit(np.column_stack([X, np.full(len(X), constant)]), y, w)
    assert clf.coef_[0, -1] == 0.0
    np.testing.assert_allclose(clf.coef_[0, :-1], alone.coef_[0], rtol=1e-9)


# -- where no finite optimum, or more than one, exists

LINE = np.array([[-2.0], [-1.0], [0.0], [1.0], [2.0]])


@every_solver
@pytest.mark.parametrize("gamma", [0.0, 2.0])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6])
def test_separable_classes(solver, gamma, scale):
    X, y = LINE * scale, np.array([0, 0, 0, 1, 1])
    with pytest.warns(SeparationWarning, match="complete separation.*does not converge"):
        clf = BCEClassifier(C=np.inf, gamma=gamma, solver=solver).fit(X, y)
    assert np.isfinite(clf.coef_).all()
    assert clf.n_iter_ < 30
    assert clf.score(X, y) == 1.0


@every_solver
@pytest.mark.parametrize("layout", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("y", [[0, 0, 1, 1, 1], [0, 1, 0.5, 1, 1]], ids=["hard", "soft"])
def test_quasi_separable_classes(solver, layout, y):
    X = layout(np.array([[0.0], [0], [0], [1], [1]]))
    with pytest.warns(SeparationWarning, match="quasi-complete separation"):
        clf = BCEClassifier(C=np.inf, solver=solver).fit(X, np.array(y, float))
    assert np.isfinite(clf.coef_).all()
    assert clf.optimality_ <= 1e-8


def recession(X, y, fit_intercept):
    """How the rows can be separated, by linear programming: "", "quasi" or "complete"."""
    rows = np.column_stack([X, np.ones(len(X))]) if fit_intercept else X
    losses = np.vstack([-rows[y > 0], rows[y < 1]])  # of rows along a direction
    bounds = [(-1, 1)] * rows.shape[1]
    gain = linprog(losses.sum(axis=0), A_ub=losses, b_ub=np.zeros(len(losses)), bounds=bounds)
    if -gain.fun < 1e-7:
        return ""
    strict = linprog(np.zeros(rows.shape[1]), losses, -np.ones(len(losses)), bounds=(None, None))
    return "complete" if strict.status == 0 else "quasi"


@every_solver
@pytest.mark.parametrize("tol", [1e-1, 1e-8, 1e-14])
def test_separation_of_random_small_tables(solver, tol):
    rng = np.random.default_rng(0)
    met = set()
    for _ in range(60):
        X = rng.integers(-2, 3, size=rng.integers((3, 1), (10, 4))).astype(float)
        y = rng.choice([0.0, 0.0, 0.5, 1.0, 1.0], len(X))
        if not 0 < y.mean() < 1:
            continue
        fit_intercept = bool(rng.integers(2))
        clf = BCEClassifier(C=np.inf, solver=solver, tol=tol, fit_intercept=fit_intercept)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            clf.fit(X, y)
        said = " ".join(str(warning.message) for warning in caught)
        truth = recession(X, y, fit_intercept)
        met.add(truth)
        assert ("quasi-complete separation" in said) == (truth == "quasi")
        assert ("(complete separation)" in said) == (truth == "complete")
    assert met == {"", "quasi", "complete"}


@every_solver
def test_a_distant_finite_optimum_is_no_separation(solver):
    X = np.r_[[[-1.0]] * 5, [[1.0]] * 5, [[3e-4]]]
    y = [0] * 5 + [1] * 5 + [0]
    clf = BCEClassifier(C=np.inf, fit_intercept=False, tol=1e-3, solver=solver).fit(X, y)
    assert clf.coef_[0, 0] == pytest.approx(11.1, abs=0.5)


@every_solver
@pytest.mark.parametrize("tol", [1e-1, 1e-4, 1e-8, 1e-14])
def test_no_false_alarm_of_separation(solver, tol):
    X, y, soft, _ = small_problem(200)
    for labels in (y, soft):
        BCEClassifier(C=np.inf, tol=tol, solver=solver).fit(X, labels)  # warnings are errors


@every_solver
@pytest.mark.parametrize("layout", [np.asarray, np.asfortranarray, sp.csr_array])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_dependent_features_get_the_smallest_coefficients(solver, layout, fit_intercept):
    X, _, soft, w = small_problem(60, 4)
    X = X / X.std(axis=0)
    wide = np.column_stack([X, X[:, 0], 1000 * X[:, 1], X[:, 2] - X[:, 3], np.full(len(X), 3.0)])
    parameters = {"C": np.inf, "tol": 1e-14, "solver": solver, "fit_intercept": fit_intercept}
    clf = BCEClassifier(**parameters).fit(layout(wide), soft, w)
    logits = wide @ clf.coef_[0] + clf.intercept_
    centered = wide - fit_intercept * wide.mean(axis=0)
    smallest = np.linalg.lstsq(centered, logits - fit_intercept * logits.mean(), rcond=1e-12)[0]
    np.testing.assert_allclose(clf.coef_[0], smallest, atol=1e-8)
    if fit_intercept:  # then the copies change nothing
        assert clf.coef_[0, -1] == pytest.approx(0.0, abs=1e-10)
        alone = BCEClassifier(**parameters).fit(X, soft, w)
        np.testing.assert_allclose(logits, alone.decision_function(X), rtol=1e-7)


@every_solver
def test_wide_dense_interpolates_with_the_smallest_coefficients(solver):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(12, 40)), rng.uniform(0.1, 0.9, 12)
    clf = BCEClassifier(C=np.inf, tol=1e-14, solver=solver).fit(X, y)
    logit = np.log(y / (1 - y))
    np.testing.assert_allclose(clf.decision_function(X), logit, atol=1e-6)
    centered = X - X.mean(axis=0)
    np.testing.assert_allclose(clf.coef_[0], np.linalg.pinv(centered) @ centered @ clf.coef_[0])


@every_solver
def test_duplicates_share_under_a_penalty(solver):
    X, y, _, w = small_problem()
    one = BCEClassifier(C=2.0, tol=1e-14, solver=solver).fit(X * np.sqrt(2), y, w)
    two = BCEClassifier(C=2.0, tol=1e-14, solver=solver).fit(np.hstack([X, X]), y, w)
    expected = np.tile(one.coef_ / np.sqrt(2), 2)
    np.testing.assert_allclose(two.coef_, expected, rtol=1e-6)


# -- corners


@every_solver
@pytest.mark.parametrize("layout", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("value", [0.0, 7.1])
@pytest.mark.parametrize("C", [1.0, np.inf])
def test_constant_features_leave_the_base_rate(solver, layout, value, C):
    _, y, _, w = small_problem()
    X = layout(np.full((len(y), 2), value))
    clf = BCEClassifier(C=C, tol=1e-14, solver=solver).fit(X, y, w)
    rate = (w @ y) / w.sum()
    np.testing.assert_allclose(clf.decision_function(X), np.log(rate / (1 - rate)), rtol=1e-12)
    np.testing.assert_allclose(clf.coef_, 0.0, atol=1e-9)
    assert clf.n_iter_ >= 1


@every_solver
@pytest.mark.parametrize("C", [1.0, np.inf])
def test_one_soft_row(solver, C):
    clf = BCEClassifier(C=C, solver=solver).fit([[1.0, 2.0]], [0.3])
    np.testing.assert_allclose(clf.predict_proba([[1.0, 2.0]]), [[0.7, 0.3]], rtol=1e-12)


@every_solver
def test_smoothing_of_one_is_no_information(solver):
    X, y, _, w = small_problem()
    clf = BCEClassifier(label_smoothing=1.0, solver=solver).fit(X, y, w)
    np.testing.assert_allclose(clf.decision_function(X), 0.0, atol=1e-12)


@every_solver
@pytest.mark.parametrize("exponent", [-300, -150, -8, 8, 150, 300])
def test_units_do_not_matter_without_a_penalty(solver, exponent):
    X, y, _, w = small_problem()
    X = X / X.std(axis=0)
    factors = 10.0 ** np.array([0, exponent, -exponent, 0, exponent])
    plain = BCEClassifier(C=np.inf, tol=1e-12, solver=solver).fit(X, y, w)
    scaled = BCEClassifier(C=np.inf, tol=1e-12, solver=solver).fit(X * factors, y, w)
    np.testing.assert_allclose(scaled.coef_ * factors, plain.coef_, rtol=1e-6)


@every_solver
@pytest.mark.parametrize("exponent", [-320, -150, 150, 300])
@pytest.mark.parametrize("gamma", [0.0, 2.0, 100.0, 1e200])
def test_extreme_units_stay_finite_with_a_penalty(solver, exponent, gamma):
    X, y, _, w = small_problem()
    clf = BCEClassifier(gamma=gamma, solver=solver).fit(X * 10.0**exponent, y, w)
    assert np.isfinite(clf.coef_).all() and np.isfinite(clf.intercept_).all()
    assert np.isfinite(clf.predict_proba(X * 10.0**exponent)).all()


@every_solver
@pytest.mark.parametrize("size", [1e-300, 1e-12, 1e12, 1e300])
def test_size_of_the_weights_does_not_matter_without_a_penalty(solver, size):
    X, y, _, w = small_problem()
    plain = BCEClassifier(C=np.inf, tol=1e-12, solver=solver).fit(X, y, w)
    scaled = BCEClassifier(C=np.inf, tol=1e-12, solver=solver).fit(X, y, w * size)
    np.testing.assert_allclose(scaled.coef_, plain.coef_, rtol=1e-6)


def test_one_positive_in_a_hundred_thousand():
    X = np.random.default_rng(0).normal(size=(100_000, 2))
    y = np.zeros(len(X), int)
    y[5] = 1
    fits = [BCEClassifier(solver=solver, tol=1e-12).fit(X, y) for solver in SOLVERS]
    for clf in fits[1:]:
        np.testing.assert_allclose(clf.coef_, fits[0].coef_, rtol=1e-6)
    # The intercept is free: fitted probabilities sum to the number of positives.
    assert fits[0].predict_proba(X)[:, 1].sum() == pytest.approx(1.0, rel=1e-6)


# -- choosing, starting, reporting


@pytest.mark.parametrize(
    ("n_features", "n_problems", "by_rows", "name"),
    [
        (30, 1, False, "lbfgs"),
        (1_999, 1, False, "lbfgs"),
        (1_999, 1, True, "lbfgs"),
        (2_000, 1, False, "auto"),
        (2_000, 2, False, "lbfgs"),
        (2_000, 2, True, "newton-cholesky"),
    ],
)
def test_auto(n_features, n_problems, by_rows, name):
    assert choose("auto", n_features, n_problems, by_rows=by_rows) == name


@pytest.mark.parametrize("layout", ["C", "csr_array"])
@pytest.mark.parametrize("unit", [1.0, 1e-6])
def test_auto_of_many_features_goes_by_the_penalty(layout, unit):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2_100, 2_200)) * (rng.random((2_100, 2_200)) < 0.01)
    y = rng.random(2_100) < 0.3
    square = 2_100 * X.var(axis=0).sum()
    for C, solver in ((5e5 / square, "lbfgs"), (2e6 / square, "newton-cg")):
        X_in_unit = LAYOUTS[layout](X * unit)
        clf = BCEClassifier(C=C / unit**2, tol=1e-5).fit(X_in_unit, y)
        assert clf.solver_ == solver


def test_cholesky_refuses_what_does_not_fit_in_memory():
    X = sp.csr_array(([1.0, 1.0], ([0, 1], [0, 1])), (2, 30_000))
    with pytest.raises(ValueError, match="'solver' parameter cannot be 'newton-cholesky'"):
        BCEClassifier(solver="newton-cholesky").fit(X, [0, 1])


@every_solver
@pytest.mark.parametrize("gamma", [0.0, 2.0])
def test_warm_start(solver, gamma):
    X, y, _, w = small_problem()
    clf = BCEClassifier(warm_start=True, gamma=gamma, solver=solver).fit(X, y, w)
    cold, coef = clf.n_iter_[0], clf.coef_
    clf.fit(X, y, w)
    assert clf.n_iter_[0] < cold
    np.testing.assert_allclose(clf.coef_, coef, rtol=1e-4)
    sparse_coef = clf.sparsify().fit(X, y, w)
    assert isinstance(sparse_coef.coef_, np.ndarray)
    with pytest.raises(ValueError, match=r"coef_ of shape \(1, 5\), but X and y ask for \(1, 3\)"):
        clf.fit(X[:, :3], y, w)
    np.testing.assert_allclose(clf.coef_, coef, rtol=1e-4)


@every_solver
@pytest.mark.parametrize("C", [1.0, 1e4, 1e6, np.inf])
def test_warm_start_from_the_opposite(solver, C):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 5))
    y = X[:, 0] + 0.1 * rng.normal(size=300) > 0
    cold = BCEClassifier(C=C, solver=solver).fit(X, ~y)
    clf = BCEClassifier(C=C, solver=solver, warm_start=True).fit(X, y)
    assert clf.fit(X, ~y).loss_curve_[-1] == pytest.approx(cold.loss_curve_[-1], rel=1e-7)


@every_solver
def test_weights_over_eleven_orders_of_magnitude(solver):
    X = [[-2.0, 0], [-1, 1], [2, -2], [1, 1], [-2, 1]]
    weight = [2e2, 3e5, 30, 5e-2, 2e-6]
    with pytest.warns(SeparationWarning):
        clf = BCEClassifier(C=np.inf, solver=solver).fit(X, [0, 1, 0, 0, 0.5], weight)
    assert clf.optimality_ <= 1e-8


@every_solver
def test_an_outlier_with_a_loose_tol(solver):
    X, y = [[-0.27], [-159.29], [0.16]], [0, 0, 1]
    loose = BCEClassifier(C=1e4, tol=1e-2, solver=solver).fit(X, y)
    tight = BCEClassifier(C=1e4, tol=1e-14, solver=solver).fit(X, y)
    assert loose.loss_curve_[-1] <= tight.loss_curve_[-1] * 1.01


@every_solver
def test_warm_start_from_beyond_all_bounds(solver):
    X, y, _, _ = small_problem()
    clf = BCEClassifier(warm_start=True, solver=solver).fit(X, y)
    coef = clf.coef_
    clf.coef_ = np.full_like(coef, 1e307)
    np.testing.assert_allclose(clf.fit(X, y).coef_, coef, rtol=1e-6)


def test_random_state_moves_the_road_and_not_the_optimum():
    X, y = rare()
    fits = [
        BCEClassifier(solver="lbfgs", tol=1e-14, random_state=state).fit(X, y)
        for state in (None, None, 1, np.random.RandomState(2))
    ]
    assert fits[0].coef_.tobytes() == fits[1].coef_.tobytes()
    for clf in fits[2:]:
        assert clf.loss_curve_ != fits[0].loss_curve_
        np.testing.assert_allclose(clf.coef_, fits[0].coef_, rtol=1e-6)


def test_verbose_prints_a_line_an_iteration(capsys):
    X, y, _, _ = small_problem()
    clf = BCEClassifier(verbose=1).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == clf.n_iter_[0]
    assert re.match(r"BCEClassifier: iteration +1  objective 0\.\d+  sub-optimality \d", lines[0])
    BCEClassifier().fit(X, y)
    assert capsys.readouterr().out == ""


@pytest.mark.slow
def test_newton_on_wide_sparse_columns_is_as_fast_as_on_dense_ones():
    """From 2,000 columns on sparse ones are centred, in the Hessian as well."""
    X = sp.random(60, 2100, density=0.1, random_state=0, format="csr")
    y = np.arange(60) % 2
    sparse = BCEClassifier(solver="newton-cholesky", C=10.0, max_iter=20).fit(X, y)
    dense = BCEClassifier(solver="newton-cholesky", C=10.0).fit(X.toarray(), y)
    blocks = BCEClassifier(solver="newton-cholesky", C=10.0, max_iter=20)
    blocks.fit_blocks([(X[:30], y[:30]), (X[30:], y[30:])])
    labels = OneVsRestBCEClassifier(solver="newton-cholesky", C=10.0, max_iter=20)
    labels.fit(X, np.column_stack([y, y]))
    for clf in (sparse, blocks, labels):
        assert clf.n_iter_.max() <= dense.n_iter_[0] + 2
    np.testing.assert_allclose(sparse.coef_, dense.coef_, atol=1e-4 * np.abs(dense.coef_).max())


@pytest.mark.parametrize(("l1_ratio", "power"), [(0.0, 2), (1.0, 1)])
@pytest.mark.parametrize("exponent", [60, 100, 140])
def test_a_strong_penalty_on_huge_features(exponent, l1_ratio, power):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 3)), rng.random(60)
    one = BCEClassifier(C=2.0, l1_ratio=l1_ratio).fit(X, y)
    C = 2.0 * 10.0 ** (-power * exponent)
    clf = BCEClassifier(C=C, l1_ratio=l1_ratio).fit(10.0**exponent * X, y)
    np.testing.assert_allclose(clf.coef_ * 10.0**exponent, one.coef_, rtol=1e-6)


def test_a_whole_number_beyond_64_bits_is_a_C():
    X, y, _, w = small_problem()
    coef = BCEClassifier(C=10**20).fit(X, y, w).coef_
    np.testing.assert_array_equal(coef, BCEClassifier(C=1e20).fit(X, y, w).coef_)


@pytest.mark.parametrize("tol", [1e-8, 1e-9, 1e-12])
def test_the_step_after_a_proof_may_gain_nothing(tol):
    X, y = make_classification(1000, 200, n_informative=30, random_state=2)
    clf = BCEClassifier(gamma=2.0, tol=tol).fit(X, y)  # a warning would be an error
    assert clf.optimality_ <= tol


def test_a_constant_column_does_not_choose_the_solver():
    X, y = wide_and_sparse(0)
    kind = {"C": np.inf, "max_iter": 1, "tol": 1e-3}
    with pytest.warns(ConvergenceWarning):
        plain = BCEClassifier(**kind).fit(X, y)
    with pytest.warns(ConvergenceWarning):
        more = BCEClassifier(**kind).fit(sp.hstack([X, np.zeros((X.shape[0], 1))], "csr"), y)
    assert more.solver_ == plain.solver_ == "newton-cg"


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cholesky", "newton-cg"])
@pytest.mark.parametrize("distance", [0.0, 300.0, 1e4])
def test_dependent_features_far_from_zero(solver, distance):
    """Kelvin, years: what is left of a dependent column, once centred, is rounding."""
    rng = np.random.default_rng(0)
    free, mix = rng.normal(size=(200, 3)), rng.normal(size=(3, 2))
    X = np.column_stack([free + distance, (free + distance) @ mix])
    y = (free[:, 0] + rng.normal(size=200) > 0).astype(int)
    clf = BCEClassifier(C=np.inf, tol=1e-10, solver=solver).fit(X, y)
    alone = BCEClassifier(C=np.inf, tol=1e-10, solver=solver).fit(free, y)
    smallest = np.linalg.pinv(np.column_stack([np.eye(3), mix])) @ alone.coef_[0]
    np.testing.assert_allclose(clf.coef_[0], smallest, rtol=1e-4, atol=1e-6)
    assert clf.optimality_ <= 1e-10


@pytest.mark.parametrize(
    ("before", "now", "factor"),
    [
        ([1.0, 1.0], [2.0, 4.0], 1.0),  # never below 1: a penalty does not curve more
        ([4.0, 1.0], [2.0, 4.0], 2.0),
        ([0.0, 1.0], [0.0, 1.0], 1.0),  # a row without weight
        ([1.0, 1.0], [1.0, 0.001], None),
        ([1.0, 1.0], [1.0, 0.0], None),
    ],
)
def test_what_a_decrement_by_an_older_hessian_is_short_by(before, now, factor):
    assert slack(np.array(before), SimpleNamespace(curvature=np.array(now))) == factor


@pytest.mark.parametrize("n_rare", [3, 40, 500])
def test_a_sample_weighs_each_class_as_all_its_rows_do(n_rare):
    positive = np.zeros(1_000)
    positive[:n_rare] = 1.0
    rows, factors = draw_rows(positive, 1.0 - positive, 100, seed=0)
    assert np.all(np.diff(rows) > 0)
    is_rare = rows < n_rare
    assert is_rare.sum() == min(n_rare, 50)
    np.testing.assert_allclose([factors[is_rare].sum(), factors.sum()], [n_rare, 1_000])
