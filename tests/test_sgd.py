"""Stochastic steps: `solver="sgd"` and `partial_fit`, held to a few lines of NumPy, and to the
rules that they should obey whatever the data."""

import copy
import pickle
import warnings
from importlib.util import find_spec

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

from sklearn_bce import BCEClassifier, OneVsRestBCEClassifier
from sklearn_bce import loss as losses
from tests.problems import LAYOUTS, l1_logistic_regression, small_problem

PLAIN = {"C": np.inf, "average": False, "shuffle": False, "learning_rate": "constant"}
PENALTIES = [{"C": np.inf}, {"C": 0.3}, {"C": 0.3, "l1_ratio": 1.0}, {"C": 0.3, "l1_ratio": 0.4}]


def modest_problem(n_rows=120, seed=0):
    """Scaled features, a third of them zero; hard labels, soft labels, weights."""
    X, hard, soft, weight = small_problem(n_rows, seed=seed)
    scale = np.abs(X).max(axis=0)
    return np.ascontiguousarray(X / scale), hard, soft, weight


def same(one, other):
    return np.array_equal(one.coef_, other.coef_) and np.array_equal(
        one.intercept_, other.intercept_
    )


# -- the steps


@pytest.mark.parametrize("layout", ["C", "F", "csr_array", "int64"])
@pytest.mark.parametrize("batch_size", [1, 7])
@pytest.mark.parametrize("gamma", [0.0, (2.0, 0.5)])
@pytest.mark.parametrize(("rate", "power"), [("constant", 0.0), ("invscaling", 0.5)])
def test_plain_rule(layout, batch_size, gamma, rate, power):
    X, _, y, weight = modest_problem()
    clf = BCEClassifier(
        **(PLAIN | {"learning_rate": rate}), eta0=0.3, batch_size=batch_size, gamma=gamma
    )
    clf.partial_fit(LAYOUTS[layout](X), y, sample_weight=weight)
    w, b = np.zeros(X.shape[1]), 0.0
    for step, start in enumerate(range(0, len(X), batch_size), 1):
        rows = slice(start, start + batch_size)
        slope = weight[rows] * losses.gradient(y[rows], X[rows] @ w + b, gamma=gamma)
        eta = 0.3 / step**power / batch_size
        w, b = w - eta * slope @ X[rows], b - eta * slope.sum()
    np.testing.assert_allclose(clf.coef_[0], w, rtol=1e-12)
    np.testing.assert_allclose(clf.intercept_, b, rtol=1e-12)


class Reference:
    """The steps from their definition: every term of the sum that they minimise is kept."""

    def __init__(self, n_features, batch_size, C, l1_ratio=0.0, fit_intercept=True):
        self.batch_size, self.C, self.l1_ratio = batch_size, C, l1_ratio
        self.fit_intercept = fit_intercept
        self.w, self.b = np.zeros(n_features), 0.0
        self.terms = [[] for _ in range(n_features)]  # (gradient, sigma, point) of each feature
        self.h = np.zeros(n_features)
        self.squares, self.b_squares = np.zeros(n_features), 0.0
        self.rows, self.weights = [], []

    def solve(self, j, penalty):
        """The minimiser over one coefficient of all terms and the penalty, by its sign."""
        slope = sum(g - s * w for g, s, w in self.terms[j])
        curvature = sum(s for _, s, _ in self.terms[j]) + (1 - self.l1_ratio) * penalty
        for sign in (1.0, -1.0):
            candidate = -(slope + sign * self.l1_ratio * penalty) / curvature
            if candidate * sign > 0.0:
                return candidate
        return 0.0

    def learn(self, X, y, weight, is_sparse):
        for start in range(0, len(X), self.batch_size):
            rows = slice(start, start + self.batch_size)
            self.step(X[rows], y[rows], weight[rows], is_sparse)

    def step(self, X, y, weight, is_sparse):
        self.weights.extend(weight)
        slope = weight * losses.gradient(y, X @ self.w + self.b)
        prior = self.batch_size * np.mean(np.square(self.weights))
        self.rows.extend(X)
        (self.step_by_row if is_sparse else self.step_at_once)(X, slope, prior)

    def step_at_once(self, X, slope, prior):
        seen = np.array(self.rows)
        center = seen.mean(axis=0) if self.fit_intercept else np.zeros(X.shape[1])
        mean_square = ((seen - center) ** 2).mean(axis=0)
        base = np.sqrt(1 + (mean_square > 0).sum()) / 2.0
        last = self.w.copy()
        gradient = slope @ (X - center)
        self.squares += gradient**2
        h = base * np.sqrt(mean_square) * np.sqrt(self.squares + prior * mean_square)
        self.move(gradient, h)
        self.b += center @ last
        self.move_intercept(slope.sum(), base, prior)
        self.b -= center @ self.w

    def step_by_row(self, X, slope, prior):
        seen = np.array(self.rows)
        present = (seen != 0).sum(axis=0)
        base = np.sqrt(1 + present.sum() / len(seen)) / 2.0
        size = np.sqrt((seen**2).sum(axis=0) / np.maximum(present, 1))
        before = self.squares + prior * (seen**2).mean(axis=0)
        for x, s in zip(X, slope, strict=True):
            self.squares += (s * x) ** 2
            self.move(s * x, base * size * np.sqrt(before + (s * x) ** 2))
            self.move_intercept(s, base, prior)

    def move(self, gradient, h):
        for j in np.flatnonzero(gradient):
            self.terms[j].append((gradient[j], h[j] - self.h[j], self.w[j]))
            self.h[j] = h[j]
            self.w[j] = self.solve(j, 1.0 / self.C)

    def move_intercept(self, gradient, base, prior):
        if self.fit_intercept:
            self.b_squares += gradient**2
            self.b -= gradient / (base * np.sqrt(self.b_squares + prior))


