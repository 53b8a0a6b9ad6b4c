"""Posterior probabilities: the formula, its inverse, and what the estimators make of it."""

import pickle
from itertools import product

import mpmath
import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.datasets import load_digits, load_iris
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from sklearn_bce import BCEClassifier, OneVsRestBCEClassifier
from sklearn_bce._posterior import log_odds
from tests.problems import LOSSES, small_problem
from tests.reference import definition, phi

GAMMAS = [(0.0, 0.0), (0.5, 0.5), (2.0, 2.0), (20.0, 20.0), (0.0, 4.0), (20.0, 0.3)]
WEIGHTS = [(1.0, 1.0), (0.02, 30.0), (1e6, 1e-3)]  # on yes, on no
SMOOTHINGS = [0.0, 1e-3, 0.1, 0.9]
LOGITS = [-700.0, -60.0, -8.5, -1.0, -1e-9, 0.0, 0.3, 3.0, 25.0, 700.0]

every_gamma = pytest.mark.parametrize("gammas", GAMMAS, ids=str)
every_weight = pytest.mark.parametrize("weights", WEIGHTS, ids=str)
every_smoothing = pytest.mark.parametrize("smoothing", SMOOTHINGS)


def parameters(gammas=(0.0, 0.0), weights=(1.0, 1.0), smoothing=0.0):
    names = ("gamma_positive", "gamma_negative", "weight_positive", "weight_negative")
    arrays = (np.array([number]) for number in (*gammas, *weights))
    return {**dict(zip(names, arrays, strict=True)), "label_smoothing": smoothing}


def smoothed_shares(z, gammas, weights):
    """The formula's shares of no and of yes, labels smoothed, from derivatives in 60 digits."""
    yes, no = weights[0] * phi(z, gammas[0], 1), weights[1] * phi(-z, gammas[1], 1)
    return yes / (yes + no), no / (yes + no)


def best_logit(eta, **parameters):
    """The inverse of `log_odds`, which rises: by halving an interval to two neighbouring floats."""
    low, high = np.full((2, eta.size), [[-1e4], [1e4]])
    for _ in range(100):
        middle = 0.5 * (low + high)
        is_low = log_odds(middle, **parameters) < logit(eta)
        low, high = np.where(is_low, middle, low), np.where(is_low, high, middle)
    return 0.5 * (low + high)


# -- the formula


@every_gamma
@every_weight
@pytest.mark.parametrize("z", LOGITS)
def test_log_odds_against_60_digits(gammas, weights, z):
    with mpmath.workdps(60):
        no, yes = smoothed_shares(z, gammas, weights)
        expected = float(mpmath.log(yes) - mpmath.log(no))
    (odds,) = log_odds(np.array([z]), **parameters(gammas, weights))
    # Terms of the size of gamma and of the weights' logarithms may cancel.
    assert odds == pytest.approx(expected, rel=2e-15, abs=1e-15 * (20 + max(gammas)))


@every_gamma
@every_weight
@every_smoothing
@pytest.mark.parametrize("z", LOGITS)
def test_smoothing_is_undone(gammas, weights, smoothing, z):
    with mpmath.workdps(60):
        _, yes = smoothed_shares(z, gammas, weights)
        expected = float((yes - mpmath.mpf(smoothing) / 2) / (1 - mpmath.mpf(smoothing)))
    (eta,) = expit(log_odds(np.array([z]), **parameters(gammas, weights, smoothing)))
    tolerance = 1e-14 * (1 + max(gammas)) / (1.0 - smoothing)
    assert eta == pytest.approx(np.clip(expected, 0.0, 1.0), rel=0, abs=tolerance)
    if smoothing:
        assert np.finfo(float).tiny * (1 - 1e-12) <= eta <= 1.0 - np.finfo(float).epsneg


