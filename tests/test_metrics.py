"""`sklearn_bce.metrics` against 50 digits, scikit-learn's metrics on repeated rows, identities."""

import pickle
import subprocess
import sys
from functools import partial

import mpmath
import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as theirs

from sklearn_bce import loss, metrics
from tests import reference

RNG = np.random.default_rng(0)
Y = np.concatenate([RNG.beta(0.4, 0.6, 60), [0.0, 1.0, 0.5, 1e-12, 1.0, 0.0, 0.3, 1 - 1e-12]])
P = np.concatenate([RNG.beta(0.8, 0.8, 60), [1e-9, 1 - 1e-9, 0.5, 0.9, 1.0, 0.0, 1e-300, 0.3]])
W = RNG.exponential(size=len(Y)) * (RNG.random(len(Y)) > 0.1)
WEIGHTS = [None, 2.5, W, W.astype(np.float32), W.tolist()]

# Ten raters: k of 10 say "yes", and the rows written out, one for each rater.
VOTES = RNG.binomial(10, RNG.beta(0.7, 0.7, 80))
GUESS = np.round(np.clip(VOTES / 10 + RNG.normal(scale=0.3, size=80), 0.02, 0.98), 2)
RATERS = (np.arange(10) < VOTES[:, np.newaxis]).ravel().astype(int)
COUNTS = RNG.integers(0, 4, 80)
SINGLE = ["soft_log_loss", "soft_brier_score", "expected_accuracy", "kl_divergence"]
OF_PROBABILITIES = [
    *SINGLE,
    "binary_cross_entropy",
    "information_gain",
    "expected_calibration_error",
]


def mp_losses(y, p, gammas=(0.0, 0.0)):
    y, p = mpmath.mpf(float(y)), mpmath.mpf(float(p))
    yes = 0 if y == 0 else -y * (1 - p) ** gammas[0] * mpmath.log(p)
    no = 0 if y == 1 else -(1 - y) * p ** gammas[1] * mpmath.log(1 - p)
    return yes + no


def mp_entropy(y):
    return mp_losses(y, y)


DEFINITIONS = {
    "binary_cross_entropy": mp_losses,
    "soft_log_loss": mp_losses,
    "soft_brier_score": lambda y, p: y * (1 - mpmath.mpf(p)) ** 2 + (1 - y) * mpmath.mpf(p) ** 2,
    "expected_accuracy": lambda y, p: y if p > 0.5 else 1 - mpmath.mpf(y),
    "kl_divergence": lambda y, p: mp_losses(y, p) - mp_entropy(y),
}


def mp_mean(function, weight, *columns):
    with mpmath.workdps(50):
        weight = np.broadcast_to(1.0 if weight is None else weight, len(columns[0]))
        rows = zip(weight.tolist(), *(column.tolist() for column in columns), strict=True)
        total = sum(mpmath.mpf(w) * function(*row) for w, *row in rows)
        return float(total / sum(map(mpmath.mpf, weight.tolist())))


@pytest.mark.parametrize("weight", WEIGHTS, ids=lambda weight: type(weight).__name__)
@pytest.mark.parametrize("name", DEFINITIONS)
def test_against_50_digits(name, weight):
    got = getattr(metrics, name)(Y, P, sample_weight=weight)
    assert type(got) is float
    assert got == pytest.approx(mp_mean(DEFINITIONS[name], weight, Y, P), rel=1e-14)


@pytest.mark.parametrize("weight", WEIGHTS, ids=lambda weight: type(weight).__name__)
def test_entropy_and_information_against_50_digits(weight):
    got = metrics.entropy(Y, sample_weight=weight)
    assert got == pytest.approx(mp_mean(mp_entropy, weight, Y), rel=1e-14)
    base = mp_mean(lambda y: y, weight, Y)
    base_loss = mp_mean(lambda y: mp_losses(y, base), weight, Y)  # of predicting it everywhere
    gain = base_loss - mp_mean(mp_losses, weight, Y, P)
    got = metrics.information_gain(Y, P, sample_weight=weight)
    assert got == pytest.approx(gain, rel=1e-12)
    normalised = metrics.information_gain(Y, P, sample_weight=weight, normalize=True)
    assert normalised == pytest.approx(gain / base_loss, rel=1e-12)


