"""Early stopping against the same done by hand: iteration by iteration, and on rows set apart."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_bce import BCEClassifier, OneVsRestBCEClassifier
from sklearn_bce._validation import draw_validation_rows
from sklearn_bce.display import LossCurveDisplay
from sklearn_bce.loss import value
from tests.problems import LOSSES, SOLVERS, small_problem

LAYOUTS = {"dense": lambda X: X, "sparse": sp.csr_array}
RNG = np.random.default_rng(7)


def noisy(n_rows=400, n_features=30, seed=0):
    """Few rows for their features, half of them to judge: the best iteration is an early one."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_features)) * 10.0 ** rng.uniform(-1, 1, n_features)
    p = 1.0 / (1.0 + np.exp(-X[:, 0] / X[:, 0].std() + rng.normal(size=n_rows)))
    y = (rng.random(n_rows) < p).astype(int)
    half = n_rows // 2
    return X[:half], y[:half], X[half:], y[half:], p[:half], p[half:], rng.uniform(0.5, 2, half)


X, Y, X_VAL, Y_VAL, P, P_VAL, WEIGHT = noisy()
MANY = np.column_stack([Y, X[:, 1] > 0, RNG.random(len(X)) < 0.2]).astype(int)
MANY_VAL = np.column_stack([Y_VAL, X_VAL[:, 1] > 0, RNG.random(len(X)) < 0.2]).astype(int)


def mean_loss(clf, X, y, weight=None, gamma=0.0, pos_weight=1.0):
    """The loss of rows by the package's own public function, for y in [0, 1]."""
    z = clf.decision_function(X)
    losses = value(y, z, gamma=gamma, pos_weight=pos_weight)
    weight = np.ones(len(y)) if weight is None else weight
    return (weight @ losses) / (weight @ (pos_weight * y + 1.0 - y))


def fit_quietly(clf, *arguments, **keywords):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return clf.fit(*arguments, **keywords)


# -- the rule


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("labels", "gamma"), [("hard", 0.0), ("soft", 0.0), ("hard", 2.0)])
def test_the_best_of_fits_with_one_iteration_more_each(solver, layout, labels, gamma):
    data, judging = LAYOUTS[layout](X), LAYOUTS[layout](X_VAL)
    y, y_val = (Y, Y_VAL) if labels == "hard" else (P, P_VAL)
    parameters = {"C": 1e6, "solver": solver, "gamma": gamma, "pos_weight": 2.0}
    clf = BCEClassifier(**parameters, early_stopping=True, n_iter_no_change=2)
    clf.fit(data, y, WEIGHT, X_val=judging, y_val=y_val, sample_weight_val=WEIGHT[::-1])
    first = clf.n_iter_[0] - np.argmax(clf.validation_scores_)  # iterations of the focal start
    scores, worse = [], 0
    for n_iter in range(max(1, first), 100):
        by_hand = BCEClassifier(**parameters, max_iter=n_iter)
        fit_quietly(by_hand, data, y, WEIGHT)
        scores.append(-mean_loss(by_hand, X_VAL, y_val, WEIGHT[::-1], gamma, 2.0))
        if n_iter == clf.n_iter_[0]:
            np.testing.assert_allclose(clf.coef_, by_hand.coef_, rtol=1e-9)
            np.testing.assert_allclose(clf.intercept_, by_hand.intercept_, rtol=1e-9)
            assert clf.optimality_ == pytest.approx(by_hand.optimality_, rel=1e-4)
        worse = worse + 1 if len(scores) > 1 and scores[-1] <= max(scores[:-1]) else 0
        if worse == 2:
            break
    compared = clf.validation_scores_[-len(scores) :]
    np.testing.assert_allclose(compared, scores, rtol=1e-9)
    assert len(clf.validation_scores_) == len(clf.loss_curve_)
    # It ended by the rule, not for want of iterations, and kept an earlier iteration.
    assert n_iter == clf.n_iter_[0] + 2
    assert clf.optimality_ > 1e-6


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_judged_by_the_rows_it_is_fitted_to_it_never_ends_early(loss, solver, layout):
    # Without a penalty the loss of these rows is the objective.
    data, y, _, weight = small_problem()
    data = LAYOUTS[layout](data)
    plain = BCEClassifier(C=np.inf, solver=solver, **LOSSES[loss]).fit(data, y, weight)
    clf = BCEClassifier(C=np.inf, solver=solver, early_stopping=True, **LOSSES[loss])
    clf.fit(data, y, weight, X_val=data, y_val=y, sample_weight_val=weight)
    np.testing.assert_allclose(-np.array(clf.validation_scores_), clf.loss_curve_, rtol=1e-12)
    assert clf.loss_curve_ == plain.loss_curve_
    np.testing.assert_allclose(clf.coef_, plain.coef_, rtol=1e-6)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_label_by_itself(solver, layout):
    data, judging = LAYOUTS[layout](X), LAYOUTS[layout](X_VAL)
    parameters = {"C": 1e6, "solver": solver, "early_stopping": True, "n_iter_no_change": 2}
    clf = OneVsRestBCEClassifier(**parameters)
    clf.fit(data, MANY, X_val=judging, y_val=MANY_VAL)
    assert len(set(clf.n_iter_.tolist())) > 1
    for k in range(MANY.shape[1]):
        alone = BCEClassifier(**parameters)
        alone.fit(data, MANY[:, k], X_val=judging, y_val=MANY_VAL[:, k])
        assert clf.n_iter_[k] == alone.n_iter_[0]
        np.testing.assert_allclose(clf.coef_[k], alone.coef_[0], rtol=1e-6)
        np.testing.assert_allclose(clf.validation_scores_[k], alone.validation_scores_, rtol=1e-9)
        assert clf.optimality_[k] == pytest.approx(alone.optimality_, rel=1e-3)