@pytest.mark.parametrize("penalty", PENALTIES, ids=str)
@pytest.mark.parametrize("is_sparse", [False, True])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("batch_size", [1, 8, "auto"])
def test_adaptive_rule(penalty, is_sparse, fit_intercept, batch_size):
    X, _, y, weight = small_problem(n_rows=90)
    kinds = {"solver": "sgd", "average": False, "shuffle": False, "batch_size": batch_size}
    clf = BCEClassifier(**penalty, **kinds, fit_intercept=fit_intercept)
    clf.partial_fit(sp.csr_array(X) if is_sparse else X, y, sample_weight=weight)
    if batch_size == "auto":
        batch_size = 8 if is_sparse else 16
    reference = Reference(X.shape[1], batch_size, **penalty, fit_intercept=fit_intercept)
    reference.learn(X, y, weight, is_sparse)
    np.testing.assert_allclose(clf.coef_[0], reference.w, rtol=1e-9)
    np.testing.assert_allclose(clf.intercept_[0], reference.b, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("penalty", PENALTIES, ids=str)
@pytest.mark.parametrize("rate", ["constant", "invscaling"])
@pytest.mark.parametrize("method", ["fit", "partial_fit", "partial_fit with another C"])
def test_sparse_rows_step_as_dense_ones(penalty, rate, method):
    X, _, y, weight = modest_problem()
    X = np.hstack([X, np.zeros((len(X), 30))])
    X[::40, 10:] = np.arange(1.0, 31.0)[:25] / 30  # features that are seldom there
    fits = []
    for layout in (np.asarray, sp.csr_array):
        clf = BCEClassifier(
            solver="sgd", learning_rate=rate, average=False, batch_size=4, max_iter=3, **penalty
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            fits.append(getattr(clf, method.split()[0])(layout(X), y, sample_weight=weight))
            if "another" in method:
                clf.set_params(C=3.0).partial_fit(layout(X), y, sample_weight=weight)
    np.testing.assert_allclose(fits[0].coef_, fits[1].coef_, rtol=1e-11, atol=1e-14)
    np.testing.assert_array_equal(fits[0].coef_ == 0.0, fits[1].coef_ == 0.0)
    assert (fits[0].coef_ != 0.0).any()


@pytest.mark.parametrize("rate", ["constant", "invscaling"])
def test_plain_rules_take_as_many_rows_of_any_kind(rate):
    X, hard, _, _ = modest_problem()
    dense, sparse = (
        BCEClassifier(learning_rate=rate, average=False).partial_fit(each, hard, [0, 1])
        for each in (X, sp.csr_array(X))
    )
    np.testing.assert_allclose(sparse.coef_, dense.coef_, rtol=1e-11)


@pytest.mark.parametrize("layout", ["C", "csr_array"])
@pytest.mark.parametrize("rate", ["adaptive", "constant"])
def test_l1_may_come_and_go_within_a_stream(layout, rate):
    X, hard, _, weight = modest_problem()
    X = LAYOUTS[layout](X)
    always = BCEClassifier(C=0.3, average=False, learning_rate=rate)
    changing = clone(always)
    for l1_ratio in (0.0, 1e-12, 0.0, 1e-12):
        always.partial_fit(X, hard, [0, 1], weight)
        changing.set_params(l1_ratio=l1_ratio, solver="sgd")
        changing.partial_fit(X, hard, [0, 1], weight)
        np.testing.assert_allclose(changing.coef_, always.coef_, rtol=1e-8)


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5])
def test_repeated_entries_are_summed(l1_ratio):
    X, hard, _, _ = modest_problem()
    whole = sp.csr_array(X)
    parts = sp.csr_array(
        (
            np.repeat(whole.data / 2, 2),
            np.repeat(whole.indices, 2),
            2 * whole.indptr,
        ),
        shape=X.shape,
    )
    kinds = {"l1_ratio": l1_ratio, "solver": "sgd"}
    one, other = (BCEClassifier(**kinds).partial_fit(each, hard, [0, 1]) for each in (whole, parts))
    assert same(one, other)
    assert parts.nnz == 2 * whole.nnz  # the user's own is let be


def test_average():
    X, _, y, _ = modest_problem()
    points = []
    clf = BCEClassifier(average=False, shuffle=False, batch_size=4)
    for start in range(0, len(X), 4):
        clf.partial_fit(X[start : start + 4], y[start : start + 4])
        points.append(np.append(clf.coef_, clf.intercept_))
    averaged = BCEClassifier(shuffle=False, batch_size=4).partial_fit(X, y)
    t = np.arange(1, len(points) + 1)
    expected = np.average(points, axis=0, weights=t * (t + 1) * (t + 2))
    found = np.append(averaged.coef_, averaged.intercept_)
    # The average is taken about the centre of the rows, which itself moves at first.
    np.testing.assert_allclose(found[:-1], expected[:-1], rtol=1e-11)
    assert abs(found[-1] - expected[-1]) < 0.05


@pytest.mark.parametrize("n_points", [1, 5, 8, 9, 12, 30])
def test_average_of_sparse_rows(n_points):
    X, _, y, _ = small_problem(n_rows=2 * n_points)
    X = sp.csr_array(X + 0.1)  # no zeros
    clf = BCEClassifier(average=False, shuffle=False, batch_size=2)
    points = []  # one a batch, whose entries are twice as many as columns
    for start in range(0, 2 * n_points, 2):
        clf.partial_fit(X[start : start + 2], y[start : start + 2])
        points.append(np.append(clf.coef_, clf.intercept_))
    averaged = BCEClassifier(shuffle=False, batch_size=2).partial_fit(X, y)
    points = points[min(8, n_points - 1) :]  # until the ninth, the last one is all there is
    t = np.arange(1, len(points) + 1)
    expected = np.average(points, axis=0, weights=t * (t + 1) * (t + 2))
    found = np.append(averaged.coef_, averaged.intercept_)
    np.testing.assert_allclose(found, expected, rtol=1e-11)


# -- invariances and identities


@pytest.mark.parametrize("layout", ["C", "csr_array"])
def test_units_of_features_do_not_matter(layout):
    X, _, y, _ = small_problem(n_rows=300)
    unit = 2.0 ** np.array([-40, -3, 0, 5, 33])
    one = BCEClassifier(C=np.inf).partial_fit(LAYOUTS[layout](X), y)
    other = BCEClassifier(C=np.inf).partial_fit(LAYOUTS[layout](X * unit), y)
    np.testing.assert_array_equal(one.coef_, other.coef_ * unit)
    np.testing.assert_array_equal(one.intercept_, other.intercept_)


