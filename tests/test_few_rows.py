"""Dense X with fewer rows than columns: Newton's directions by the products of the rows."""

import numpy as np
import pytest

from sklearn_bce import BCEClassifier, OneVsRestBCEClassifier, _gram
from sklearn_bce._matrix import Matrix
from sklearn_bce._objective import Objective
from sklearn_bce._solvers import _row_factor
from sklearn_bce._solvers._row_factor import RowFactor
from tests.problems import LAYOUTS, LOSSES, SOLVERS, lower_bound, objective, small_problem

N_ROWS, WIDE = 60, 2_100  # more columns than any Hessian of theirs is factorised for
DENSE = ["C", "F", "strided"]


def wide_problem(n_columns=WIDE):
    """Off-centre columns of several sizes, one of them constant; the last rows twice."""
    rng = np.random.default_rng(1)
    scale = 10.0 ** rng.uniform(-2.0, 1.0, n_columns)
    X = (rng.normal(size=(N_ROWS, n_columns)) + rng.normal(size=n_columns)) * scale
    X[:, 1] = 0.1
    z = X[:, :10] @ (rng.normal(size=10) / scale[:10])
    soft = 1.0 / (1.0 + np.exp(z.mean() - z))
    X[-5:], soft[-5:] = X[:5], soft[:5]
    return X, (soft > 0.5).astype(int), soft, rng.uniform(0.2, 3.0, N_ROWS)


@pytest.mark.parametrize("gammas", [(0.0, 0.0), (1.0, 2.0)], ids=str)
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("layout", DENSE)
def test_inverse_of_the_hessian(layout, fit_intercept, gammas):
    X, _, soft, w = wide_problem(90)
    X[7], w[7] = 1e200, 0.0  # a row that does not count
    source = Matrix(LAYOUTS[layout](X))
    problem = Objective(source, w * soft, w * (1.0 - soft), 0.3, gammas, fit_intercept)
    rng = np.random.default_rng(2)
    theta, gradient = rng.normal(size=(2, problem.size))
    theta[-1] = gradient[-1] = theta[-1] * fit_intercept
    with np.errstate(over="ignore", invalid="ignore"):  # as a fit does
        point = problem.evaluate(theta)
        factor = RowFactor(problem, problem.row_gram(), point.curvature)
        solved = factor.solve(gradient)
    assert factor.is_regular
    expected = np.linalg.solve(problem.hessian(point), gradient)
    np.testing.assert_allclose(solved, expected, rtol=0, atol=1e-10 * np.abs(expected).max())