@pytest.mark.parametrize("kind", ["int", "str", "soft", "sparse indicator", "shares"])
def test_what_is_kept_is_what_scored_best(kind):
    names = np.array(["a", "b", "c"])[MANY.sum(axis=1) % 3]
    y, y_val = {
        "int": (Y, Y_VAL),
        "str": (names, np.array(["a", "b", "c"])[MANY_VAL.sum(axis=1) % 3]),
        "soft": (P, P_VAL),
        "sparse indicator": (sp.csr_array(MANY), sp.csr_array(MANY_VAL)),
        "shares": (0.1 + 0.8 * MANY, 0.1 + 0.8 * MANY_VAL),
    }[kind]
    clf = OneVsRestBCEClassifier(C=1e6, early_stopping=True, label_smoothing=0.1)
    clf.fit(X, y, X_val=X_VAL, y_val=y_val)
    z = clf.decision_function(X_VAL).reshape(len(X_VAL), -1)
    if kind == "str":
        columns = (y_val[:, np.newaxis] == clf.classes_).astype(float)
    else:
        columns = y_val.toarray() if sp.issparse(y_val) else y_val.reshape(len(X_VAL), -1)
    kept = value(columns * 0.9 + 0.05, z).mean(axis=0)
    curves = clf.validation_scores_
    curves = curves if np.ndim(curves[0]) else [curves]
    np.testing.assert_allclose(-kept, [max(curve) for curve in curves], rtol=1e-12)


@pytest.mark.parametrize("kind", [BCEClassifier, OneVsRestBCEClassifier])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_epochs_of_stochastic_steps(kind, layout):
    y, y_val = (Y, Y_VAL) if kind is BCEClassifier else (MANY, MANY_VAL)
    clf = kind(C=1e6, solver="sgd", early_stopping=True, n_iter_no_change=2)
    clf.fit(LAYOUTS[layout](X), y, X_val=X_VAL, y_val=y_val)
    curves = clf.validation_scores_ if kind is OneVsRestBCEClassifier else [clf.validation_scores_]
    z = clf.decision_function(X_VAL).reshape(len(X_VAL), -1)
    kept = value(y_val.reshape(z.shape), z).mean(axis=0)
    np.testing.assert_allclose(-kept, [max(curve) for curve in curves], rtol=1e-10)
    np.testing.assert_array_equal(clf.n_iter_, [np.argmax(curve) for curve in curves])
    assert np.isnan(clf.optimality_).all()