@every_gamma
@every_weight
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("z", [-8.5, -1.0, 0.0, 0.3, 3.0])
def test_the_expected_loss_is_least_at_z(gammas, weights, smoothing, z):
    """By numeric differentiation of the definition, in 50 digits."""
    with mpmath.workdps(200):
        _, yes = smoothed_shares(z, gammas, weights)
        smoothing = mpmath.mpf(smoothing)
        eta = (yes - smoothing / 2) / (1 - smoothing)

        def expected_loss(x):
            y = eta * (1 - smoothing) + smoothing / 2
            yes_loss = weights[0] * y * definition(x, gammas[0])
            return yes_loss + weights[1] * (1 - y) * definition(-x, gammas[1])

        z = mpmath.mpf(z)
        slope = mpmath.diff(expected_loss, z)
        size = abs(mpmath.diff(lambda x: weights[0] * yes * definition(x, gammas[0]), z))
        assert abs(slope) <= mpmath.mpf("1e-50") * size
        least = expected_loss(z)
        assert all(expected_loss(z + step) > least for step in (-30, -3, -0.1, 0.1, 3, 30))


@pytest.mark.parametrize("gammas", [*GAMMAS, (1000.0, 0.0), (1000.0, 1000.0)], ids=str)
@every_weight
def test_strictly_increasing(gammas, weights):
    z = np.concatenate([-np.geomspace(1e4, 1e-6, 5000), np.geomspace(1e-6, 1e4, 5000)])
    assert (np.diff(log_odds(z, **parameters(gammas, weights))) > 0.0).all()


@every_gamma
@pytest.mark.parametrize("z", [-30.0, -3.0, 0.0, 0.5, 8.5])
def test_slope_from_which_the_user_guide_concludes_it(gammas, z):
    with mpmath.workdps(60):

        def slope(x, gamma):
            p, q = 1 / (1 + mpmath.exp(-x)), 1 / (1 + mpmath.exp(x))
            return q**gamma * (q - gamma * p * mpmath.log(p))

        def odds(x):
            return mpmath.log(slope(-x, gammas[1]) / slope(x, gammas[0]))

        def f(gamma, x):
            p = 1 / (1 + mpmath.exp(-x))
            h = mpmath.log1p(mpmath.exp(-x)) * mpmath.exp(x)
            return gamma * p + (1 + gamma * p) / (1 + gamma * h)

        z = mpmath.mpf(z)
        expected = f(gammas[0], z) + f(gammas[1], -z) - 1
        assert abs(mpmath.diff(odds, z) / expected - 1) < 1e-20


@every_gamma
@pytest.mark.parametrize("smoothing", SMOOTHINGS)
def test_neighbouring_floats_do_not_decrease_but_by_rounding(gammas, smoothing):
    z = np.random.default_rng(0).normal(scale=5.0, size=20_000)
    with_smoothing = parameters(gammas, smoothing=smoothing)
    low, high = (expit(log_odds(each, **with_smoothing)) for each in (z, np.nextafter(z, np.inf)))
    rounding = 4e-16 * (10 + max(gammas) * np.abs(z)) / (1.0 - smoothing)
    assert (high - low >= -rounding).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@every_gamma
@every_smoothing
def test_finite_at_every_logit(dtype, gammas, smoothing):
    largest = np.finfo(dtype).max
    z = np.array([-largest, -1e30, -746.0, -744.0, -88.0, 0.0, 710.0, 746.0, largest], dtype=dtype)
    for weights in [(1.0, 1.0), (1e-200, 1e200)]:
        odds = log_odds(z, **parameters(gammas, weights, smoothing))
        assert odds.dtype == dtype
        assert np.isfinite(odds).all()
        assert (np.diff(odds) >= 0.0).all()


def test_cross_entropy_without_weights_is_the_sigmoid_bit_by_bit():
    z = np.random.default_rng(0).normal(scale=30.0, size=1000)
    np.testing.assert_array_equal(log_odds(z, **parameters()), z)


