"""L1 and elastic net: the optimum judged from outside, exact zeros, and what must not matter."""

import functools

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import PolynomialFeatures

from sklearn_bce import BCEClassifier, OneVsRestBCEClassifier, l1_min_C
from sklearn_bce._fit import Problem, fit_problems
from sklearn_bce._objective import Objective
from sklearn_bce._solvers import newton_cd
from sklearn_bce._targets import binary_targets
from tests.problems import LAYOUTS, LOSSES, l1_logistic_regression, small_problem

X, Y, SOFT, WEIGHT = small_problem(n_rows=120, n_features=12)
UNITS = X.std(axis=0)
every_loss = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
every_ratio = pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.05])


def wide(n_rows=60, n_columns=2500, density=0.05, seed=0):
    """More columns than a Hessian may have, far more than rows."""
    rng = np.random.default_rng(seed)
    X = sp.csr_array(sp.random(n_rows, n_columns, density, random_state=rng))
    X = sp.csr_array(X @ sp.diags_array(10.0 ** rng.uniform(-1, 1, n_columns)))
    return X, (rng.random(n_rows) < 0.4).astype(int)


def slopes(z, u, v, gammas):
    """Derivative of the losses in the logits, from the formula, in extended precision."""
    p, q = 1 / (1 + np.exp(-z)), 1 / (1 + np.exp(z))
    log_p, log_q = -np.logaddexp(0, -z), -np.logaddexp(0, z)
    yes = q ** gammas[0] * (gammas[0] * p * log_p - q)
    no = p ** gammas[1] * (p - gammas[1] * q * log_q)
    return u * yes + v * no


def kkt_residuals(clf, X, y, weight=None):
    """How far each coefficient and the intercept are from stationary, in units of the penalty."""
    X = (X.toarray() if sp.issparse(X) else X).astype(np.longdouble)
    targets = binary_targets(np.asarray(y), weight, clf)
    gammas = clf.gamma if isinstance(clf.gamma, tuple) else (clf.gamma, clf.gamma)
    w = clf.coef_[0].astype(np.longdouble)
    slope = clf.C * slopes(X @ w + clf.intercept_[0], *targets[:2], gammas)
    gradient = X.T @ slope + (1 - clf.l1_ratio) * w
    used = np.abs(gradient + clf.l1_ratio * np.sign(w))
    unused = np.maximum(np.abs(gradient) - clf.l1_ratio, 0.0)
    return np.where(w != 0, used, unused), abs(slope.sum()) / np.abs(slope).sum()


def assert_stationary(clf, X, y, weight=None, rtol=1e-8):
    """Residuals are relative to the gradient's terms, which have the units of the features."""
    residuals, at_intercept = kkt_residuals(clf, X, y, weight)
    size = clf.C * np.abs(X).sum(axis=0) + 1.0
    assert np.all(residuals <= rtol * size)
    assert at_intercept <= rtol or not clf.fit_intercept


def value(clf, X, y, weight=1.0):
    """The objective of cross-entropy from its definition, in extended precision."""
    X = (X.toarray() if sp.issparse(X) else X).astype(np.longdouble)
    w = clf.coef_[0].astype(np.longdouble)
    z = X @ w + clf.intercept_[0]
    loss = np.sum(weight * (y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)))
    ratio = getattr(clf, "l1_ratio", 0.0)
    return clf.C * loss + ratio * np.abs(w).sum() + (1 - ratio) / 2 * (w @ w)


# -- the optimum, judged from outside


@every_loss
@every_ratio
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_kkt_residuals(loss, l1_ratio, fit_intercept):
    clf = BCEClassifier(l1_ratio=l1_ratio, tol=1e-15, fit_intercept=fit_intercept, **loss)
    clf.fit(X, Y, WEIGHT)
    assert clf.solver_ == "newton-cd"
    assert_stationary(clf, X, Y, WEIGHT)