def test_products_that_drown_the_penalty():
    X, _, soft, w = small_problem(20, 30)
    problem = Objective(Matrix(1e8 * X), w * soft, w * (1.0 - soft), 1.0, (0.0, 0.0), True)
    point = problem.evaluate(np.zeros(problem.size))
    factor = RowFactor(problem, problem.row_gram(), point.curvature)
    assert not factor.is_regular
    # It is the inverse of a Hessian with a larger penalty.
    gradient = np.linspace(-1.0, 1.0, problem.size)
    raised = problem.hessian(point)
    raised += np.diag(np.append(factor.l2 - problem.l2[:-1], 0.0))
    expected = np.linalg.solve(raised, gradient)
    solved = factor.solve(gradient)
    np.testing.assert_allclose(solved, expected, rtol=0, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize("loss", [name for name in LOSSES if "gamma" not in LOSSES[name]])
@pytest.mark.parametrize("layout", DENSE)
def test_nothing_is_better(layout, loss):
    X, hard, _, w = wide_problem()
    clf = BCEClassifier(**LOSSES[loss]).fit(LAYOUTS[layout](X), hard, w)
    assert clf.solver_ == "newton-cholesky"
    u, v = row_weights(hard, w, **LOSSES[loss])
    bound = lower_bound(clf, X, u, v)
    assert objective(clf, X, u, v) <= bound * (1.0 + 1e-9)
    assert clf.optimality_ <= 1e-8


def row_weights(y, w, class_weight=None, pos_weight=1.0, label_smoothing=0.0):
    smooth = y * (1.0 - label_smoothing) + label_smoothing / 2.0
    if class_weight == "balanced":
        class_weight = {c: w.sum() / (2.0 * w[y == c].sum()) for c in (0, 1)}
    class_weight = class_weight or {0: 1.0, 1: 1.0}
    return w * smooth * class_weight[1] * pos_weight, w * (1.0 - smooth) * class_weight[0]


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("C", [1e-4, 1.0])
@pytest.mark.parametrize("n_columns", [90, WIDE])
def test_solvers_agree(n_columns, C, fit_intercept):
    X, _, soft, w = wide_problem(n_columns)
    # With so many columns, and a weak penalty, L-BFGS without a factor needs thousands of steps.
    solvers = SOLVERS if n_columns < WIDE else ["newton-cholesky", "newton-cg"]
    fits = [
        BCEClassifier(C=C, fit_intercept=fit_intercept, tol=1e-14, solver=solver).fit(X, soft, w)
        for solver in solvers
    ]
    # Coefficients are off by the root of what the objective is, a few times 1e-7.
    scale = np.abs(fits[0].coef_).max()
    for clf in fits[1:]:
        np.testing.assert_allclose(clf.coef_, fits[0].coef_, rtol=0, atol=1e-5 * scale)
        np.testing.assert_allclose(clf.intercept_, fits[0].intercept_, atol=1e-5)


@pytest.mark.parametrize("loss", ["focal", "asymmetric", "everything"])
def test_focal_losses(loss):
    X, hard, _, w = wide_problem()
    fits = [
        BCEClassifier(C=0.01, tol=1e-11, solver=solver, **LOSSES[loss]).fit(X, hard, w)
        for solver in ("auto", "newton-cg")
    ]
    values = [clf.loss_curve_[-1] for clf in fits]
    assert values[0] == pytest.approx(values[1], rel=1e-10)


def test_single_precision():
    X, _, soft, w = wide_problem()
    X = X.astype(np.float32)
    single = BCEClassifier().fit(X, soft, w)
    double = BCEClassifier().fit(X.astype(np.float64), soft, w)
    assert single.coef_.dtype == np.float32
    scale = np.abs(double.coef_).max()
    np.testing.assert_allclose(single.coef_, double.coef_, rtol=0, atol=1e-7 * scale)


@pytest.mark.parametrize("n_columns", [90, WIDE])
def test_without_enough_digits(n_columns, monkeypatch):
    X, _, soft, w = wide_problem(n_columns)
    expected = BCEClassifier(tol=1e-12).fit(X, soft, w)
    monkeypatch.setattr(_row_factor, "_ENOUGH_DIGITS", 1e-14)
    clf = BCEClassifier(tol=1e-12, solver="newton-cholesky").fit(X, soft, w)
    assert clf.loss_curve_[-1] == pytest.approx(expected.loss_curve_[-1], rel=1e-11)
    assert clf.optimality_ <= 1e-12


def test_overflow_of_the_products():
    X, hard, _, _ = wide_problem()
    X[:, 2] *= 1e200
    fits = [BCEClassifier(solver=solver).fit(X, hard) for solver in ("auto", "newton-cg")]
    assert fits[0].loss_curve_[-1] == pytest.approx(fits[1].loss_curve_[-1], rel=1e-7)


def test_more_columns_than_a_hessian_may_have():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(12, 20_500))
    clf = BCEClassifier(solver="newton-cholesky").fit(X, np.arange(12) % 2)
    assert clf.optimality_ <= 1e-8


def test_many_problems_share_the_products(monkeypatch):
    X, _, soft, _ = wide_problem()
    made = []
    work = _gram._products
    monkeypatch.setattr(_gram, "_products", lambda *a: (made.append(a), work(*a))[1])
    y = np.digitize(soft, [0.2, 0.5, 0.8])
    clf = OneVsRestBCEClassifier(tol=1e-12).fit(X, y)
    assert len(made) == 1
    for k in range(4):
        alone = BCEClassifier(tol=1e-12).fit(X, y == k)
        scale = np.abs(alone.coef_).max()
        np.testing.assert_allclose(clf.coef_[k], alone.coef_[0], rtol=0, atol=1e-7 * scale)


def test_repetition_is_weight():
    X, hard, _, _ = wide_problem()
    times = 1 + np.arange(N_ROWS) % 3
    weighted = BCEClassifier().fit(X, hard, times)
    repeated = BCEClassifier().fit(np.repeat(X, times, axis=0), np.repeat(hard, times))
    np.testing.assert_allclose(
        weighted.decision_function(X), repeated.decision_function(X), rtol=1e-7, atol=1e-7
    )