@every_gamma
@every_weight
def test_inverse(gammas, weights):
    eta = np.concatenate([np.geomspace(1e-300, 0.5, 50), 1.0 - np.geomspace(1e-15, 0.4, 20)])
    both = parameters(gammas, weights)
    z = best_logit(eta, **both)
    np.testing.assert_allclose(log_odds(z, **both), logit(eta), rtol=1e-14, atol=1e-13)


@every_gamma
def test_inverse_with_smoothing(gammas):
    eta = np.linspace(0.01, 0.99, 50)
    both = parameters(gammas, (2.0, 0.5), 0.1)
    np.testing.assert_allclose(expit(log_odds(best_logit(eta, **both), **both)), eta, 1e-12)


@pytest.mark.parametrize(
    ("gamma", "best"), [(0.5, 0.167), (1.0, 0.226), (2.0, 0.306), (3.0, 0.353)]
)
def test_table_of_the_user_guide(gamma, best):
    z = best_logit(np.array([0.1]), **parameters((gamma, gamma)))
    assert expit(z[0]) == pytest.approx(best, abs=5e-4)


# -- the estimators

X, Y, SOFT, WEIGHT = small_problem(200)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("kind", [BCEClassifier, OneVsRestBCEClassifier])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_only_the_probabilities_change(kind, loss, dtype):
    data = X.astype(dtype)
    plain = kind(**loss).fit(data, Y, WEIGHT)
    clf = kind(**loss, probability="posterior").fit(data, Y, WEIGHT)
    np.testing.assert_array_equal(clf.coef_, plain.coef_)
    np.testing.assert_array_equal(clf.decision_function(data), plain.decision_function(data))
    np.testing.assert_array_equal(clf.predict(data), plain.predict(data))
    p, log_p = clf.predict_proba(data), clf.predict_log_proba(data)
    assert p.dtype == dtype
    np.testing.assert_allclose(p.sum(axis=1), 1.0, rtol=4 * np.finfo(dtype).eps)
    np.testing.assert_allclose(np.exp(log_p), p, rtol=1e-4 if dtype == np.float32 else 1e-12)
    moved = np.abs(p - plain.predict_proba(data)).max()
    assert (moved == 0.0) if loss == {} else (moved > 0.01)


def test_far_rows_keep_finite_logarithms():
    clf = BCEClassifier(gamma=20.0, class_weight="balanced", probability="posterior").fit(X, Y)
    far = 1e6 * X
    assert np.abs(clf.decision_function(far)).max() > 1e4
    np.testing.assert_allclose(clf.predict_proba(far).sum(axis=1), 1.0, rtol=1e-15)
    assert np.isfinite(clf.predict_log_proba(far)).all()


def test_balanced_is_remembered_as_numbers():
    clf = BCEClassifier(class_weight="balanced", pos_weight=3.0, probability="posterior")
    clf.fit(X, Y, WEIGHT)
    masses = np.array([WEIGHT[Y == 0].sum(), WEIGHT[Y == 1].sum()])
    no, yes = masses.sum() / (2.0 * masses)
    assert clf.loss_parameters_["weight_negative"] == pytest.approx([no])
    assert clf.loss_parameters_["weight_positive"] == pytest.approx([3.0 * yes])
    again = pickle.loads(pickle.dumps(clf))
    np.testing.assert_array_equal(again.predict_proba(X), clf.predict_proba(X))
    before = clf.predict_proba(X)
    clf.set_params(gamma=3.0, label_smoothing=0.2)  # says nothing until the next fit
    np.testing.assert_array_equal(clf.predict_proba(X), before)