@pytest.mark.parametrize("C", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_kkt_residuals_in_every_layout(layout, C):
    clf = BCEClassifier(l1_ratio=0.8, C=C, tol=1e-15).fit(LAYOUTS[layout](X), SOFT, WEIGHT)
    assert_stationary(clf, X, SOFT, WEIGHT)


@pytest.mark.parametrize("C", [0.1, 1.0, 100.0])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 1e-3])
@pytest.mark.parametrize("gamma", [0.0, 2.0])
@pytest.mark.parametrize("layout", [sp.csr_array, lambda X: X.toarray()], ids=["sparse", "dense"])
def test_kkt_residuals_of_wide_data(layout, gamma, l1_ratio, C):
    X, y = wide()
    clf = BCEClassifier(l1_ratio=l1_ratio, C=C, gamma=gamma, tol=1e-13).fit(layout(X), y)
    assert_stationary(clf, X, y, rtol=1e-6)


@every_ratio
def test_repeated_entries_of_sparse_X(l1_ratio):
    X, y = wide()
    twice = sp.csr_array((np.repeat(X.data / 2, 2), np.repeat(X.indices, 2), 2 * X.indptr), X.shape)
    one, other = (BCEClassifier(l1_ratio=l1_ratio, tol=1e-14).fit(data, y) for data in (X, twice))
    np.testing.assert_allclose(other.coef_, one.coef_, rtol=1e-5, atol=1e-9)


def outside_fit(solver, l1_ratio, **parameters):
    outside = l1_logistic_regression(solver, l1_ratio, random_state=0, **parameters)
    scaled = (X - X.mean(axis=0)) / UNITS
    outside.fit(scaled, Y, WEIGHT)
    return scaled, outside.set_params(l1_ratio=l1_ratio)


@pytest.mark.parametrize("C", [0.05, 1.0, 20.0])
def test_liblinear_finds_nothing_better(C):
    parameters = {"C": C, "l1_ratio": 1.0, "fit_intercept": False}
    scaled, outside = outside_fit("liblinear", tol=1e-10, max_iter=10_000, **parameters)
    outside.intercept_ = np.zeros(1)
    clf = BCEClassifier(**parameters).fit(scaled, Y, WEIGHT)
    assert value(clf, scaled, Y, WEIGHT) <= value(outside, scaled, Y, WEIGHT) * (1 + 1e-8)
    np.testing.assert_allclose(clf.coef_, outside.coef_, atol=1e-4 * np.abs(clf.coef_).max())
    np.testing.assert_array_equal(clf.coef_ == 0.0, outside.coef_ == 0.0)


@every_ratio
@pytest.mark.parametrize("C", [0.02, 0.1])
def test_saga_finds_nothing_better(l1_ratio, C):
    scaled, outside = outside_fit("saga", l1_ratio, C=C, tol=1e-6, max_iter=10_000)
    clf = BCEClassifier(C=C, l1_ratio=l1_ratio).fit(scaled, Y, WEIGHT)
    assert value(clf, scaled, Y, WEIGHT) <= value(outside, scaled, Y, WEIGHT) * (1 + 1e-8)
    np.testing.assert_allclose(clf.coef_, outside.coef_, atol=1e-3 * np.abs(clf.coef_).max())


PROBLEMS = {
    "small": lambda: (X, Y),
    "wide": wide,
    "powers": lambda: (PolynomialFeatures(3, include_bias=False).fit_transform(X[:, :5]), Y),
    "long": lambda: small_problem(n_rows=20_000, n_features=6, seed=3)[:2],
}


@pytest.mark.parametrize("C", [1e-2, 1.0, 1e3])
@every_ratio
@pytest.mark.parametrize("name", PROBLEMS)
def test_optimality_is_honest(name, C, l1_ratio):
    X, y = PROBLEMS[name]()
    best = value(BCEClassifier(C=C, l1_ratio=l1_ratio, tol=1e-14).fit(X, y), X, y)
    for tol in (1e-1, 1e-6, 1e-8, 1e-12):
        clf = BCEClassifier(C=C, l1_ratio=l1_ratio, tol=tol).fit(X, y)
        truth = float((value(clf, X, y) - best) / best)
        assert clf.optimality_ <= tol
        assert truth <= tol
        assert truth <= 10 * max(clf.optimality_, 1e-15)
        assert clf.n_iter_ < 100  # also where rounding leaves no certificate within tol