def test_origin_of_features_does_not_matter():
    X, _, y, _ = small_problem(n_rows=300)
    X = StandardScaler().fit_transform(X)
    origin = np.array([2013.0, -1e6, 0.0, 1e3, 1e4])
    one, other = (BCEClassifier().partial_fit(each, y) for each in (X, X + origin))
    np.testing.assert_allclose(
        one.decision_function(X), other.decision_function(X + origin), atol=1e-8
    )


@pytest.mark.parametrize("layout", ["C", "csr_array"])
@pytest.mark.parametrize("penalty", PENALTIES, ids=str)
def test_unit_of_weights_is_that_of_the_penalty(layout, penalty):
    X, _, y, weight = small_problem(n_rows=200)
    X = LAYOUTS[layout](X)
    penalty = {"solver": "sgd", **penalty}
    one = BCEClassifier(**penalty).partial_fit(X, y, sample_weight=weight)
    penalty = penalty | {"C": penalty["C"] / 2**20}
    other = BCEClassifier(**penalty).partial_fit(X, y, sample_weight=weight * 2**20)
    assert same(one, other)


def test_soft_row_is_two_hard_rows():
    X, _, y, weight = modest_problem(n_rows=8)
    both = np.vstack([X, X])
    hard, parts = np.repeat([1, 0], 8), np.concatenate([weight * y, weight * (1 - y)])
    kinds = PLAIN | {"batch_size": 16, "gamma": 1.5}
    soft = BCEClassifier(**kinds).partial_fit(X, y, sample_weight=weight)
    split = BCEClassifier(**kinds).partial_fit(both, hard, classes=[0, 1], sample_weight=parts)
    np.testing.assert_allclose(soft.coef_, split.coef_, rtol=1e-12)
    np.testing.assert_allclose(soft.intercept_, split.intercept_, rtol=1e-12)


@pytest.mark.parametrize("layout", ["C", "csr_array"])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_row_without_weight_is_no_row(layout, method):
    X, _, y, weight = modest_problem()
    weight[::3] = 0.0
    kept = weight > 0.0
    fits = []
    for rows in (slice(None), kept):
        clf = BCEClassifier(solver="sgd", max_iter=5, shuffle=False)
        told = LAYOUTS[layout](X[rows]), y[rows]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            getattr(clf, method)(*told, sample_weight=weight[rows])
        fits.append(clf)
    if method == "partial_fit":
        assert same(*fits)
    else:  # the objective's weights sum to 1 in another order
        np.testing.assert_allclose(fits[0].coef_, fits[1].coef_, rtol=1e-10)


def test_weight_is_repetition_in_one_batch():
    X, hard, _, _ = modest_problem(n_rows=10)
    kinds = PLAIN | {"batch_size": 64}
    weight = np.arange(1, 11) % 3 + 1
    one = BCEClassifier(**kinds).partial_fit(X, hard, [0, 1], sample_weight=weight)
    other = BCEClassifier(**kinds).partial_fit(
        np.repeat(X, weight, axis=0), np.repeat(hard, weight), [0, 1]
    )
    np.testing.assert_allclose(one.coef_, other.coef_, rtol=1e-12)


# -- streams


@pytest.mark.parametrize("layout", [*LAYOUTS])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5])
def test_parts_are_the_whole(layout, l1_ratio):
    X, hard, _, weight = small_problem(n_rows=200)
    whole = BCEClassifier(shuffle=False, l1_ratio=l1_ratio, solver="sgd")
    parts = clone(whole)
    whole.partial_fit(LAYOUTS[layout](X), hard, [0, 1], weight)
    for start, stop in [(0, 16), (16, 112), (112, 200)]:
        rows = slice(start, stop)
        parts.partial_fit(LAYOUTS[layout](X[rows]), hard[rows], [0, 1], weight[rows])
    assert same(whole, parts)
    assert parts.n_samples_seen_ == 200
    assert len(parts.loss_curve_) == 3


@pytest.mark.parametrize("layout", ["C", "csr_array"])
@pytest.mark.parametrize("batch_size", [3, 64, 65, 97, 100])
def test_parts_of_whole_batches(layout, batch_size):
    X, hard, _, weight = small_problem(n_rows=300)
    whole = BCEClassifier(shuffle=False, batch_size=batch_size)
    parts = clone(whole)
    whole.partial_fit(LAYOUTS[layout](X), hard, [0, 1], weight)
    for start in range(0, 300, batch_size):
        rows = slice(start, start + batch_size)
        parts.partial_fit(LAYOUTS[layout](X[rows]), hard[rows], [0, 1], weight[rows])
    assert same(whole, parts)


@pytest.mark.parametrize("layout", ["C", "csr_array"])
def test_long_stream_goes_slice_by_slice(layout, monkeypatch):
    X, hard, _, _ = small_problem(n_rows=500)
    whole = BCEClassifier().partial_fit(LAYOUTS[layout](X), hard, [0, 1])
    monkeypatch.setattr("sklearn_bce._descent._CALL_VALUES", 300)
    assert same(whole, BCEClassifier().partial_fit(LAYOUTS[layout](X), hard, [0, 1]))


def test_layouts_and_precisions_agree():
    X, hard, _, _ = small_problem(n_rows=200)
    X = np.round(X, 1).astype(np.float32)
    first = BCEClassifier().partial_fit(X.astype(np.float64), hard, [0, 1])
    for other in (X, np.asfortranarray(X), np.asfortranarray(X, dtype=np.float64)):
        clf = BCEClassifier().partial_fit(other, hard, [0, 1])
        assert clf.coef_.dtype == other.dtype
        np.testing.assert_array_equal(clf.coef_, first.coef_.astype(other.dtype))


def test_dense_and_sparse_parts_mix():
    X, hard, _, _ = small_problem(n_rows=200)
    for first, second in [(np.asarray, sp.csr_array), (sp.csr_array, np.asarray)]:
        same_kind, mixed = BCEClassifier(), BCEClassifier()
        for rows, other in [(slice(0, 96), first), (slice(96, 200), second)]:
            same_kind.partial_fit(first(X[rows]), hard[rows], [0, 1])
            mixed.partial_fit(other(X[rows]), hard[rows], [0, 1])
        assert same(same_kind, mixed)