def test_many_rows_start_from_the_fit_of_a_sample():
    rng = np.random.default_rng(0)
    data = rng.normal(size=(50_000, 4))
    y = (data[:, 0] + rng.normal(size=50_000) > 0).astype(int)
    clf = BCEClassifier(early_stopping=True).fit(data, y)
    assert len(clf.validation_scores_) == len(clf.loss_curve_)
    assert np.ptp(clf.validation_scores_) < 1e-3
    plain = BCEClassifier().fit(data, y)
    assert clf.n_iter_ <= plain.n_iter_
    np.testing.assert_allclose(clf.coef_, plain.coef_, atol=0.1)  # of 5,000 rows: 2.5 sigma


def test_wide_sparse_data():
    entries = np.random.default_rng(0).integers(0, 12_000, size=(300, 120))
    data = sp.csr_array((np.ones(36_000), entries.ravel(), np.arange(0, 36_001, 120)))
    y = (data[:, :50].sum(axis=1) > np.median(data[:, :50].sum(axis=1))).astype(int)
    for clf in (BCEClassifier(C=1e4), OneVsRestBCEClassifier(C=1e4, solver="newton-cg")):
        target = y if type(clf) is BCEClassifier else np.column_stack([y, 1 - y])
        clf.set_params(early_stopping=True, validation_fraction=0.3, n_iter_no_change=1)
        clf.fit(data, target)
        scores = np.atleast_2d(clf.validation_scores_)
        assert (scores.argmax(axis=1) == clf.n_iter_).all()
        assert np.all(clf.optimality_ > clf.tol)  # they end long before


def test_an_early_end_is_no_failure_to_converge():
    keep = {"C": 1e6, "X_val": X_VAL, "y_val": Y_VAL}
    fit = {"X_val": X_VAL, "y_val": Y_VAL}
    clf = BCEClassifier(C=keep["C"], early_stopping=True, n_iter_no_change=1).fit(X, Y, **fit)
    assert clf.optimality_ > clf.tol
    # The iterations ran out while the scores still rose: that is one.
    with pytest.warns(ConvergenceWarning, match="Increase max_iter"):
        BCEClassifier(C=1e6, early_stopping=True, max_iter=int(clf.n_iter_[0])).fit(X, Y, **fit)
    with pytest.warns(ConvergenceWarning, match="Increase max_iter"):
        BCEClassifier(C=1e6, max_iter=2).fit(X, Y, **fit)


# -- the rows that are held out


def held_out(y, fraction=0.1, seed=0, weight=None):
    rows = np.arange(y.shape[0]) if weight is None else np.flatnonzero(weight)
    return draw_validation_rows(y, rows, fraction, np.random.RandomState(seed))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", ["int", "str", "soft", "classes", "indicator", "sparse"])
def test_the_same_as_on_rows_set_apart(layout, kind):
    y = {
        "int": Y,
        "str": np.array(["no", "yes"])[Y],
        "soft": P,
        "classes": MANY.sum(axis=1),
        "indicator": MANY,
        "sparse": sp.csr_array(MANY),
    }[kind]
    rows = held_out(y, 0.3, seed=5)
    rest = np.setdiff1d(np.arange(len(X)), rows)
    data = LAYOUTS[layout](X)
    parameters = {"C": 100.0, "class_weight": "balanced", "n_iter_no_change": 2}
    clf = OneVsRestBCEClassifier(
        **parameters, early_stopping=True, validation_fraction=0.3, random_state=5
    )
    clf.fit(data, y, WEIGHT)
    apart = OneVsRestBCEClassifier(**parameters, early_stopping=True)
    apart.fit(
        data[rest],
        y[rest],
        WEIGHT[rest],
        X_val=data[rows],
        y_val=y[rows],
        sample_weight_val=WEIGHT[rows],
    )
    np.testing.assert_array_equal(clf.n_iter_, apart.n_iter_)
    np.testing.assert_allclose(clf.coef_, apart.coef_, rtol=1e-7, atol=1e-9)
    for one, other in zip(clf.validation_scores_, apart.validation_scores_, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-8)