@pytest.mark.parametrize("max_iter", [1, 2, 3])
@pytest.mark.parametrize("name", ["small", "wide"])
def test_optimality_is_honest_where_the_fit_is_cut_short(name, max_iter):
    X, y = PROBLEMS[name]()
    best = value(BCEClassifier(C=10.0, l1_ratio=1.0, tol=1e-14).fit(X, y), X, y)
    with pytest.warns(ConvergenceWarning, match="did not converge: after"):
        clf = BCEClassifier(C=10.0, l1_ratio=1.0, max_iter=max_iter).fit(X, y)
    assert clf.n_iter_ == max_iter
    reached = value(clf, X, y)
    assert 1e-8 < float((reached - best) / reached) <= 10 * clf.optimality_


@every_loss
def test_rounding_ends_a_fit_in_silence(loss):
    clf = BCEClassifier(l1_ratio=0.7, tol=1e-20, **loss).fit(X, Y, WEIGHT)
    assert clf.optimality_ < 1e-14
    assert clf.n_iter_ < 200


def test_loss_curve():
    clf = BCEClassifier(C=0.7, l1_ratio=0.6).fit(X, Y, WEIGHT)
    end = value(clf, X, Y, WEIGHT) / (0.7 * WEIGHT.sum())
    assert clf.loss_curve_[-1] == pytest.approx(float(end), rel=1e-12)
    assert np.all(np.diff(clf.loss_curve_) <= 1e-14)
    assert len(clf.loss_curve_) == clf.n_iter_[0] + 1


# -- where the coefficients leave zero


@every_loss
@pytest.mark.parametrize("l1_ratio", [1.0, 0.3])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_l1_min_C(loss, l1_ratio, fit_intercept):
    C = l1_min_C(X, Y, WEIGHT, l1_ratio=l1_ratio, fit_intercept=fit_intercept, **loss)
    clf = BCEClassifier(l1_ratio=l1_ratio, fit_intercept=fit_intercept, tol=1e-14, **loss)
    below = clf.set_params(C=C * (1 - 1e-9)).fit(X, Y, WEIGHT).coef_
    assert not below.any()
    above = clf.set_params(C=C * (1 + 1e-5)).fit(X, Y, WEIGHT).coef_
    assert np.count_nonzero(above) == 1


def test_l1_min_C_of_hard_labels_in_closed_form():
    expected = pytest.approx(1 / np.abs(X.T @ (Y - Y.mean())).max(), rel=1e-12)
    assert l1_min_C(X, Y) == expected
    assert l1_min_C(sp.csr_array(X), Y) == expected
    assert l1_min_C(np.ones((120, 1)), Y) == np.inf


@pytest.mark.parametrize(
    ("parameters", "match"),
    [
        ({"l1_ratio": 0.0}, r"'l1_ratio'.*\(0.0, 1.0\].*Got 0.0"),
        ({"l1_ratio": 2}, r"'l1_ratio'.*\(0.0, 1.0\].*Got 2"),
        ({"gamma": -1.0}, "'gamma' parameter of l1_min_C"),
        ({"y": Y[:5]}, "incons"),
    ],
)
def test_l1_min_C_refuses(parameters, match):
    with pytest.raises(ValueError, match=match):
        l1_min_C(**{"X": X, "y": Y, **parameters})