@pytest.mark.parametrize("make", [lambda: 3, lambda: None, lambda: np.random.RandomState(5)])
def test_order_and_seed_settle_every_bit(make):
    X, hard, _, _ = small_problem(n_rows=200)
    fits = []
    for _ in range(2):
        clf = BCEClassifier(random_state=make())
        for rows in (slice(0, 100), slice(100, 200)):
            clf.partial_fit(X[rows], hard[rows], [0, 1])
        fits.append(clf)
    assert same(*fits)
    assert not same(fits[0], BCEClassifier(random_state=4).partial_fit(X, hard, [0, 1]))


@pytest.mark.parametrize(
    "carry", [lambda c: pickle.loads(pickle.dumps(c)), copy.deepcopy, copy.copy]
)
@pytest.mark.parametrize("layout", ["C", "csr_array"])
def test_stream_survives_a_copy(carry, layout):
    X, hard, _, _ = small_problem(n_rows=200)
    X = LAYOUTS[layout](X)
    clf = BCEClassifier().partial_fit(X[:100], hard[:100], [0, 1])
    copied = carry(clf)
    for rows in (slice(100, 103), slice(103, 200)):  # so few are learned in place
        clf.partial_fit(X[rows], hard[rows])
    assert not same(clf, copied) and len(copied.loss_curve_) == 1  # no memory in common
    for rows in (slice(100, 103), slice(103, 200)):
        copied.partial_fit(X[rows], hard[rows])
    assert same(clf, copied) and clf.loss_curve_ == copied.loss_curve_
    fresh = clone(clf).partial_fit(X[:100], hard[:100], [0, 1])
    assert same(fresh, BCEClassifier().partial_fit(X[:100], hard[:100], [0, 1]))


@pytest.mark.parametrize("layout", ["C", "csr_array"])
def test_the_intercept_is_settled_by_the_first_call(layout):
    X, hard, _, _ = small_problem()
    X = LAYOUTS[layout](X)
    clf = BCEClassifier().partial_fit(X, hard, [0, 1]).set_params(fit_intercept=False)
    with pytest.raises(ValueError, match=r"fit_intercept cannot change.* Got False.* had True\."):
        clf.partial_fit(X, hard)
    assert clf.fit(X, hard).partial_fit(X, hard).intercept_.tolist() == [0.0]
    clf = BCEClassifier().fit(X, hard).set_params(fit_intercept=False)
    assert clf.partial_fit(X, hard).intercept_.tolist() == [0.0]


def test_coefficients_are_the_users_own():
    X, hard, _, _ = small_problem(n_rows=200)
    one, other = (BCEClassifier().partial_fit(X, hard, [0, 1]) for _ in range(2))
    one.coef_[:] = 0.0
    one.sparsify()
    assert same(one.partial_fit(X, hard), other.partial_fit(X, hard))


@pytest.mark.parametrize("layout", ["C", "csr_array"])
def test_coefficients_are_written_out_when_somebody_asks(layout):
    X, hard, _, _ = small_problem(n_rows=200)
    X = LAYOUTS[layout](X)
    one, other = (BCEClassifier().partial_fit(X, hard, [0, 1]) for _ in range(2))
    assert "coef_" not in vars(one) and {"coef_", "intercept_"} <= {*dir(one)}
    other.set_params(average=False, l1_ratio=1.0)  # the coefficients are those of the call
    assert same(one, other) and one.coef_ is one.coef_
    before, copied = one.coef_, one.coef_.copy()
    one.coef_[:] = 7.0  # theirs to do with as they please
    fresh = BCEClassifier().partial_fit(X, hard, [0, 1]).partial_fit(X, hard)
    assert same(one.partial_fit(X, hard), fresh)
    assert (before == 7.0).all() and not np.array_equal(one.coef_, copied)
    one.coef_ = copied
    assert one.coef_ is copied and one.intercept_.shape == (1,)
    for model, name in ((one, "coef"), (BCEClassifier(), "coef_")):
        with pytest.raises(AttributeError, match=f"no attribute '{name}'"):
            getattr(model, name)