@pytest.mark.parametrize(
    ("y", "parameters", "columns"),
    [
        (MANY.sum(axis=1), {"class_weight": {0: 1.0, 1: 2.0, 2: 0.5, 3: 4.0}}, 4),
        (MANY.sum(axis=1), {"pos_weight": "balanced", "label_smoothing": 0.1}, 1),
        (MANY, {"pos_weight": [1.0, 3.0, 0.5], "gamma": (1.0, 2.0)}, 3),
        (Y, {"class_weight": {0: 2.0, 1: 0.5}, "pos_weight": 3.0}, 1),
    ],
)
def test_weights_of_every_kind_on_rows_set_apart(y, parameters, columns):
    weight = np.random.default_rng(1).uniform(0.5, 2.0, size=(len(X), columns))
    weight = weight.ravel() if columns == 1 else weight
    rows = held_out(y, 0.2)
    rest = np.setdiff1d(np.arange(len(X)), rows)
    clf = OneVsRestBCEClassifier(**parameters, early_stopping=True, validation_fraction=0.2)
    apart = OneVsRestBCEClassifier(**parameters, early_stopping=True)
    clf.fit(X, y, weight)
    judges = {"X_val": X[rows], "y_val": y[rows], "sample_weight_val": weight[rows]}
    apart.fit(X[rest], y[rest], weight[rest], **judges)
    np.testing.assert_array_equal(clf.n_iter_, apart.n_iter_)
    np.testing.assert_allclose(clf.coef_, apart.coef_, rtol=1e-6, atol=1e-9)
    for key, expected in (apart.loss_parameters_ or {}).items():
        np.testing.assert_allclose(clf.loss_parameters_[key], expected, rtol=1e-12)


@pytest.mark.parametrize("kind", [BCEClassifier, OneVsRestBCEClassifier])
def test_rows_of_weight_zero_are_not_there(kind):
    y = Y if kind is BCEClassifier else MANY
    weight = np.where(RNG.random(len(X)) < 0.3, 0.0, WEIGHT)
    there = np.flatnonzero(weight)
    parameters = {"C": 100.0, "early_stopping": True, "validation_fraction": 0.3}
    clf = kind(**parameters).fit(X, y, weight)
    fewer = kind(**parameters).fit(X[there], y[there], weight[there])
    np.testing.assert_array_equal(clf.n_iter_, fewer.n_iter_)
    np.testing.assert_allclose(clf.coef_, fewer.coef_, rtol=1e-7, atol=1e-9)


def test_weights_of_the_judges_count():
    whole = {"X_val": X_VAL, "y_val": Y_VAL}
    twice = np.where(Y_VAL == 1, 2.0, 1.0)
    clf = BCEClassifier(early_stopping=True).fit(X, Y, sample_weight_val=twice, **whole)
    repeated = np.repeat(np.arange(len(Y_VAL)), twice.astype(int))
    again = BCEClassifier(early_stopping=True)
    again.fit(X, Y, X_val=X_VAL[repeated], y_val=Y_VAL[repeated])
    np.testing.assert_allclose(clf.validation_scores_, again.validation_scores_, rtol=1e-12)
    scalar = BCEClassifier(early_stopping=True).fit(X, Y, sample_weight_val=3.0, **whole)
    none = BCEClassifier(early_stopping=True).fit(X, Y, **whole)
    np.testing.assert_allclose(scalar.validation_scores_, none.validation_scores_, rtol=1e-15)