@pytest.mark.parametrize(("shape", "l1_ratio"), [((80, 90), 1.0), ((20, 60), 1.0), ((5, 30), 0.5)])
@pytest.mark.parametrize("seed", range(4))
def test_more_columns_than_rows_and_next_to_no_penalty(shape, l1_ratio, seed):
    # Soft labels that can be met in many ways: only the penalty tells which.
    rng = np.random.default_rng(seed)
    X = rng.normal(size=shape) * 10.0 ** rng.integers(-3, 4, size=shape[1])
    y = rng.random(shape[0])
    clf = BCEClassifier(C=1e4, l1_ratio=l1_ratio, tol=1e-12).fit(X, y)
    assert clf.n_iter_[0] <= 50 and np.count_nonzero(clf.coef_) < shape[0]
    w, p = clf.coef_[0], clf.predict_proba(X)[:, 1]
    slope = 1e4 * X.T @ (p - y) + (1.0 - l1_ratio) * w
    assert np.abs(slope)[w == 0.0].max() < l1_ratio
    # No coefficient by itself could gain more than a hundredth of tol.
    slope = np.where(w != 0.0, slope + l1_ratio * np.sign(w), 0.0)
    curvature = 1e4 * (X**2).T @ (p * (1.0 - p)) + (1.0 - l1_ratio)
    whole = clf.loss_curve_[-1] * 1e4 * shape[0]
    assert np.max(slope**2 / (2.0 * curvature)) < 1e-14 * whole


# -- between L1 and L2


@every_loss
def test_a_vanishing_l1_ratio_meets_l2(loss):
    plain = BCEClassifier(tol=1e-14, **loss).fit(X, Y, WEIGHT)
    for l1_ratio in (1e-12, 0.0):
        clf = BCEClassifier(l1_ratio=l1_ratio, solver="newton-cd", tol=1e-14, **loss)
        clf.fit(X, Y, WEIGHT)
        assert clf.solver_ == "newton-cd"
        np.testing.assert_allclose(clf.coef_, plain.coef_, rtol=1e-6)


def test_a_vanishing_l1_ratio_meets_l2_on_wide_data():
    X, y = wide()
    plain = BCEClassifier(tol=1e-12).fit(X, y)
    for l1_ratio in (1e-9, 0.0):
        clf = BCEClassifier(l1_ratio=l1_ratio, solver="newton-cd", tol=1e-12).fit(X, y)
        np.testing.assert_allclose(clf.coef_, plain.coef_, atol=1e-5 * np.abs(plain.coef_).max())


@pytest.mark.parametrize("solver", ["auto", "lbfgs", "newton-cd"])
def test_without_a_penalty_the_ratio_does_not_matter(solver):
    plain = BCEClassifier(C=np.inf, tol=1e-14).fit(X, SOFT)
    clf = BCEClassifier(C=np.inf, l1_ratio=1.0, solver=solver, tol=1e-14).fit(X, SOFT)
    assert clf.solver_ == ("lbfgs" if solver == "auto" else solver)
    np.testing.assert_allclose(clf.coef_, plain.coef_, rtol=1e-9)


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cg", "newton-cholesky"])
@pytest.mark.parametrize("kind", [BCEClassifier, OneVsRestBCEClassifier])
def test_other_solvers_refuse(kind, solver):
    with pytest.raises(ValueError, match=r"'solver' parameter.*auto, newton-cd.*l1_ratio=0\.5"):
        kind(l1_ratio=0.5, solver=solver).fit(X, Y)


# -- identities


def assert_same(one, other, rtol=1e-7):
    size = np.abs(one.coef_ * UNITS).max()
    np.testing.assert_allclose(other.coef_ * UNITS, one.coef_ * UNITS, 0, rtol * size)
    np.testing.assert_allclose(other.intercept_, one.intercept_, 1e-7, rtol * size)


def fit(X, y, weight=None, **parameters):
    return BCEClassifier(**{"l1_ratio": 0.8, "tol": 1e-16, **parameters}).fit(X, y, weight)


@every_loss
def test_integer_weights_are_repetitions(loss):
    weight = np.random.default_rng(1).integers(0, 4, len(Y))
    weighted = fit(X, Y, weight, **loss)
    assert_same(weighted, fit(X.repeat(weight, 0), Y.repeat(weight), **loss))