@pytest.mark.parametrize("solver", ["lbfgs", "sgd"])
@pytest.mark.parametrize("layout", ["C", "csr_array"])
def test_stream_after_fit_starts_from_it(solver, layout):
    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    clf = BCEClassifier(solver=solver, tol=1e-4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        clf.fit(LAYOUTS[layout](X), y)
    before = clf.loss_curve_[-1]
    loss = log_loss(y, clf.predict_proba(X))
    clf.partial_fit(LAYOUTS[layout](X[:20]), y[:20])
    assert clf.n_samples_seen_ == len(X) + 20
    assert log_loss(y, clf.predict_proba(X)) < 1.1 * loss < 1.2 * before
    alone = BCEClassifier().partial_fit(X[:20], y[:20], [0, 1])
    assert log_loss(y, alone.predict_proba(X)) > 2.0 * loss


def test_fit_forgets_a_stream():
    X, hard, _, _ = small_problem()
    clf = BCEClassifier(random_state=0).partial_fit(X, hard, [0, 1]).fit(X, hard)
    again = BCEClassifier(random_state=0).fit(X, hard)
    assert same(clf, again)
    assert same(clf.partial_fit(X, hard), again.partial_fit(X, hard))


def test_what_a_stream_leaves():
    X, _, soft, _ = small_problem()
    clf = BCEClassifier(gamma=(1.0, 2.0), pos_weight=3.0, probability="posterior")
    clf.partial_fit(X, soft)
    assert clf.solver_ == "sgd"
    assert np.isnan(clf.optimality_)
    assert clf.n_iter_.tolist() == [1]
    assert clf.classes_.tolist() == [0.0, 1.0]
    assert clf.loss_parameters_["weight_positive"].tolist() == [3.0]
    assert clf.predict_proba(X).shape == (80, 2)
    assert clf.score(X, soft) > 0.5


@pytest.mark.parametrize("solver", ["auto", "newton-cholesky", "sgd"])
def test_solver_does_not_matter_to_a_stream(solver):
    X, hard, _, _ = small_problem()
    one, other = (
        BCEClassifier(solver=each).partial_fit(X, hard, [0, 1]) for each in (solver, "lbfgs")
    )
    assert same(one, other)


def test_loss_of_a_stream_is_that_of_rows_not_seen():
    X, hard, _, weight = small_problem(n_rows=400)
    clf = BCEClassifier(average=False).partial_fit(X[:300], hard[:300], [0, 1])
    p = clf.predict_proba(X[300:])[:, 1]
    batch = {"batch_size": 100}
    clf.set_params(**batch).partial_fit(X[300:], hard[300:], sample_weight=weight[300:])
    expected = log_loss(hard[300:], p, sample_weight=weight[300:])
    np.testing.assert_allclose(clf.loss_curve_[-1], expected, rtol=1e-10)


# -- many labels


def stream_of_iris():
    X, y = load_iris(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(y))
    return X[order], y[order]


@pytest.mark.parametrize("layout", ["C", "csr_array"])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_many_problems_are_each_by_itself(layout, method):
    X, y = stream_of_iris()
    X = LAYOUTS[layout](X)
    told = {} if method == "fit" else {"classes": [0, 1, 2]}
    kinds = {"solver": "sgd", "max_iter": 20, "gamma": (0.0, 1.0), "pos_weight": 2.0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        clf = getattr(OneVsRestBCEClassifier(**kinds), method)(X, y, **told)
        for k in range(3):
            told = {} if method == "fit" else {"classes": [False, True]}
            one = getattr(BCEClassifier(**kinds), method)(X, y == k, **told)
            np.testing.assert_allclose(clf.coef_[k], one.coef_[0], rtol=1e-12)
            np.testing.assert_allclose(clf.loss_curve_[k], one.loss_curve_, rtol=1e-12)
    assert np.isnan(clf.optimality_).all()


def test_problems_of_a_fit_may_leave_out_rows_of_their_own():
    X, y = stream_of_iris()
    weight = np.ones((150, 3))
    weight[::3, 1] = 0.0  # so that not all can share a reading
    kinds = {"solver": "sgd", "max_iter": 5}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        clf = OneVsRestBCEClassifier(**kinds).fit(X, y, sample_weight=weight)
        for k in range(3):
            one = BCEClassifier(**kinds).fit(X, y == k, sample_weight=weight[:, k])
            # Centres and scales, in which theta is rounded, are those of all problems' weights.
            np.testing.assert_allclose(clf.coef_[k], one.coef_[0], rtol=1e-10)


def test_streams_of_every_kind_of_labels():
    X, y = stream_of_iris()
    indicator = (y[:, np.newaxis] == np.arange(3)).astype(int)
    multiclass = OneVsRestBCEClassifier().partial_fit(X, y, classes=range(3))
    multilabel = OneVsRestBCEClassifier().partial_fit(X, indicator)
    from_sparse = OneVsRestBCEClassifier().partial_fit(X, sp.csr_array(indicator))
    soft = OneVsRestBCEClassifier().partial_fit(X, indicator.astype(float))
    each = OneVsRestBCEClassifier().partial_fit(X, indicator, sample_weight=np.ones((150, 3)))
    for other in (multilabel, from_sparse, soft, each):
        assert same(multiclass, other)
    assert sp.issparse(from_sparse.predict(X))
    assert multiclass.multilabel_ is False and multilabel.multilabel_ is True
    names = np.array(["setosa", "versicolor", "virginica"])
    named = OneVsRestBCEClassifier().partial_fit(X, names[y], classes=names)
    assert same(multiclass, named)
    assert set(named.predict(X)) <= set(names)
    two = OneVsRestBCEClassifier().partial_fit(X, y == 1, classes=[False, True])
    assert same(two, BCEClassifier().partial_fit(X, y == 1, classes=[False, True]))


def test_class_weight_of_a_multiclass_stream_is_a_row_weight():
    X, y = stream_of_iris()
    weights = {0: 1.0, 1: 4.0, 2: 0.5}
    one = OneVsRestBCEClassifier(class_weight=weights).partial_fit(X, y, classes=[0, 1, 2])
    rows = np.array([weights[label] for label in y])
    other = OneVsRestBCEClassifier().partial_fit(X, y, classes=[0, 1, 2], sample_weight=rows)
    assert same(one, other)
    assert one.loss_parameters_ is None


def test_class_weight_and_pos_weight_of_two_classes():
    X, hard, _, _ = small_problem()
    by_class = BCEClassifier(class_weight={0: 1.0, 1: 3.0}).partial_fit(X, hard, [0, 1])
    by_positive = BCEClassifier(pos_weight=3.0).partial_fit(X, hard, [0, 1])
    by_row = BCEClassifier().partial_fit(X, hard, [0, 1], sample_weight=np.where(hard, 3.0, 1.0))
    assert same(by_class, by_positive)
    assert same(by_class, by_row)


# -- what is refused


HARD = {"y": np.arange(40) % 2, "classes": [0, 1]}
REFUSED = [
    ({}, {"y": np.arange(40) % 2}, "classes must be passed on the first call"),
    ({}, {"y": np.array(["a", "b"] * 20)}, "classes must be passed on the first call"),
    ({}, {"y": np.zeros(40), "classes": [0, 1, 2]}, "classes must hold two classes"),
    ({}, {"y": np.zeros(40), "classes": [0]}, "classes must hold two classes"),
    ({}, {"y": np.arange(40) % 3, "classes": [0, 1]}, r"y has labels that are none .* \[2\]"),
    ({}, {"y": np.linspace(0, 2, 40)}, "classes must be passed"),
    ({"class_weight": "balanced"}, HARD, "class_weight='balanced' is not supported by partial_fit"),
    ({"early_stopping": True}, HARD, "early_stopping=True is not supported by partial_fit"),
    ({"pos_weight": "balanced"}, HARD, "pos_weight='balanced' is not supported by partial_fit"),
    ({"class_weight": {0: 1.0, "no": 2.0}}, HARD, r"class_weight has keys .*\['no'\]"),
    ({"class_weight": {0: -1.0, 1: 2.0}}, HARD, "class_weight must hold finite weights"),
    ({"class_weight": {0: 0.0, 1: 2.0}}, HARD, "leaves only one class with a weight: 1"),
    ({}, {"y": np.full(40, 0.25), "classes": [0.25, 0.75]}, "are read as soft labels"),
    ({"learning_rate": "optimal"}, HARD, "The 'learning_rate' parameter of BCEClassifier"),
    ({"eta0": 0.0}, HARD, "The 'eta0' parameter of BCEClassifier"),
    ({}, HARD | {"sample_weight": -np.ones(40)}, "sample_weight must not be negative"),
    ({}, HARD | {"y": np.zeros((40, 2))}, "should be a 1d array"),
]


@pytest.mark.parametrize(("parameters", "told", "message"), REFUSED)
def test_first_call_is_refused(parameters, told, message):
    X = np.random.default_rng(0).normal(size=(40, 3))
    clf = BCEClassifier(**parameters)
    with pytest.raises(ValueError, match=message):
        clf.partial_fit(X, **told)
    assert vars(clf) == vars(BCEClassifier(**parameters))


SOFT = np.linspace(0.0, 1.0, 80)
LATER = [  # labels of the first call, what the second one tells, its error
    (HARD, {"y": np.arange(80) % 3}, "labels that are none of the classes"),
    (HARD, {"y": SOFT}, "must be soft from the first call on"),
    (HARD, {"y": np.arange(80) % 2, "classes": [0, 2]}, "not the same as in the calls before"),
    ({"y": SOFT}, {"y": np.arange(80) % 3}, "the labels of the calls before were soft"),
    ({"y": SOFT}, {"y": np.array(["a", "b"] * 40)}, "none of the classes"),
    (HARD, {"y": np.array(["0", "1"] * 40)}, "none of the classes"),
    (HARD, {"X": np.ones((80, 2))}, "X has 2 features, but BCEClassifier is expecting 5"),
    (HARD, {"X": np.full((80, 5), np.nan)}, "NaN"),
    (HARD, {"sample_weight": np.ones(3)}, "sample_weight"),
]


@pytest.mark.parametrize(("first", "second", "message"), LATER)
def test_refused_call_leaves_the_stream_as_it_was(first, second, message):
    X, _, _, _ = small_problem()
    first = {"X": X, **first} | {"y": np.resize(first["y"], 80)}
    clf = BCEClassifier().partial_fit(**first)
    other = copy.deepcopy(clf)
    with pytest.raises(ValueError, match=message):
        clf.partial_fit(**({"X": X, "y": first["y"]} | second))
    assert same(clf, other)
    assert clf.loss_curve_ == other.loss_curve_
    assert same(clf.partial_fit(X, first["y"]), other.partial_fit(X, first["y"]))


def test_labels_that_later_calls_may_have():
    X, hard, soft, _ = small_problem()
    one = BCEClassifier().partial_fit(X, soft).partial_fit(X, hard)
    other = BCEClassifier().partial_fit(X, soft).partial_fit(X, hard.astype(float))
    assert same(one, other)
    only = BCEClassifier().partial_fit(X[:20], np.ones(20, dtype=int), classes=[0, 1])
    assert only.predict(X[:20]).all()
    fractions = BCEClassifier().partial_fit(X, soft, classes=[0, 1])
    assert same(fractions, BCEClassifier().partial_fit(X, soft))


def test_many_labels_are_refused():
    X, y = stream_of_iris()
    Y = (y[:, np.newaxis] == np.arange(3)).astype(int)
    for kinds, told, message in [
        ({}, {"y": y}, "classes must be passed"),
        ({}, {"y": y, "classes": [1]}, "at least two classes"),
        ({}, {"y": Y, "classes": [1, 2, 3]}, "those of several columns are their numbers"),
        ({}, {"y": 2 * Y}, "Unknown label type"),
        ({"class_weight": {0: 1.0}}, {"y": Y}, "cannot be a dict for multilabel"),
        ({"pos_weight": [1.0, 2.0]}, {"y": Y}, "one value for each of the 3 labels"),
    ]:
        with pytest.raises(ValueError, match=message):
            OneVsRestBCEClassifier(**kinds).partial_fit(X, **told)
    clf = OneVsRestBCEClassifier().partial_fit(X, Y)
    for y_later in (Y[:, :2], y):
        with pytest.raises(ValueError, match="for each of the 3 labels"):
            clf.partial_fit(X, y_later)
    with pytest.raises(ValueError, match="must be 1D"):
        OneVsRestBCEClassifier().partial_fit(X, y, [0, 1, 2]).partial_fit(X, Y)
    with pytest.raises(NotFittedError):
        OneVsRestBCEClassifier().predict(X)


@pytest.mark.parametrize("n_labels", [1, 200])
def test_interrupted_call_leaves_no_trace(n_labels, monkeypatch):
    X, hard, _, _ = small_problem(n_rows=4000)
    if n_labels == 1:
        clf = BCEClassifier().partial_fit(X[:100], hard[:100], [0, 1])
    else:
        hard = np.random.default_rng(0).integers(0, 2, (len(X), n_labels))
        clf = OneVsRestBCEClassifier().partial_fit(X[:100], hard[:100])
    other = copy.deepcopy(clf)

    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("sklearn_bce._stream._note_losses", interrupt)
        with pytest.raises(KeyboardInterrupt):
            clf.partial_fit(X, hard)
    assert same(clf.partial_fit(X, hard), other.partial_fit(X, hard))


# -- fit


def raw(name):
    return {"cancer": load_breast_cancer, "digits": load_digits}[name](return_X_y=True)


CONVERGES = [  # data, scaled, C, epochs, gamma
    ("cancer", True, 0.1, 300, 0.0),
    ("cancer", True, 0.001, 100, 0.0),
    ("cancer", True, 0.1, 200, 2.0),
    ("cancer", False, 1e-7, 300, 0.0),
    ("digits", False, 1e-4, 300, 0.0),
    ("digits", True, 1e-3, 100, (1.0, 0.5)),
]


@pytest.mark.parametrize(("name", "is_scaled", "C", "n_epochs", "gamma"), CONVERGES)
@pytest.mark.parametrize("layout", ["C", "csr_array"])
def test_fit_comes_near_the_optimum(name, is_scaled, C, n_epochs, gamma, layout):
    X, y = raw(name)
    y = y == 1
    X = LAYOUTS[layout](StandardScaler().fit_transform(X) if is_scaled else X)
    clf = BCEClassifier(solver="sgd", C=C, max_iter=n_epochs, gamma=gamma)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        clf.fit(X, y)
    least = BCEClassifier(C=C, gamma=gamma).fit(X, y).loss_curve_[-1]
    assert least <= min(clf.loss_curve_) <= 1.001 * least


def objective_of(clf, X, y):
    w = clf.coef_[0]
    z = X @ w + clf.intercept_[0]
    penalty = clf.l1_ratio * np.abs(w).sum() + (1 - clf.l1_ratio) * (w @ w) / 2
    return (np.logaddexp(0, z).sum() - z @ y + penalty / clf.C) / len(y)


@pytest.mark.parametrize("batch_size", [1, 4, 64, 8192])
def test_sparse_rows_learn_in_batches_of_any_size(batch_size):
    X, y = raw("cancer")
    X = sp.csr_array(StandardScaler().fit_transform(X))
    clf = BCEClassifier(solver="sgd", max_iter=20, batch_size=batch_size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        clf.fit(X, y)
    # With the slopes of all rows at once it would be 1.7 times the least.
    assert min(clf.loss_curve_) < 1.05 * BCEClassifier().fit(X, y).loss_curve_[-1]


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("layout", ["C", "csr_array"])
def test_fit_with_l1(l1_ratio, layout):
    X, y = raw("cancer")
    X = StandardScaler().fit_transform(X)
    clf = BCEClassifier(solver="sgd", C=0.03, l1_ratio=l1_ratio, max_iter=200)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        clf.fit(LAYOUTS[layout](X), y)
        theirs = l1_logistic_regression("saga", l1_ratio, C=0.03, tol=1e-6, max_iter=5000).fit(X, y)
    best = objective_of(theirs.set_params(l1_ratio=l1_ratio), X, y)
    assert objective_of(clf, X, y) < 1.002 * best
    np.testing.assert_allclose(clf.loss_curve_[-1], objective_of(clf, X, y), rtol=1e-3)
    zeros = (clf.coef_ == 0.0).ravel()
    agree = zeros == (theirs.coef_ == 0.0).ravel()
    assert 5 < zeros.sum() < 28
    assert agree.mean() > 0.85


def test_fit_ends_when_nothing_improves():
    X, y = raw("cancer")
    X = StandardScaler().fit_transform(X)
    clf = BCEClassifier(solver="sgd", C=0.01, tol=1e-4, n_iter_no_change=3).fit(X, y)
    (n_iter,) = clf.n_iter_
    assert 3 < n_iter < 200
    assert len(clf.loss_curve_) == n_iter + 1
    gains = -np.diff(clf.loss_curve_) / clf.loss_curve_[:-1]
    assert (gains[-3:] < 1e-4).all()
    assert gains[-4] > 1e-5
    assert np.isnan(clf.optimality_)
    assert clf.solver_ == "sgd"


@pytest.mark.parametrize("layout", ["C", "csr_array"])
@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize(
    ("rate", "scale", "weight", "match"),
    [
        ("constant", 1e160, 1.0, "left the range of floating point"),
        ("invscaling", 1e300, 1.0, "left the range of floating point"),
        ("adaptive", 1.0, 1e-200, "left the range of floating point"),
        ("adaptive", 1.0, 1e200, "sample_weight is too large for partial_fit"),
        ("constant", 1.0, 1e200, "sample_weight is too large for partial_fit"),
    ],
)
def test_a_stream_that_overflows_is_refused(rate, scale, weight, match, is_first, layout):
    X, y, _, _ = modest_problem()
    X, clf = LAYOUTS[layout](X), BCEClassifier(learning_rate=rate, batch_size=1)
    if not is_first and weight >= 1.0:  # small weights are harmless after others
        clf.partial_fit(X, y, classes=[0, 1])
    before = {name: value for name, value in vars(clf).items() if name != "_stream"}
    with pytest.raises(ValueError, match=match):
        clf.partial_fit(X * scale, y, classes=[0, 1], sample_weight=weight)
    assert {name: value for name, value in vars(clf).items() if name != "_stream"} == before
    clf.partial_fit(X, y, classes=[0, 1])
    assert np.isfinite(clf.predict_proba(X)).all() and np.isfinite(clf.loss_curve_[-1])


@pytest.mark.parametrize("layout", ["C", "csr_array"])
@pytest.mark.parametrize("scale", [1.0, 1e-40])  # of the rows before
def test_a_stream_goes_on_as_if_rows_that_overflow_had_not_been(scale, layout):
    X, y, _, _ = modest_problem()
    convert, clf = LAYOUTS[layout], BCEClassifier(learning_rate="constant", batch_size=1)
    clf.partial_fit(convert(scale * X), y, classes=[0, 1]).partial_fit(convert(X[:8]), y[:8])
    other = copy.deepcopy(clf)
    for _ in range(2):
        with pytest.raises(ValueError, match="left the range of floating point"):
            clf.partial_fit(convert(1e200 * X[:8]), 1 - y[:8])
        assert same(clf, other) and clf.n_samples_seen_ == len(X) + 8
    assert same(clf.partial_fit(convert(X), y), other.partial_fit(convert(X), y))
    assert clf.loss_curve_ == other.loss_curve_ and np.isfinite(clf.loss_curve_).all()


@pytest.mark.parametrize("layout", ["C", "csr_array"])
def test_an_infinite_intercept_is_refused_at_once(layout):
    X, y, _, _ = modest_problem()
    X = LAYOUTS[layout](X[:10])  # one batch: nothing is computed from the intercept that it leaves
    with pytest.raises(ValueError, match="left the range of floating point"):
        BCEClassifier().partial_fit(X, y[:10], [0, 1], np.full(10, 1e-200))


@pytest.mark.parametrize("n_rows", [1, 2, 5, 30])
def test_indices_beyond_the_last_entry_are_not_followed(n_rows):
    X, hard, _, _ = small_problem(n_rows=30)
    whole = sp.csr_array(X)
    used = whole.indptr[n_rows]
    indices = np.append(whole.indices[:used], np.full(40, 2**31 - 1, dtype=np.int32))
    data = np.append(whole.data[:used], np.ones(40))
    X = sp.csr_array(X[:n_rows])
    padded = sp.csr_array(X.shape)
    padded.data, padded.indices, padded.indptr = data, indices, whole.indptr[: n_rows + 1]
    clf, expected = (
        BCEClassifier().partial_fit(each, hard[:n_rows], [0, 1]) for each in (padded, X)
    )
    assert same(clf, expected)


def test_a_batch_that_is_longer_than_X_takes_no_memory():
    resource = pytest.importorskip("resource")
    X, y, _, _ = modest_problem()
    X = np.tile(X[:20], (1, 500))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    BCEClassifier(batch_size=2**16).partial_fit(X, y[:20], [0, 1])
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after - before < 500_000  # kB; 65,536 rows would take 1,300,000


@pytest.mark.parametrize("scale", [1.0, 1e100, 1e200])  # 1e200: no number holds a loss
def test_fit_warns_where_steps_only_lead_away(scale):
    X, y = load_breast_cancer(return_X_y=True)
    clf = BCEClassifier(solver="sgd", learning_rate="constant")
    with pytest.warns(ConvergenceWarning, match="steps are too long, and no epoch came near"):
        clf.fit(X * scale, y)
    assert np.isfinite(clf.coef_).all()
    assert not np.isnan(clf.loss_curve_).any()
    with warnings.catch_warnings(action="error"):
        clf.fit(StandardScaler().fit_transform(X), y)


def test_fit_warns_at_max_iter():
    X, y = raw("cancer")
    with pytest.warns(ConvergenceWarning, match="after 3 epochs the objective still improves"):
        clf = BCEClassifier(solver="sgd", max_iter=3).fit(X, y)
    assert clf.n_iter_.tolist() == [3]


def test_warm_start_keeps_what_was_reached():
    X, y = raw("cancer")
    clf = BCEClassifier(C=1e-3).fit(X, y)
    reached = clf.loss_curve_[-1]
    clf.set_params(solver="sgd", warm_start=True, tol=1e-4).fit(X, y)
    assert max(clf.loss_curve_) < 1.05 * reached
    assert objective_of(clf, X, y) <= reached * (1 + 1e-9)


def test_fit_prints_a_line_an_epoch(capsys):
    X, hard, _, _ = small_problem()
    BCEClassifier(solver="sgd", tol=1e-2, verbose=1).fit(X, hard)
    assert "BCEClassifier: iteration    1  objective" in capsys.readouterr().out


@pytest.mark.parametrize("layout", ["C", "csr_array"])
@pytest.mark.parametrize(
    ("rate", "value"),  # steps that nothing scales overflow at 1e250, and are refused (above)
    [("adaptive", 1e-170), ("adaptive", 1e150), ("adaptive", 1e250)]
    + [("constant", 1e-170), ("constant", 1e150)],
)
def test_columns_beyond_all_measure_leave_finite_coefficients(rate, value, layout):
    X, hard, _, _ = small_problem()
    X[:, 0] *= value / np.abs(X[:, 0]).max()
    clf = BCEClassifier(learning_rate=rate).partial_fit(LAYOUTS[layout](X), hard, [0, 1])
    assert np.isfinite(clf.coef_).all()
    assert np.isfinite(clf.intercept_).all()


def test_constant_column_gets_nothing():
    X, hard, _, _ = small_problem(n_rows=300)
    X[:, 2] = 0.1
    clf = BCEClassifier().partial_fit(X, hard, [0, 1])
    assert clf.coef_[0, 2] == 0.0
    assert np.isfinite(clf.decision_function(X)).all()


# -- fits that are broken off


class Saver:
    """A callback that keeps a copy of every model it is shown, and ends the fit after some."""

    def __init__(self, n_epochs):
        self.n_epochs = n_epochs
        self.saved = []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        if context.task_name == "iteration" and fitted_estimator is not None:
            self.saved.append(pickle.dumps(without_callbacks(fitted_estimator)))
        return len(self.saved) >= self.n_epochs


def without_callbacks(estimator):
    estimator = copy.copy(estimator)
    for name in ("_skl_callbacks", "_callback_fit_ctx", "_parent_callback_ctx"):
        vars(estimator).pop(name, None)
    return estimator


BROKEN_OFF = [
    (BCEClassifier, {}),
    (BCEClassifier, {"average": False, "learning_rate": "constant", "shuffle": False}),
    (BCEClassifier, {"l1_ratio": 0.5, "gamma": 1.0}),
    (OneVsRestBCEClassifier, {"random_state": 3}),
]


@pytest.mark.skipif(find_spec("sklearn.callback") is None, reason="scikit-learn before 1.9")
@pytest.mark.parametrize(("kind", "parameters"), BROKEN_OFF)
@pytest.mark.parametrize("layout", ["C", "csr_array"])
def test_fit_goes_on_where_it_was_broken_off(kind, parameters, layout):
    X, y = stream_of_iris()
    X, y = LAYOUTS[layout](X), y if kind is OneVsRestBCEClassifier else y == 1
    clf = kind(solver="sgd", tol=1e-3, **parameters)
    whole = clone(clf).fit(X, y)
    saver = Saver(7)
    broken = clone(clf).set_callbacks(saver).fit(X, y)
    assert not same(broken, whole)
    for at in (0, 6):
        resumed = pickle.loads(saver.saved[at]).set_params(warm_start=True).fit(X, y)
        assert same(resumed, whole)
        assert resumed.loss_curve_ == whole.loss_curve_
        np.testing.assert_array_equal(resumed.n_iter_, whole.n_iter_)
        assert not hasattr(resumed, "_epochs")
    # Another problem is another fit, from the coefficients alone.
    other = pickle.loads(saver.saved[-1]).set_params(warm_start=True, C=0.5).fit(X, y)
    assert not same(other, whole)
    fresh = clone(other).set_params(warm_start=False).fit(X, y)
    np.testing.assert_allclose(
        np.hstack(other.loss_curve_).min(), np.hstack(fresh.loss_curve_).min(), rtol=0.02
    )


@pytest.mark.parametrize(
    ("classes", "message"),
    [(np.array([0, "a"], dtype=object), "mix labels"), ([0.0, np.nan], "must not hold NaN")],
)
def test_classes_that_have_no_order(classes, message):
    clf, X = BCEClassifier(), np.eye(2)
    with pytest.raises(ValueError, match=f"classes {message}"):
        clf.partial_fit(X, [0, 0], classes=classes)
    clf.partial_fit(X, [0, 1], classes=[0, 1])
    with pytest.raises(ValueError, match=f"classes {message}"):
        clf.partial_fit(X, [0, 0], classes=classes)


def test_labels_of_a_stream_that_are_objects_are_scored():
    X, y = np.arange(6.0)[:, np.newaxis], np.array([0, 0, 0, 1, 1, 1])
    clf = BCEClassifier().partial_fit(X, y.astype(object), [0, 1])
    assert clf.score(X, y.astype(object)) == clf.score(X, y)