@pytest.mark.parametrize("fraction", [0.01, 0.1, 0.5, 0.9])
def test_shares_of_classes(fraction):
    y = np.repeat(["a", "b", "c", "d"], [500, 30, 2, 1])
    rows = held_out(y, fraction)
    counts = {label: int((y[rows] == label).sum()) for label in "abcd"}
    wanted = {"a": 500 * fraction, "b": max(1, 30 * fraction), "c": 1, "d": 0}
    assert all(abs(counts[label] - wanted[label]) <= 0.5 for label in "abcd")
    assert (np.diff(rows) > 0).all()
    numbers = np.unique(y, return_inverse=True)[1]
    np.testing.assert_array_equal(held_out(numbers, fraction), rows)
    assert held_out(y, fraction, seed=1).tolist() != rows.tolist()


@pytest.mark.parametrize("fraction", [0.05, 0.3])
def test_soft_labels_are_spread_as_those_of_all(fraction):
    y = np.random.default_rng(0).beta(0.5, 2.0, size=1000)
    rows = held_out(y, fraction)
    for t in np.linspace(0.0, 1.0, 50):
        assert abs((y[rows] > t).sum() - fraction * (y > t).sum()) < 2.5
    # Floats that are 0 and 1 are split as classes.
    hard = (np.arange(10) >= 8).astype(float)
    assert hard[held_out(hard)].tolist() == [0.0, 1.0]


def test_rare_labels_are_among_the_rows_held_out():
    rng = np.random.default_rng(0)
    y = (rng.random((2000, 6)) < [0.5, 0.3, 0.1, 0.02, 0.004, 0.002]).astype(int)
    for form in (np.asarray, sp.csr_array, sp.csr_matrix, lambda y: y.astype(float)):
        rows = held_out(form(y))
        assert y[rows].any(axis=0).all() and np.delete(y, rows, axis=0).any(axis=0).all()
        assert abs(len(rows) - 200) < 5
        assert abs((y[rows].sum(axis=1) == 0).sum() - (y.sum(axis=1) == 0).sum() / 10) < 2


def test_the_seed_draws_the_rows():
    def fit(state):
        clf = BCEClassifier(solver="newton-cholesky", early_stopping=True, random_state=state)
        return clf.fit(X, Y).validation_scores_

    assert fit(None) == fit(None) == fit(0) != fit(1)
    assert fit(1) == fit(np.int64(1)) == fit(np.random.RandomState(1))


# -- judges without consequence


@pytest.mark.parametrize("solver", SOLVERS)
def test_without_early_stopping_the_fit_is_as_it_was(solver):
    plain = BCEClassifier(C=1e6, solver=solver).fit(X, Y)
    assert plain.validation_scores_ is None
    judged = BCEClassifier(C=1e6, solver=solver).fit(X, Y, X_val=X_VAL, y_val=Y_VAL)
    assert judged.coef_.tobytes() == plain.coef_.tobytes()
    assert judged.loss_curve_ == plain.loss_curve_ and judged.n_iter_ == plain.n_iter_
    assert len(judged.validation_scores_) == len(judged.loss_curve_)
    assert judged.validation_scores_[-1] == pytest.approx(-mean_loss(judged, X_VAL, Y_VAL))
    assert all(type(score) is float for score in judged.validation_scores_)
    assert judged.fit(X, Y).validation_scores_ is None