@pytest.mark.parametrize("weight", [None, W], ids=["plain", "weighted"])
def test_cross_entropy_is_entropy_plus_divergence(weight):
    inside = np.clip(P, 1e-15, 1 - 1e-15)
    for p in (P, inside, Y, np.where(Y > 0.5, 1.0, 0.0)):
        total = metrics.entropy(Y, sample_weight=weight)
        total += metrics.kl_divergence(Y, p, sample_weight=weight)
        assert metrics.soft_log_loss(Y, p, sample_weight=weight) == pytest.approx(total, rel=1e-14)


def test_divergence_is_zero_at_the_labels_and_never_negative():
    assert metrics.kl_divergence(Y, Y) == 0.0
    near = np.clip(Y * (1 + 1e-15 * np.random.default_rng(0).normal(size=len(Y))), 0.0, 1.0)
    for y, p in zip(Y, near, strict=True):
        assert metrics.kl_divergence([y], [p]) >= 0.0


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0, (1.0, 3.0), (0.0, 2.0), [4, 0]], ids=str)
def test_focal_loss_against_50_digits(gamma):
    pair = gamma if np.ndim(gamma) else (gamma, gamma)
    truth = mp_mean(lambda y, p: mp_losses(y, p, pair), W, Y, P)
    assert metrics.binary_cross_entropy(Y, P, sample_weight=W, gamma=gamma) == pytest.approx(
        truth, rel=1e-13
    )


@pytest.mark.parametrize("gamma", [0.0, 2.0, (1.0, 3.0)], ids=str)
def test_logits(gamma):
    pair = gamma if np.ndim(gamma) else (gamma, gamma)
    z = np.linspace(-750.0, 750.0, len(Y))  # as probabilities most of them are 0 or 1
    rows = [float(reference.loss(y, x, pair)) for y, x in zip(Y, z, strict=True)]
    got = metrics.binary_cross_entropy(
        Y, z, sample_weight=W, gamma=gamma, from_logits=True, reduction="none"
    )
    np.testing.assert_allclose(got, W * rows, rtol=1e-12, atol=1e-100)
    near = z / 50.0
    np.testing.assert_allclose(
        metrics.binary_cross_entropy(Y, near, from_logits=True, gamma=gamma),
        metrics.binary_cross_entropy(Y, 1 / (1 + np.exp(-near)), gamma=gamma),
        rtol=1e-8,  # of 1 - p at p = 1 - 3e-7
    )


@pytest.mark.parametrize("from_logits", [False, True])
def test_reductions(from_logits):
    p = np.log(0.1 + P) if from_logits else np.clip(P, 0.01, 0.99)
    options = {"sample_weight": W, "from_logits": from_logits, "gamma": 1.0}
    rows = metrics.binary_cross_entropy(Y, p, reduction="none", **options)
    assert rows.shape == Y.shape
    total = metrics.binary_cross_entropy(Y, p, reduction="sum", **options)
    assert type(total) is float
    assert total == pytest.approx(rows.sum(), rel=1e-14)
    mean = metrics.binary_cross_entropy(Y, p, **options)
    assert mean == pytest.approx(rows.sum() / W.sum(), rel=1e-14)
    if from_logits:
        np.testing.assert_array_equal(rows, W * loss.value(Y, p, gamma=1.0))


@pytest.mark.parametrize(
    ("y", "p", "expected"),
    [
        (0.0, 0.0, 0.0),
        (1.0, 1.0, 0.0),
        (1.0, 0.0, np.inf),
        (0.0, 1.0, np.inf),
        (0.5, 0.0, np.inf),
        (0.5, 1.0, np.inf),
        (5e-324, 0.0, np.inf),
    ],
)
def test_certainty(y, p, expected):
    assert metrics.soft_log_loss([y], [p]) == expected
    assert metrics.kl_divergence([y], [p]) == expected
    assert metrics.binary_cross_entropy([y], [p], gamma=2.0) == expected
    each = metrics.binary_cross_entropy([y], [p], reduction="none")
    assert each.tolist() == [expected]
    assert not np.signbit(each[0])
    assert np.isneginf(metrics.information_gain([0.5, y], [0.5, p])) == np.isinf(expected)
    # A row without weight has no say, however bad it is.
    options = {"sample_weight": [0.0, 3.0]}
    for name in ("soft_log_loss", "kl_divergence", "binary_cross_entropy"):
        function = getattr(metrics, name)
        assert function([y, 0.2], [p, 0.3], **options) == function([0.2], [0.3])
    rows = metrics.binary_cross_entropy([y, 0.2], [p, 0.3], reduction="none", **options)
    assert rows[0] == 0.0