@every_loss
def test_soft_row_is_two_weighted_hard_rows(loss):
    weights = np.concatenate([WEIGHT * SOFT, WEIGHT * (1 - SOFT)])
    doubled = fit(np.vstack([X, X]), np.repeat([1.0, 0.0], len(X)), weights, **loss)
    assert_same(fit(X, SOFT, WEIGHT, **loss), doubled)


def test_smoothing_is_explicit_soft_labels():
    assert_same(fit(X, Y, label_smoothing=0.2), fit(X, 0.8 * Y + 0.1))


def test_weights_times_t_is_C_times_t():
    assert_same(fit(X, Y, 5.0 * WEIGHT, C=0.3), fit(X, Y, WEIGHT, C=1.5))


def test_gamma_zero_is_cross_entropy_to_the_bit():
    assert fit(X, SOFT).coef_.tobytes() == fit(X, SOFT, gamma=(0.0, 0)).coef_.tobytes()


@every_loss
def test_swapped_classes(loss):
    if loss.keys() & {"class_weight", "pos_weight"} or isinstance(loss.get("gamma"), tuple):
        loss = {"gamma": (1.0, 1.0)}
    one, other = fit(X, Y, WEIGHT, **loss), fit(X, 1 - Y, WEIGHT, **loss)
    other.coef_, other.intercept_ = -other.coef_, -other.intercept_
    assert_same(one, other)


def test_layouts_and_precisions_agree():
    narrow = X.astype(np.float32)
    one = fit(narrow.astype(float), Y)
    for data in (narrow, np.asfortranarray(narrow), sp.csr_array(narrow)):
        clf = fit(data, Y)
        assert clf.coef_.dtype == np.float32
        np.testing.assert_allclose(clf.coef_, one.coef_, rtol=2e-6)


# -- columns that say the same, or nothing