def test_a_warm_start_takes_the_new_loss():
    clf = BCEClassifier(class_weight="balanced", probability="posterior", warm_start=True)
    clf.fit(X, Y, WEIGHT)
    clf.set_params(gamma=2.0, class_weight=None).fit(X[::2], Y[::2])
    fresh = BCEClassifier(gamma=2.0, probability="posterior").fit(X[::2], Y[::2])
    np.testing.assert_allclose(clf.predict_proba(X), fresh.predict_proba(X), rtol=1e-4)
    assert {name: np.ravel(v).tolist() for name, v in clf.loss_parameters_.items()} == {
        "gamma_positive": [2.0],
        "gamma_negative": [2.0],
        "weight_positive": [1.0],
        "weight_negative": [1.0],
        "label_smoothing": [0.0],
    }


def test_a_fitted_classifier_can_be_asked_for_either():
    clf = BCEClassifier(gamma=2.0).fit(X, Y)
    sigmoid = clf.predict_proba(X)
    posterior = BCEClassifier(gamma=2.0, probability="posterior").fit(X, Y).predict_proba(X)
    clf.set_params(probability="posterior")
    np.testing.assert_array_equal(clf.predict_proba(X), posterior)
    clf.set_params(probability="sigmoid")
    np.testing.assert_array_equal(clf.predict_proba(X), sigmoid)


@pytest.mark.parametrize("kind", [BCEClassifier, OneVsRestBCEClassifier])
def test_nothing_can_be_learned_from_labels_of_one_half(kind):
    with pytest.raises(ValueError, match="needs label_smoothing < 1"):
        kind(label_smoothing=1.0, probability="posterior").fit(X, Y)
    clf = kind(label_smoothing=1.0).fit(X, Y).set_params(probability="posterior")
    with pytest.raises(ValueError, match="needs label_smoothing < 1"):
        clf.predict_proba(X)


# -- one-vs-rest

FLOWERS, SPECIES = load_iris(return_X_y=True)
ONE_VS_REST = {
    "focal": {"gamma": (1.0, 2.0)},
    "balanced": {"class_weight": "balanced", "gamma": 1.0},
    "pos_weight": {"pos_weight": [0.5, 3.0, 8.0], "label_smoothing": 0.05},
}


@pytest.mark.parametrize("loss", ONE_VS_REST.values(), ids=ONE_VS_REST)
@pytest.mark.parametrize("form", ["classes", "indicator"])
def test_each_problem_has_the_posterior_of_its_own_loss(loss, form):
    indicator = (SPECIES[:, np.newaxis] == np.arange(3)).astype(int)
    y = SPECIES if form == "classes" else indicator
    exact = {"tol": 1e-20, "probability": "posterior"}
    clf = OneVsRestBCEClassifier(**loss, **exact, normalize=False).fit(FLOWERS, y)
    p = clf.predict_proba(FLOWERS)
    for k, column in enumerate(indicator.T):
        each = {n: v[k] if isinstance(v, list) else v for n, v in loss.items()}
        alone = BCEClassifier(**each, **exact).fit(FLOWERS, column)
        np.testing.assert_allclose(p[:, k], alone.predict_proba(FLOWERS)[:, 1], 0, 1e-9)
    assert ((p > 0.0) & (p < 1.0)).all()
    np.testing.assert_allclose(np.exp(clf.predict_log_proba(FLOWERS)), p, 1e-9)
    if form == "classes":
        clf.set_params(normalize=True)
        normalized = clf.predict_proba(FLOWERS)
        np.testing.assert_allclose(normalized, p / p.sum(axis=1, keepdims=True), 1e-9)


@pytest.mark.parametrize("gamma", [0.0, 2.0])
def test_a_constant_label_keeps_its_share(gamma):
    labels = np.column_stack([np.ones_like(Y), Y])
    clf = OneVsRestBCEClassifier(
        gamma=gamma, pos_weight=5.0, label_smoothing=0.1, probability="posterior"
    )
    with pytest.warns(UserWarning, match="present in all"):
        clf.fit(X, labels)
    np.testing.assert_allclose(clf.predict_proba(X)[:, 0], 200.5 / 201.0)