def repeated(weighted):
    """Votes as shares with the weights, and the same written out in hard rows."""
    counts = COUNTS if weighted else np.ones(80, dtype=int)
    return (VOTES / 10, GUESS, counts), (
        np.repeat(RATERS, np.repeat(counts, 10)),
        np.repeat(np.repeat(GUESS, 10), np.repeat(counts, 10)),
    )


OF_HARD_ROWS = {
    "soft_log_loss": (metrics.soft_log_loss, theirs.log_loss),
    "soft_brier_score": (metrics.soft_brier_score, theirs.brier_score_loss),
    "expected_accuracy": (
        metrics.expected_accuracy,
        lambda y, p: theirs.accuracy_score(y, p > 0.5),
    ),
    "d2": (partial(metrics.information_gain, normalize=True), theirs.d2_log_loss_score),
    "ece": (metrics.expected_calibration_error, metrics.expected_calibration_error),
    **{
        metric.__name__: (metrics.soften(metric), metric)
        for metric in (
            theirs.roc_auc_score,
            theirs.average_precision_score,
            theirs.log_loss,
            theirs.brier_score_loss,
            theirs.d2_log_loss_score,
        )
    },
    **{
        f"{metric.__name__} at 0.4": (
            lambda y, p, metric=metric, **options: metrics.soften(metric)(y, p > 0.4, **options),
            lambda y, p, metric=metric: metric(y, p > 0.4),
        )
        for metric in (
            theirs.f1_score,
            theirs.precision_score,
            theirs.recall_score,
            theirs.accuracy_score,
            theirs.balanced_accuracy_score,
            theirs.matthews_corrcoef,
            theirs.confusion_matrix,
        )
    },
}


@pytest.mark.parametrize("name", OF_HARD_ROWS)
@pytest.mark.parametrize("weighted", [False, True])
def test_a_share_of_votes_is_the_votes(name, weighted):
    ours, metric = OF_HARD_ROWS[name]
    (y, p, counts), rows = repeated(weighted)
    got = ours(y, p, sample_weight=10 * counts)
    np.testing.assert_allclose(got, metric(*rows), rtol=1e-12)


@pytest.mark.parametrize("name", OF_HARD_ROWS)
def test_hard_labels_are_a_special_case(name):
    ours, metric = OF_HARD_ROWS[name]
    for y in (RATERS[::7], RATERS[::7].astype(bool), RATERS[::7].tolist()):
        p = np.repeat(GUESS, 10)[::7]
        np.testing.assert_allclose(ours(y, p), metric(np.asarray(y), p), rtol=1e-12)


@pytest.mark.parametrize("weight", [None, W], ids=["plain", "weighted"])
def test_threshold_of_expected_accuracy(weight):
    p = np.round(P, 1)
    for threshold in (0.0, 0.3, 0.5, 1.0):
        expected = np.average(np.where(p > threshold, Y, 1 - Y), weights=weight)
        got = metrics.expected_accuracy(Y, p, sample_weight=weight, threshold=threshold)
        assert got == pytest.approx(expected, rel=1e-14)
    assert metrics.expected_accuracy([1, 0, 1], [1, 0, 0]) == pytest.approx(2 / 3)


# -- soften


def test_soften_leaves_out_rows_of_weight_zero():
    seen = {}

    def metric(y, p, *, sample_weight, extra=None):
        seen.update(y=y.tolist(), p=p.tolist(), weight=sample_weight.tolist(), extra=extra)
        return 0.0

    weight = [1.0, 2.0, 0.0, 4.0]
    metrics.soften(metric)([0.25, 1.0, 0.5, 0.0], [1, 2, 3, 4], sample_weight=weight, extra="x")
    assert seen == {
        "y": [1, 0, 1, 0],
        "p": [1, 1, 2, 4],
        "weight": [0.25, 0.75, 2.0, 4.0],
        "extra": "x",
    }