@pytest.mark.parametrize("layout", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_duplicated_columns(layout, l1_ratio):
    alone, doubled = layout(X), layout(np.repeat(X, 2, axis=1))
    clf = fit(doubled, Y, l1_ratio=l1_ratio, tol=1e-14)
    assert_stationary(clf, np.repeat(X, 2, axis=1), Y)
    if l1_ratio == 1.0:  # the two share out one coefficient, as they like
        clf.coef_ = clf.coef_[:, ::2] + clf.coef_[:, 1::2]
        assert_same(fit(alone, Y, l1_ratio=1.0), clf, 1e-6)
    else:  # an L2 penalty wants them equal
        np.testing.assert_allclose(clf.coef_[:, ::2], clf.coef_[:, 1::2], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("constant", [0.0, 1.0, 1e12, 1e300])
@every_ratio
def test_a_constant_column_is_no_feature(constant, l1_ratio):
    clf = fit(np.column_stack([X, np.full(len(X), constant)]), Y, l1_ratio=l1_ratio, tol=1e-14)
    assert clf.coef_[0, -1] == 0.0
    clf.coef_ = clf.coef_[:, :-1]
    assert_same(fit(X, Y, l1_ratio=l1_ratio, tol=1e-14), clf)


@pytest.mark.parametrize("scale", [1e-8, 1e8])
def test_the_unit_of_all_features_is_a_factor_of_C(scale):
    clf = fit(X * scale, Y, C=2.0 / scale, l1_ratio=1.0)
    clf.coef_ = clf.coef_ * scale
    assert_same(fit(X, Y, C=2.0, l1_ratio=1.0), clf)


# -- within the estimators


def test_exact_zeros_make_a_sparse_coef():
    clf = BCEClassifier(l1_ratio=1.0, C=0.05).fit(X, Y)
    dense = clf.predict_proba(X)
    n_used = np.count_nonzero(clf.coef_)
    assert 0 < n_used < X.shape[1]
    assert clf.sparsify().coef_.nnz == n_used
    np.testing.assert_allclose(clf.predict_proba(X), dense, rtol=1e-12)


@pytest.mark.parametrize("data", [(X, Y), wide()], ids=["small", "wide"])
def test_warm_start(data):
    cold = BCEClassifier(l1_ratio=1.0, C=2.0).fit(*data)
    clf = BCEClassifier(l1_ratio=1.0, C=1.9, warm_start=True).fit(*data)
    clf.set_params(C=2.0).fit(*data)
    assert clf.n_iter_[0] <= cold.n_iter_[0]
    np.testing.assert_allclose(clf.coef_, cold.coef_, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("layout", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_one_vs_rest_is_each_label_alone(layout, l1_ratio):
    labels = np.digitize(X[:, 0] / UNITS[0], [2.5, 3.2])
    many = OneVsRestBCEClassifier(l1_ratio=l1_ratio, tol=1e-14).fit(layout(X), labels, WEIGHT)
    assert many.solver_ == "newton-cd"
    for k in range(3):
        alone = BCEClassifier(l1_ratio=l1_ratio, tol=1e-14).fit(layout(X), labels == k, WEIGHT)
        np.testing.assert_allclose(many.coef_[k] * UNITS, alone.coef_[0] * UNITS, 1e-6, 1e-7)


def test_one_vs_rest_on_wide_data():
    X, y = wide()
    labels = y + (np.arange(len(y)) % 3 == 0)
    many = OneVsRestBCEClassifier(l1_ratio=1.0, tol=1e-14).fit(X, labels)
    for k in range(3):
        alone = BCEClassifier(l1_ratio=1.0, tol=1e-14).fit(X, labels == k)
        np.testing.assert_allclose(many.coef_[k], alone.coef_[0], 1e-5, 1e-7)


def test_problems_of_one_fit_may_differ_in_l1_ratio():
    u, v = WEIGHT * SOFT, WEIGHT * (1 - SOFT)
    ratios = [0.0, 0.5, 1.0, None]
    problems = [Problem(lambda: (u, v), index=k, l1_ratio=r) for k, r in enumerate(ratios)]
    fits = fit_problems(BCEClassifier(l1_ratio=0.2, tol=1e-14), X, problems)
    for problem, fitted in fits:
        ratio = 0.2 if problem.l1_ratio is None else problem.l1_ratio
        alone = BCEClassifier(l1_ratio=ratio, tol=1e-14).fit(X, SOFT, WEIGHT)
        assert fitted.solver == alone.solver_
        np.testing.assert_allclose(fitted.coef * UNITS, alone.coef_[0] * UNITS, 1e-6, 1e-7)


def test_working_sets_find_what_all_columns_do(monkeypatch):
    X, y = wide(n_rows=200, n_columns=300, density=0.3)
    whole = BCEClassifier(l1_ratio=1.0, tol=1e-14).fit(X, y)
    monkeypatch.setattr(newton_cd, "_FIRST", 3)
    monkeypatch.setattr(newton_cd, "_ALL", 3)
    small = BCEClassifier(l1_ratio=1.0, tol=1e-14).fit(X, y)
    assert small.n_iter_ > 3
    np.testing.assert_allclose(small.coef_, whole.coef_, 1e-6, 1e-9)


def test_columns_of_X_do_what_a_hessian_does(monkeypatch):
    whole = [fit(data, Y, tol=1e-13) for data in (X, sp.csr_array(X))]
    monkeypatch.setattr(newton_cd, "_MAX_HESSIAN", 2)
    monkeypatch.setattr(newton_cd, "_MAX_DENSE_HESSIAN", 2)
    monkeypatch.setattr(newton_cd, "_ALL", 2)
    for data, one in zip((X, sp.csr_array(X)), whole, strict=True):
        assert_same(one, fit(data, Y, tol=1e-13), 1e-5)


def test_a_hessian_from_some_way_back_proves_the_end(monkeypatch):
    points = []
    make = Objective.hessian

    @functools.wraps(make)
    def hessian(self, point):
        points.append(point)
        return make(self, point)

    monkeypatch.setattr(Objective, "hessian", hessian)
    X, y = PROBLEMS["long"]()
    clf = BCEClassifier(C=0.01, l1_ratio=1.0).fit(X, y)
    assert clf.optimality_ <= 1e-8
    assert len(points) == 1


def test_a_loose_gap_does_not_end_a_fit():
    # Here the model promised nothing more, and the gap was still a thousand times tol.
    X, y = load_breast_cancer(return_X_y=True)
    train, _ = next(StratifiedKFold(5).split(X, y))
    clf = BCEClassifier(l1_ratio=1.0, warm_start=True)
    for C in np.logspace(-4.0, 4.0, 10):
        clf.set_params(C=C).fit(X[train], y[train])
        assert clf.optimality_ <= 1e-8


@pytest.mark.parametrize("loss", [{}, {"gamma": 1.0}], ids=str)
@every_ratio
def test_blocks_come_to_the_same(loss, l1_ratio):
    def blocks():
        for first in range(0, len(X), 50):
            rows = slice(first, first + 50)
            yield X[rows], SOFT[rows], WEIGHT[rows]

    whole = BCEClassifier(l1_ratio=l1_ratio, tol=1e-13, **loss).fit(X, SOFT, WEIGHT)
    clf = BCEClassifier(l1_ratio=l1_ratio, tol=1e-13, **loss).fit_blocks(blocks)
    assert clf.solver_ == "newton-cd"
    assert_same(whole, clf, 1e-6)


def test_blocks_refuse_l1_with_many_features():
    X, y = wide()
    with pytest.raises(ValueError, match=r"'l1_ratio' parameter must be 0\.0 for fit_blocks"):
        BCEClassifier(l1_ratio=1.0).fit_blocks(lambda: [(X, y)])


@pytest.mark.parametrize("layout", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("columns", [False, True])
def test_a_start_far_on_the_wrong_side(layout, columns, monkeypatch):
    """Where no row curves, a model promises more than the whole objective."""
    if columns:
        monkeypatch.setattr(newton_cd, "_MAX_HESSIAN", 0)
        monkeypatch.setattr(newton_cd, "_MAX_DENSE_HESSIAN", 0)
        monkeypatch.setattr(newton_cd, "_ALL", 2)
    rare = np.column_stack([X / UNITS, np.arange(120) < 3, np.arange(120) % 60 == 0])
    cold = BCEClassifier(l1_ratio=1.0, C=1e4, tol=1e-10).fit(layout(rare), Y)
    clf = BCEClassifier(l1_ratio=1.0, C=1e4, tol=1e-10, warm_start=True).fit(layout(rare), Y)
    clf.coef_ = 3.0 * clf.coef_
    clf.fit(layout(rare), Y)
    assert clf.n_iter_ < 60
    assert clf.loss_curve_[-1] == pytest.approx(cold.loss_curve_[-1], rel=1e-9)


@pytest.mark.slow
def test_nearly_dependent_columns_are_not_taken_for_solved():
    # More columns than rows, and next to no penalty: sweeps gain little, far from the minimum.
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(20, 100)), rng.choice([0.0, 1.0, 0.5, 0.3, 0.999], size=20)
    fit, exact = (BCEClassifier(C=1e4, l1_ratio=1.0, tol=tol).fit(X, y) for tol in (1e-8, 1e-11))
    value, best = fit.loss_curve_[-1], exact.loss_curve_[-1]
    assert (value - best) / value <= 10 * fit.optimality_ <= 1e-7


@pytest.mark.parametrize("layout", ["C", "csr_array"])
def test_focal_loss_and_a_penalty_that_leaves_nothing(layout):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 120)), rng.random(300) < 0.4
    clf = BCEClassifier(C=1e-6, l1_ratio=1.0, gamma=1.0).fit(LAYOUTS[layout](X), y)
    assert not clf.coef_.any() and clf.optimality_ <= 1e-8