def test_curves_of_a_model_and_of_a_label():
    clf = BCEClassifier(C=1e6, early_stopping=True).fit(X, Y, X_val=X_VAL, y_val=Y_VAL)
    display = LossCurveDisplay.from_estimator(clf)
    drawn = display.validation_line_
    assert drawn.get_ydata().tolist() == [-score for score in clf.validation_scores_]
    assert drawn.get_xdata().tolist() == list(range(len(clf.loss_curve_)))
    assert drawn.get_ydata().argmin() == clf.n_iter_[0]
    many = OneVsRestBCEClassifier(C=1e6, early_stopping=True)
    many.fit(X, MANY, X_val=X_VAL, y_val=MANY_VAL)
    display = LossCurveDisplay.from_estimator(many, label=2)
    assert display.validation_line_.get_ydata().argmin() == many.n_iter_[2]
    plain = LossCurveDisplay.from_estimator(OneVsRestBCEClassifier().fit(X, MANY), label=2)
    assert plain.validation_line_ is None


def test_verbose_tells_the_validation_loss(capsys):
    clf = BCEClassifier(verbose=1, early_stopping=True).fit(X, Y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(clf.validation_scores_) - 1
    assert float(lines[-1].split("validation loss")[1]) == pytest.approx(
        -clf.validation_scores_[-1]
    )


def test_warm_start_is_judged_too():
    fit = {"X_val": X_VAL, "y_val": Y_VAL}
    clf = BCEClassifier(C=1e6, early_stopping=True, warm_start=True).fit(X, Y, **fit)
    best, coef = max(clf.validation_scores_), clf.coef_
    clf.fit(X, Y, **fit)
    assert clf.validation_scores_[0] == pytest.approx(best, rel=1e-12)
    assert max(clf.validation_scores_) >= best * (1 + 1e-12)
    if clf.n_iter_[0] == 0:
        np.testing.assert_allclose(clf.coef_, coef, rtol=1e-12)


# -- errors

NAN = X_VAL.copy()
NAN[3, 2] = np.nan

BAD = {
    "no labels": ({"X_val": X_VAL}, "X_val was given, but y_val was not"),
    "no features": ({"y_val": Y_VAL}, "y_val was given, but X_val was not"),
    "weights only": ({"sample_weight_val": WEIGHT}, "sample_weight_val was given, but X_val"),
    "columns": ({"X_val": X_VAL[:, 1:], "y_val": Y_VAL}, "X_val and y_val .* 29 features"),
    "rows": ({"X_val": X_VAL, "y_val": Y_VAL[1:]}, "X_val and y_val .* inconsistent"),
    "empty": ({"X_val": X_VAL[:0], "y_val": Y_VAL[:0]}, "X_val and y_val .* 0 sample"),
    "nan": ({"X_val": NAN, "y_val": Y_VAL}, "X_val and y_val .* NaN"),
    "label": ({"X_val": X_VAL, "y_val": Y_VAL + 1}, "y_val has the label 2, .* none of the cl"),
    "soft": ({"X_val": X_VAL, "y_val": 2.0 * P_VAL}, "y_val has the label"),
    "one class": ({"X_val": X_VAL, "y_val": 0 * Y_VAL}, "y_val contains only one class: 0"),
    "weights of one class": (
        {"X_val": X_VAL, "y_val": Y_VAL, "sample_weight_val": Y_VAL},
        "y_val, where sample_weight_val is not zero, contains only one class: 1",
    ),
    "weights": (
        {"X_val": X_VAL, "y_val": Y_VAL, "sample_weight_val": WEIGHT[1:]},
        r"sample_weight_val.shape == \(199,\), expected \(200,\)",
    ),
    "negative": (
        {"X_val": X_VAL, "y_val": Y_VAL, "sample_weight_val": -WEIGHT},
        "sample_weight_val must not be negative",
    ),
    "nothing": (
        {"X_val": X_VAL, "y_val": Y_VAL, "sample_weight_val": 0 * WEIGHT},
        "at least one non-zero number: sample_weight_val",
    ),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_bad_validation_sets(name, early_stopping):
    arguments, message = BAD[name]
    clf = BCEClassifier(early_stopping=early_stopping).fit(X, Y)
    before = dict(vars(clf))
    with pytest.raises(ValueError, match=message):
        clf.fit(X, Y, **arguments)
    assert vars(clf) == before


@pytest.mark.parametrize(
    ("y", "y_val", "message"),
    [
        (MANY, MANY_VAL[:, :2], "y_val has 2 columns, but y has 3"),
        (MANY, MANY_VAL[:, 0], "X_val and y_val|y_val"),
        (MANY, MANY_VAL * [1, 1, 0], "only one class for label 2: 'not 2'"),
        (MANY.sum(axis=1), MANY_VAL.sum(axis=1) + 1, "y_val has the label 4"),
        (MANY.sum(axis=1), np.minimum(MANY_VAL.sum(axis=1), 2), "only one class for label 3"),
        (MANY, 2 * MANY_VAL, "Unknown label type"),
    ],
)
def test_bad_validation_labels_of_many(y, y_val, message):
    with pytest.raises(ValueError, match=message):
        OneVsRestBCEClassifier().fit(X, y, X_val=X_VAL, y_val=y_val)


def test_rows_that_cannot_be_held_out():
    with pytest.raises(ValueError, match="no class has more than one row"):
        BCEClassifier(early_stopping=True).fit(X[:2], [0, 1])
    one = np.arange(len(X)) == 3
    with pytest.raises(ValueError, match=r"holds out are of only one class: 0\. Increase"):
        BCEClassifier(early_stopping=True).fit(X, one.astype(int))
    with pytest.raises(ValueError, match="only one class for label 1: 'not 1'"):
        OneVsRestBCEClassifier(early_stopping=True).fit(X, np.column_stack([Y, one]).astype(int))
    clf = BCEClassifier(early_stopping=True).fit(X[:20], np.arange(20) % 2)
    assert len(clf.validation_scores_) > 1
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        BCEClassifier(early_stopping=True).fit(X, X[:, 0])


# -- inside scikit-learn


def test_a_validation_set_goes_through_a_pipeline():
    with sklearn.config_context(enable_metadata_routing=True):
        clf = BCEClassifier(C=1e6, early_stopping=True).set_fit_request(X_val=True, y_val=True)
        steps = [("scale", StandardScaler()), ("clf", clf)]
        pipeline = Pipeline(steps, transform_input=["X_val"])
        pipeline.fit(X, Y, X_val=X_VAL, y_val=Y_VAL)
    scaler = StandardScaler().fit(X)
    by_hand = BCEClassifier(C=1e6, early_stopping=True)
    by_hand.fit(scaler.transform(X), Y, X_val=scaler.transform(X_VAL), y_val=Y_VAL)
    assert pipeline[-1].validation_scores_ == by_hand.validation_scores_


def test_in_a_grid_search():
    clf = BCEClassifier(early_stopping=True, C=1e6)
    search = GridSearchCV(clf, {"n_iter_no_change": [1, 5]}, cv=3).fit(X, Y)
    alone = BCEClassifier(early_stopping=True, C=1e6, **search.best_params_).fit(X, Y)
    assert search.best_estimator_.coef_.tobytes() == alone.coef_.tobytes()


def test_data_frames():
    pandas = pytest.importorskip("pandas")
    frame, judging = pandas.DataFrame(X).add_prefix("x"), pandas.DataFrame(X_VAL).add_prefix("x")
    fit = {"X_val": judging, "y_val": pandas.Series(Y_VAL)}
    clf = BCEClassifier(early_stopping=True).fit(frame, pandas.Series(Y), **fit)
    bare = BCEClassifier(early_stopping=True).fit(X, Y, X_val=X_VAL, y_val=Y_VAL)
    np.testing.assert_allclose(clf.validation_scores_, bare.validation_scores_, rtol=1e-9)
    other = judging.rename(columns={"x0": "z"})
    with pytest.raises(ValueError, match=r"X_val and y_val .* feature names"):
        clf.fit(frame, Y, X_val=other, y_val=Y_VAL)