def test_soften_passes_on_arguments_and_curves():
    soft_curve = metrics.soften(theirs.roc_curve)
    fpr, tpr, _ = soft_curve(VOTES / 10, GUESS, drop_intermediate=False)
    area = metrics.soften(theirs.roc_auc_score)(VOTES / 10, GUESS)
    assert theirs.auc(fpr, tpr) == pytest.approx(area, rel=1e-12)
    soft_fbeta = metrics.soften(partial(theirs.fbeta_score, beta=2.0))
    got = soft_fbeta(VOTES / 10, GUESS > 0.5, zero_division=0.0)
    expected = theirs.fbeta_score(RATERS, np.repeat(GUESS > 0.5, 10), beta=2.0)
    assert got == pytest.approx(expected, rel=1e-12)


def test_softened_metrics_and_scorers_can_be_pickled():
    soft = metrics.soften(theirs.roc_auc_score)
    assert repr(soft) == soft.__name__ == "soften(roc_auc_score)"
    copy = pickle.loads(pickle.dumps(soft))
    assert copy(VOTES / 10, GUESS) == soft(VOTES / 10, GUESS)
    for name in ("neg_soft_log_loss", "neg_soft_brier_score", "soft_roc_auc"):
        scorer = getattr(metrics, name)
        assert repr(pickle.loads(pickle.dumps(scorer))) == repr(scorer)


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        (theirs.max_error, "metric must take sample_weight, and max_error does not"),
        (lambda y, p: 0.0, "metric must take sample_weight"),
        (max, "metric must take sample_weight, and max does not"),
        ("roc_auc", "metric must be callable. Got 'roc_auc'"),
    ],
    ids=["max_error", "lambda", "builtin", "name"],
)
def test_what_cannot_be_softened(metric, message):
    with pytest.raises(ValueError, match=message):
        metrics.soften(metric)


# -- input


@pytest.mark.parametrize("kind", [list, pd.Series, np.float32, "strided", "readonly", "Float64"])
def test_kinds_of_input(kind):
    y, p, w = (np.round(column, 3).astype(np.float32) for column in (Y, P, W))
    make = {
        "strided": lambda column: np.repeat(column, 2)[::2],
        "readonly": lambda column: np.frombuffer(column.tobytes(), column.dtype),
        "Float64": lambda column: pd.Series(column, dtype="Float64"),
    }.get(kind, lambda column: kind(column))
    columns = [make(column) for column in (y, p, w)]
    for name in OF_PROBABILITIES:
        function = getattr(metrics, name)
        expected = function(*(column.astype(float) for column in (y, p)), sample_weight=w)
        assert function(*columns[:2], sample_weight=columns[2]) == expected, name


