"""What must give the same fit: tables over solvers, losses and layouts."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning

from sklearn_bce import BCEClassifier
from tests.problems import LAYOUTS, LOSSES, SOLVERS, small_problem

X, Y, SOFT, WEIGHT = small_problem()


def fit(X, y, weight=None, **parameters):
    # A gap of 1e-20 is an error of 1e-10 in the coefficients.
    clf = BCEClassifier(tol=1e-20, **parameters)
    return clf.fit(X, y, weight)


def assert_same(one, other, rtol=1e-10, sign=1.0):
    # Coefficients of features of different units are compared in the size of their own.
    scale = np.abs(X).max(axis=0)
    size = np.abs(one.coef_ * scale).max() + np.abs(one.intercept_).max()
    np.testing.assert_allclose(other.coef_ * scale, sign * one.coef_ * scale, 0, rtol * size)
    np.testing.assert_allclose(other.intercept_, sign * one.intercept_, 0, rtol * size)


every_loss = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
every_solver = pytest.mark.parametrize("solver", SOLVERS)


@every_solver
@every_loss
def test_integer_weights_are_repetitions(solver, loss):
    weight = np.random.default_rng(1).integers(0, 4, len(Y))
    weighted = fit(X, Y, weight, solver=solver, **loss)
    assert_same(weighted, fit(X.repeat(weight, 0), Y.repeat(weight), solver=solver, **loss))


@every_solver
@every_loss
def test_zero_weight_removes_the_row(solver, loss):
    weight = np.where(np.arange(len(Y)) % 3, WEIGHT, 0.0)
    kept = weight > 0
    wild = np.where(kept[:, None], X, 1e6 * X)  # whatever stands in the others
    weighted = fit(wild, Y, weight, solver=solver, **loss)
    assert_same(weighted, fit(X[kept], Y[kept], weight[kept], solver=solver, **loss))


@every_solver
@every_loss
def test_soft_row_is_two_weighted_hard_rows(solver, loss):
    soft = fit(X, SOFT, WEIGHT, solver=solver, **loss)
    doubled = fit(
        np.vstack([X, X]),
        np.repeat([1.0, 0.0], len(X)),
        np.concatenate([WEIGHT * SOFT, WEIGHT * (1 - SOFT)]),
        solver=solver,
        **loss,
    )
    assert_same(soft, doubled)


@every_solver
@pytest.mark.parametrize("gamma", [0.0, 2.0])
def test_smoothing_is_explicit_soft_labels(solver, gamma):
    smooth = fit(X, Y, WEIGHT, label_smoothing=0.2, gamma=gamma, solver=solver)
    assert_same(smooth, fit(X, Y * 0.8 + 0.1, WEIGHT, gamma=gamma, solver=solver))


@every_solver
def test_smoothing_comes_before_class_weights(solver):
    weights = {0: 0.5, 1: 4.0}
    smooth = fit(X, Y, label_smoothing=0.2, class_weight=weights, solver=solver)
    assert_same(smooth, fit(X, Y * 0.8 + 0.1, class_weight=weights, solver=solver))


@every_loss
def test_weights_times_t_is_C_times_t(loss):
    assert_same(fit(X, Y, 5.0 * WEIGHT, C=0.3, **loss), fit(X, Y, WEIGHT, C=1.5, **loss))


@pytest.mark.parametrize("y", [Y, SOFT], ids=["hard", "soft"])
@pytest.mark.parametrize("gamma", [0.0, 1.5])
def test_pos_weight_is_a_class_weight(y, gamma):
    one = fit(X, y, WEIGHT, pos_weight=3.0, gamma=gamma)
    assert_same(one, fit(X, y, WEIGHT, class_weight={0: 1.0, 1: 3.0}, gamma=gamma))


@pytest.mark.parametrize("y", [Y, SOFT], ids=["hard", "soft"])
def test_balanced_weights_are_the_masses(y):
    yes, no = WEIGHT @ y, WEIGHT @ (1 - y)
    half = 0.5 * (yes + no)
    explicit = fit(X, y, WEIGHT, class_weight={0: half / no, 1: half / yes})
    assert_same(explicit, fit(X, y, WEIGHT, class_weight="balanced"))
    # pos_weight="balanced" moves the same ratio to one side: it is C times another number.
    assert_same(explicit, fit(X, y, WEIGHT, pos_weight="balanced", C=half / no))


def test_class_weight_is_sample_weight():
    weighted = fit(X, Y, np.where(Y, 3.0, 0.7))
    assert_same(weighted, fit(X, Y, class_weight={0: 0.7, 1: 3.0}))


@every_solver
@pytest.mark.parametrize("gamma", [0.0, 0, (0.0, 0.0), (0, 0.0)], ids=str)
def test_gamma_zero_is_cross_entropy_to_the_bit(solver, gamma):
    plain, focal = fit(X, SOFT, solver=solver), fit(X, SOFT, gamma=gamma, solver=solver)
    assert plain.coef_.tobytes() == focal.coef_.tobytes()
    assert plain.intercept_.tobytes() == focal.intercept_.tobytes()


@every_solver
@every_loss
def test_order_of_rows_and_columns(solver, loss):
    rng = np.random.default_rng(2)
    rows, columns = rng.permutation(len(X)), rng.permutation(X.shape[1])
    there = fit(X[rows][:, columns], Y[rows], WEIGHT[rows], solver=solver, **loss)
    back = np.argsort(columns)
    there.coef_ = there.coef_[:, back]
    assert_same(fit(X, Y, WEIGHT, solver=solver, **loss), there)


@every_solver
@pytest.mark.parametrize(
    ("loss", "flipped"),
    [
        ({}, {}),
        ({"gamma": 2.0}, {"gamma": 2.0}),
        ({"gamma": (0.5, 3.0)}, {"gamma": (3.0, 0.5)}),
        ({"class_weight": {0: 1.0, 1: 4.0}}, {"class_weight": {0: 4.0, 1: 1.0}}),
    ],
    ids=str,
)
def test_flipped_labels_flip_the_signs(solver, loss, flipped):
    one = fit(X, SOFT, WEIGHT, solver=solver, **loss)
    assert_same(one, fit(X, 1 - SOFT, WEIGHT, solver=solver, **flipped), sign=-1.0)


@every_solver
@every_loss
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(solver, loss, layout):
    dense = fit(X, SOFT, WEIGHT, solver=solver, **loss)
    assert_same(dense, fit(LAYOUTS[layout](X), SOFT, WEIGHT, solver=solver, **loss))


@every_solver
def test_unsorted_and_repeated_entries_are_their_sum(solver):
    rng = np.random.default_rng(3)
    part = rng.random(X.shape)
    row, column = np.indices(X.shape).reshape(2, -1)
    order = rng.permutation(2 * row.size)
    values = np.concatenate([(X * part).ravel(), (X * (1 - part)).ravel()])[order]
    row, column = np.tile(row, 2)[order], np.tile(column, 2)[order]
    by_row = np.argsort(row, kind="stable")
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(X)))])
    messy = sp.csr_array((values[by_row], column[by_row], indptr), X.shape)
    before = messy.indices.copy()
    assert not messy.has_sorted_indices
    assert_same(fit(X, Y, solver=solver), fit(messy, Y, solver=solver))
    np.testing.assert_array_equal(messy.indices, before)


@every_solver
def test_solvers_agree_without_an_intercept(solver):
    clf = fit(X, Y, WEIGHT, fit_intercept=False, solver=solver)
    assert clf.intercept_ == 0.0
    assert_same(fit(X, Y, WEIGHT, fit_intercept=False), clf)
    shifted = fit(X - X.mean(axis=0), Y, WEIGHT, fit_intercept=False)
    assert np.abs(shifted.coef_ - clf.coef_).max() > 1e-3  # without one, a shift is no freedom


def test_two_iterations_are_one_and_one_more():
    with pytest.warns(ConvergenceWarning, match="did not converge"):
        twice = BCEClassifier(max_iter=2, solver="newton-cholesky").fit(X, Y)
    again = BCEClassifier(max_iter=1, solver="newton-cholesky", warm_start=True)
    for _ in range(2):
        with pytest.warns(ConvergenceWarning, match="did not converge"):
            again.fit(X, Y)
    assert_same(twice, again, rtol=1e-12)