def test_classes_of_different_weight_have_no_posterior():
    weights = {0: 1.0, 1: 2.0, 2: 1.0}
    clf = OneVsRestBCEClassifier(class_weight=weights, probability="posterior")
    with pytest.raises(ValueError, match="Use pos_weight with one value for each label"):
        clf.fit(FLOWERS, SPECIES)
    assert not hasattr(clf, "coef_")
    clf.set_params(probability="sigmoid").fit(FLOWERS, SPECIES).set_params(probability="posterior")
    with pytest.raises(ValueError, match="no closed form"):
        clf.predict_proba(FLOWERS)


def test_classes_of_equal_weight_have_one():
    alike = {"class_weight": dict.fromkeys(range(3), 4.0), "gamma": 1.0, "C": 0.25}
    clf = OneVsRestBCEClassifier(**alike, probability="posterior").fit(FLOWERS, SPECIES)
    plain = OneVsRestBCEClassifier(gamma=1.0, probability="posterior").fit(FLOWERS, SPECIES)
    np.testing.assert_allclose(
        clf.predict_proba(FLOWERS), plain.predict_proba(FLOWERS), rtol=0, atol=1e-5
    )


# -- what it is for

BENT = {
    "weights": {"class_weight": {0: 0.3, 1: 5.0}},
    "balanced": {"class_weight": "balanced"},
    "pos_weight": {"pos_weight": 8.0},
    "focal": {"gamma": 2.0},
    "asymmetric": {"gamma": (1.0, 3.0)},
    "focal, balanced": {"gamma": 2.0, "class_weight": "balanced"},
}


@pytest.mark.parametrize("loss", BENT.values(), ids=BENT)
def test_known_probabilities_are_found(loss):
    """Where the plain model is right, whose error is 0.002; that of sigmoids is at least 0.15."""
    rng = np.random.default_rng(0)
    data = rng.normal(size=(20_000, 3))
    eta = expit(data @ [1.0, -0.7, 0.4] - 2.0)
    y = (rng.random(20_000) < eta).astype(int)

    def mean_error(**parameters):
        p = BCEClassifier(**parameters).fit(data, y).predict_proba(data)[:, 1]
        return np.abs(p - eta).mean()

    plain, posterior = mean_error(), mean_error(**loss, probability="posterior")
    assert plain < 0.003
    assert posterior < 3.0 * plain
    assert mean_error(**loss) > 0.15


@pytest.mark.parametrize(
    ("gammas", "smoothing"), [*product(GAMMAS[1:3], [0.0, 0.2]), ((1.0, 3.0), 0.1)]
)
def test_known_probabilities_are_found_where_the_focal_model_is_right(gammas, smoothing):
    rng = np.random.default_rng(1)
    data = rng.normal(size=(20_000, 3))
    loss = parameters(gammas, (2.0, 1.0), smoothing)
    eta = expit(log_odds(data @ [0.2, -0.15, 0.1] - 0.1, **loss))
    y = (rng.random(20_000) < eta).astype(int)
    clf = BCEClassifier(gamma=gammas, pos_weight=2.0, label_smoothing=smoothing).fit(data, y)
    assert np.abs(clf.predict_proba(data)[:, 1] - eta).mean() > 0.03
    clf.set_params(probability="posterior")
    assert np.abs(clf.predict_proba(data)[:, 1] - eta).mean() < 0.01


def test_real_imbalanced_data():
    """One digit against the others: 1 in 10 is "yes"."""
    data, digit = load_digits(return_X_y=True)
    y = (digit == 8).astype(int)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)

    def held_out(**parameters):
        clf = BCEClassifier(C=1e-3, **parameters)
        return log_loss(y, cross_val_predict(clf, data, y, cv=folds, method="predict_proba"))

    bent = {"gamma": 2.0, "class_weight": "balanced"}
    plain = held_out()
    assert held_out(**bent, probability="posterior") < 1.1 * plain
    assert held_out(**bent) > 2.0 * plain