@pytest.mark.parametrize("name", OF_PROBABILITIES)
@pytest.mark.parametrize(
    ("y", "p", "weight", "message"),
    [
        ([0.5, 1.1], [0.5, 0.5], None, r"y must be in \[0, 1\]. Got 1.1"),
        ([0.5, -1], [0.5, 0.5], None, r"y must be in \[0, 1\]. Got -1"),
        ([0.5, 0.5], [0.5, 1.5], None, r"p must be in \[0, 1\]. Got 1.5"),
        ([0.5, 0.5], [0.5, -0.1], None, r"p must be in \[0, 1\]. Got -0.1"),
        ([0.5, np.nan], [0.5, 0.5], None, "Input y contains NaN"),
        ([0.5, 0.5], [0.5, np.nan], None, "Input p contains NaN"),
        ([0.5, 0.5], [0.5, np.inf], None, "Input p contains infinity"),
        ([0.5, 0.5], [0.5], None, "inconsistent numbers of samples"),
        ([[0.5, 0.5]], [0.5], None, r"y must have one column. Got shape \(1, 2\).* y\[:, k\]"),
        ([0.5, 0.5], [[0.5, 0.5]] * 2, None, r"p must have one column.* p\[:, k\]"),
        (0.5, [0.5], None, "y must have one column"),
        (["yes", "no"], [0.5, 0.5], None, "y must hold numbers. Got an array of dtype"),
        (np.array(["yes", 0.3], dtype=object), [0.5, 0.5], None, "y must hold numbers"),
        ([], [], None, "y must have at least one row"),
        ([0.5, 0.5], [0.5, 0.5], [1.0], "sample_weight.shape"),
        ([0.5, 0.5], [0.5, 0.5], [1.0, -1.0], "sample_weight must not be negative"),
        ([0.5, 0.5], [0.5, 0.5], [1.0, np.nan], "sample_weight contains NaN"),
        ([0.5, 0.5], [0.5, 0.5], [0.0, 0.0], "at least one non-zero"),
    ],
)
def test_bad_input(name, y, p, weight, message):
    with pytest.raises(ValueError, match=message):
        getattr(metrics, name)(y, p, sample_weight=weight)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("binary_cross_entropy", {"reduction": "avg"}, "reduction must be .* Got 'avg'"),
        ("binary_cross_entropy", {"gamma": -1.0}, "gamma must be .* Got -1.0"),
        ("binary_cross_entropy", {"gamma": np.inf}, "gamma must be"),
        ("binary_cross_entropy", {"gamma": np.nan}, "gamma must be"),
        ("binary_cross_entropy", {"gamma": (1.0, 2.0, 3.0)}, "gamma must be one or two"),
        ("binary_cross_entropy", {"gamma": -1.0, "from_logits": True}, "gamma must be"),
        ("expected_accuracy", {"threshold": 1.5}, "threshold must be .* Got 1.5"),
        ("expected_accuracy", {"threshold": np.nan}, "threshold must be"),
        ("expected_accuracy", {"threshold": [0.5, 0.5]}, "threshold must be a number"),
        ("expected_calibration_error", {"n_bins": 0}, "n_bins must be an int >= 1. Got 0"),
        ("expected_calibration_error", {"n_bins": 2.0}, "n_bins must be an int"),
        ("expected_calibration_error", {"n_bins": True}, "n_bins must be an int"),
        ("expected_calibration_error", {"strategy": "equal"}, "strategy must be .* Got 'equal'"),
    ],
)
def test_bad_options(name, options, message):
    with pytest.raises(ValueError, match=message):
        getattr(metrics, name)([0.2, 0.7], [0.3, 0.6], **options)


def test_no_gain_relative_to_nothing():
    assert metrics.information_gain([1, 1], [0.5, 0.5]) == pytest.approx(-np.log(2))
    with pytest.raises(ValueError, match="y holds only one class"):
        metrics.information_gain([1, 1], [0.5, 0.5], normalize=True)


def test_the_import_waits_for_no_numba():
    code = (
        "import sys, sklearn_bce; m = sklearn_bce.metrics; "
        "m.soft_log_loss([0.5], [0.5]); sys.exit('numba' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_means_of_weighted_rows_do_not_leave_their_range():
    y, p = np.ones(20), np.full(20, 0.5)
    for seed in range(100):
        weight = np.random.default_rng(seed).exponential(size=20)
        gain = metrics.information_gain(y, p, sample_weight=weight)
        assert gain == pytest.approx(-np.log(2.0), rel=1e-15)
        with pytest.raises(ValueError, match="only one class"):
            metrics.information_gain(y, p, sample_weight=weight, normalize=True)
        assert metrics.expected_accuracy(y, y, sample_weight=weight) == 1.0
        assert metrics.soft_brier_score(y, 1.0 - y, sample_weight=weight) == 1.0
        assert metrics.expected_calibration_error(y, 1.0 - y, sample_weight=weight) <= 1.0


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("gamma", [[1, 2, 3], [], [[1, 2]], "a", {}, 1j, 10**400, -1.0])
def test_bad_gamma(gamma, from_logits):
    with pytest.raises(ValueError, match="gamma must be one or two finite numbers"):
        metrics.binary_cross_entropy([0.0, 1.0], [0.1, 0.2], gamma=gamma, from_logits=from_logits)
