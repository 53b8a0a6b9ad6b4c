"""The displays of predictions: the data they draw, not their pixels."""

import sys

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.calibration import calibration_curve
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.linear_model import LinearRegression
from sklearn.metrics import precision_recall_curve, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from sklearn_bce import BCEClassifier, OneVsRestBCEClassifier
from sklearn_bce.display import GainLiftDisplay, ReliabilityDisplay, ThresholdDisplay

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")

DISPLAYS = [ReliabilityDisplay, GainLiftDisplay, ThresholdDisplay]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def sample(n_rows=200, seed=0, ties=False):
    """Hard labels, soft labels, probabilities and weights."""
    rng = np.random.default_rng(seed)
    p = rng.beta(1, 2, n_rows)
    p = p.round(1) if ties else p
    soft = np.clip(p + rng.normal(scale=0.3, size=n_rows), 0, 1)
    return (rng.random(n_rows) < p).astype(int), soft, p, rng.uniform(0.1, 3.0, n_rows)


HARD, SOFT, P, WEIGHT = sample()
DOUBLED = np.r_[np.ones(len(P)), np.zeros(len(P))].astype(int)  # soft labels as weights of both


def doubled_weight(soft, weight):
    return np.r_[weight * soft, weight * (1 - soft)]


def drawn(line):
    return np.transpose(line.get_data())


def curves(display):
    """What each kind of display has drawn, as one array."""
    names = ("line_", "precision_line_", "recall_line_", "cost_line_")
    return np.vstack([drawn(getattr(display, name)) for name in names if hasattr(display, name)])


# ---- reliability ----


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
@pytest.mark.parametrize("n_bins", [1, 5, 10])
def test_bins_are_those_of_scikit_learn(strategy, n_bins):
    expected = calibration_curve(HARD, P, n_bins=n_bins, strategy=strategy)
    display = ReliabilityDisplay.from_predictions(HARD, P, n_bins=n_bins, strategy=strategy)
    np.testing.assert_allclose(drawn(display.line_), np.column_stack(expected[::-1]), rtol=1e-12)


def test_reliability_of_soft_labels_and_weights_by_hand():
    display = ReliabilityDisplay.from_predictions(SOFT, P, sample_weight=WEIGHT, n_bins=4)
    rows = []
    for low in (0.0, 0.25, 0.5, 0.75):
        inside = (low < P) & (low + 0.25 >= P)
        w = WEIGHT[inside]
        rows.append((np.average(P[inside], weights=w), np.average(SOFT[inside], weights=w)))
    np.testing.assert_allclose(drawn(display.line_), rows, rtol=1e-12)


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
def test_integer_weights_are_repetitions_of_rows(strategy):
    weight = np.random.default_rng(1).integers(0, 4, len(P))
    one = ReliabilityDisplay.from_predictions(SOFT, P, sample_weight=weight, strategy=strategy)
    many = ReliabilityDisplay.from_predictions(
        SOFT.repeat(weight), P.repeat(weight), strategy=strategy
    )
    np.testing.assert_allclose(drawn(one.line_), drawn(many.line_), rtol=1e-12)


def test_band_is_wilsons_interval_in_each_bin():
    display = ReliabilityDisplay.from_predictions(HARD, P, n_bins=5, confidence_level=0.9)
    ends = []
    for low in np.arange(5) / 5:
        inside = (low < P) & (low + 0.2 >= P)
        found = binomtest(int(HARD[inside].sum()), int(inside.sum()))
        ends.append(tuple(found.proportion_ci(0.9, method="wilson")))
    np.testing.assert_allclose(np.column_stack([display.lower, display.upper]), ends, atol=1e-12)
    (path,) = display.band_.get_paths()
    assert {*display.lower, *display.upper} <= set(path.vertices[:, 1])


@pytest.mark.parametrize("label", [0, 1])
def test_band_of_a_bin_with_a_single_label_stays_within_0_and_1(label):
    display = ReliabilityDisplay.from_predictions(np.full(7, label), np.full(7, 0.3))
    found = binomtest(7 * label, 7).proportion_ci(method="wilson")
    np.testing.assert_allclose([display.lower[0], display.upper[0]], found, atol=1e-12)
    assert display.lower[0] >= 0.0 and display.upper[0] <= 1.0


def test_band_counts_the_effective_number_of_rows():
    # k rows of the same weight and any number of rows next to nothing are k rows.
    weight = np.r_[np.ones(40), np.full(160, 1e-12)]
    display = ReliabilityDisplay.from_predictions(HARD, P, sample_weight=7 * weight, n_bins=1)
    found = binomtest(int(HARD[:40].sum()), 40).proportion_ci(method="wilson")
    np.testing.assert_allclose([display.lower[0], display.upper[0]], found, atol=1e-9)


def test_histogram_has_the_share_of_weight():
    display = ReliabilityDisplay.from_predictions(HARD, P, sample_weight=WEIGHT)
    shares, _ = np.histogram(P, bins=20, range=(0, 1), weights=WEIGHT / WEIGHT.sum())
    heights = [bar.get_height() for bar in display.histogram_]
    np.testing.assert_allclose(heights, shares, atol=1e-12)
    assert ReliabilityDisplay.from_predictions(HARD, P, histogram=False).histogram_ is None


# ---- gain and lift ----


@pytest.mark.parametrize("ties", [False, True])
def test_area_under_the_gain_follows_from_roc_auc(ties):
    hard, _, p, weight = sample(ties=ties)
    display = GainLiftDisplay.from_predictions(hard, p, sample_weight=weight)
    base = np.average(hard, weights=weight)
    area = np.trapezoid(*drawn(display.line_).T[::-1])
    auc = roc_auc_score(hard, p, sample_weight=weight)
    assert area == pytest.approx(base / 2 + (1 - base) * auc, rel=1e-12)


def test_lift_by_hand():
    y, score, weight = [1.0, 0.5, 0.0], [3.0, 2.0, 1.0], [1.0, 2.0, 1.0]
    display = GainLiftDisplay.from_predictions(y, score, sample_weight=weight, kind="lift")
    expected = [[0.25, 2.0], [0.75, 4 / 3], [1.0, 1.0]]
    np.testing.assert_allclose(drawn(display.line_), expected, rtol=1e-15)
    assert drawn(display.chance_line_).tolist() == [[0, 1], [1, 1]]
    display.plot(kind="gain")
    expected = [[0.0, 0.0], [0.25, 0.5], [0.75, 1.0], [1.0, 1.0]]
    np.testing.assert_allclose(drawn(display.line_), expected, rtol=1e-15)


# ---- threshold ----


def test_precision_and_recall_are_those_of_scikit_learn():
    display = ThresholdDisplay.from_predictions(SOFT, P, sample_weight=WEIGHT)
    precision, recall, thresholds = precision_recall_curve(
        DOUBLED, np.r_[P, P], sample_weight=doubled_weight(SOFT, WEIGHT)
    )
    np.testing.assert_array_equal(display.thresholds[:-1], thresholds)
    assert thresholds[-1] < display.thresholds[-1] <= thresholds[-1] + 1e-15
    np.testing.assert_allclose(drawn(display.precision_line_)[:, 1], precision, rtol=1e-12)
    np.testing.assert_allclose(drawn(display.recall_line_)[:, 1], recall, rtol=1e-12)


@pytest.mark.parametrize("costs", [(1.0, 1.0), (1.0, 20.0), (3.0, 0.0), (0.0, 2.0)])
def test_cost_by_hand_and_its_minimum(costs):
    display = ThresholdDisplay.from_predictions(
        SOFT, P, sample_weight=WEIGHT, cost_false_positive=costs[0], cost_false_negative=costs[1]
    )
    expected = [
        np.average(np.where(threshold <= P, costs[0] * (1 - SOFT), costs[1] * SOFT), weights=WEIGHT)
        for threshold in display.thresholds
    ]
    np.testing.assert_allclose(drawn(display.cost_line_)[:, 1], expected, atol=1e-12)
    best = np.argmin(expected)
    assert display.threshold_line_.get_xdata()[0] == display.thresholds[best]
    assert display.best_cost == pytest.approx(expected[best], abs=1e-12)


# ---- all three ----


@pytest.mark.parametrize("display", DISPLAYS)
def test_soft_labels_are_two_weighted_rows_each(display):
    soft = display.from_predictions(SOFT, P, sample_weight=WEIGHT)
    weight = doubled_weight(SOFT, WEIGHT)
    hard = display.from_predictions(DOUBLED, np.r_[P, P], sample_weight=weight)
    np.testing.assert_allclose(curves(soft), curves(hard), rtol=1e-11)


@pytest.mark.parametrize("display", DISPLAYS)
def test_order_scale_of_weights_and_rows_without_weight_do_not_matter(display):
    _, soft, p, weight = sample(ties=True)
    expected = curves(display.from_predictions(soft, p, sample_weight=weight))
    order = np.random.default_rng(0).permutation(len(p))
    y, score = np.r_[soft[order], 1.0], np.r_[p[order], 0.05]
    other = display.from_predictions(y, score, sample_weight=np.r_[1e200 * weight[order], 0.0])
    np.testing.assert_allclose(curves(other), expected, rtol=1e-11)


@pytest.mark.parametrize("display", DISPLAYS)
@pytest.mark.parametrize(
    ("labels", "pos_label"),
    [((0, 1), None), ((-1, 1), None), ((False, True), None), ((0.0, 1.0), None), ((0.0, 1.0), 1)]
    + [(("no", "yes"), "yes"), (("yes", "no"), "no"), ((2, 1), 1), ((1, 0), 0), ((1.0, 0.0), 0)],
)
def test_labels_of_every_kind(display, labels, pos_label):
    expected = curves(display.from_predictions(HARD, P))
    y = np.array(labels)[HARD]
    got = display.from_predictions(y, P, pos_label=pos_label)
    np.testing.assert_allclose(curves(got), expected)
    assert "None" not in got.ax_.get_xlabel() + got.ax_.get_ylabel()


def models():
    X, y = load_breast_cancer(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), BCEClassifier())
    return X, np.array(["malign", "benign"])[y], pipeline


@pytest.mark.parametrize("display", DISPLAYS)
@pytest.mark.parametrize("pos_label", [None, "benign", "malign"])
def test_from_estimator_is_from_its_predictions(display, pos_label):
    X, y, model = models()
    model.fit(X, y)
    weight = np.random.default_rng(0).random(len(y))
    column = 0 if pos_label == "benign" else 1
    got = display.from_estimator(model, X, y, pos_label=pos_label, sample_weight=weight)
    expected = display.from_predictions(
        y, model.predict_proba(X)[:, column], pos_label=pos_label or "malign", sample_weight=weight
    )
    np.testing.assert_array_equal(curves(got), curves(expected))
    assert got.name == "Pipeline" and expected.name is None


@pytest.mark.parametrize("display", [GainLiftDisplay, ThresholdDisplay])
@pytest.mark.parametrize(("pos_label", "sign"), [("benign", -1), ("malign", 1)])
def test_scores_from_decision_function(display, pos_label, sign):
    X, y, _ = models()
    model = make_pipeline(StandardScaler(), LinearSVC()).fit(X, y)
    got = display.from_estimator(model, X, y, pos_label=pos_label)
    expected = display.from_predictions(y, sign * model.decision_function(X), pos_label=pos_label)
    np.testing.assert_array_equal(curves(got), curves(expected))


@pytest.mark.parametrize("display", DISPLAYS)
def test_one_of_several_classes(display):
    X, y = load_iris(return_X_y=True)
    model = OneVsRestBCEClassifier().fit(X, y)
    got = display.from_estimator(model, X, y, pos_label=2)
    expected = display.from_predictions((y == 2).astype(int), model.predict_proba(X)[:, 2])
    np.testing.assert_array_equal(curves(got), curves(expected))


@pytest.mark.parametrize("display", DISPLAYS)
def test_axes_and_names(display):
    _, ax = plt.subplots()
    got = display.from_predictions(HARD, P, ax=ax, name="mine")
    assert got.ax_ is ax and got.figure_ is ax.figure
    assert got.plot() is got and got.ax_ is not ax
    assert "mine" in [text.get_text() for axes in got.figure_.axes for text in legend_texts(axes)]


def legend_texts(axes):
    legend = axes.get_legend()
    return [legend.get_title(), *legend.get_texts()] if legend else []


def test_style_of_the_user_wins():
    line_kw = {"c": "red", "lw": 3, "label": "own"}
    line = ReliabilityDisplay.from_predictions(HARD, P, line_kw=line_kw).line_
    assert (line.get_color(), line.get_linewidth(), line.get_label()) == ("red", 3, "own")
    line = ThresholdDisplay.from_predictions(HARD, P, cost_kw={"c": "k"}).cost_line_
    assert line.get_color() == "k"
    line = GainLiftDisplay.from_predictions(HARD, P, line_kw={"ls": "--"}).line_
    assert line.get_linestyle() == "--"


def test_a_second_curve_does_not_repeat_the_reference():
    first = ReliabilityDisplay.from_predictions(HARD, P, name="a")
    second = ReliabilityDisplay.from_predictions(HARD, P, name="b", ax=first.ax_, histogram=False)
    labels = [text.get_text() for text in legend_texts(second.ax_)]
    assert labels[1:] == ["Perfectly calibrated", "a", "b"]


STRINGS = np.array(["a", "b"])[HARD]
BAD = [
    (DISPLAYS, (HARD[:-1], P), {}, "y_true has 199 rows, but y_(prob|score) has 200"),
    (DISPLAYS, (HARD, np.column_stack([1 - P, P])), {}, r"y_(prob|score) must have one column"),
    (DISPLAYS, (np.column_stack([HARD, HARD]), P), {}, "y_true must have one column"),
    (DISPLAYS, (HARD, np.where(HARD, np.nan, P)), {}, "y_(prob|score) contains NaN"),
    (DISPLAYS, (np.where(HARD, np.nan, SOFT), P), {}, "y_true contains NaN"),
    (DISPLAYS, (STRINGS, P), {}, r"pos_label must be given.*\['a', 'b'\]"),
    (DISPLAYS, (STRINGS, P), {"pos_label": "c"}, "pos_label='c' is not among"),
    (DISPLAYS, (SOFT, P), {"pos_label": 2}, "pos_label must be 0 or 1 for soft labels. Got 2"),
    (DISPLAYS, (3 * SOFT, P), {}, "pos_label must be given"),
    (DISPLAYS, (HARD, P), {"sample_weight": -WEIGHT}, "sample_weight must not be negative"),
    (DISPLAYS[:1], (HARD, 2 * P), {}, r"y_prob must be in \[0, 1\]"),
    (DISPLAYS[:1], (HARD, P), {"n_bins": 0}, "n_bins must be an int.*Got 0"),
    (DISPLAYS[:1], (HARD, P), {"n_bins": 2.0}, "n_bins must be an int.*Got 2.0"),
    (DISPLAYS[:1], (HARD, P), {"strategy": "same"}, "strategy must be one of uniform.*'same'"),
    (DISPLAYS[:1], (HARD, P), {"confidence_level": 95}, "confidence_level must be.*Got 95"),
    (DISPLAYS[1:], (np.zeros(200), P), {}, "y_true has no positive row"),
    (DISPLAYS[1:2], (HARD, P), {"kind": "roc"}, "kind must be one of gain, lift. Got 'roc'"),
    (DISPLAYS[2:], (HARD, P), {"cost_false_negative": -1}, "cost_false_negative must be.*Got -1"),
    (DISPLAYS[2:], (HARD, P), {"cost_false_positive": np.inf}, "cost_false_positive must be"),
]


@pytest.mark.parametrize(
    ("display", "arguments", "options", "message"),
    [(display, *rest) for displays, *rest in BAD for display in displays],
)
def test_bad_predictions(display, arguments, options, message):
    with pytest.raises(ValueError, match=message):
        display.from_predictions(*arguments, **options)


@pytest.mark.parametrize("display", DISPLAYS)
def test_bad_estimators(display):
    X, y = load_iris(return_X_y=True)
    many = OneVsRestBCEClassifier().fit(X, y)
    for estimator, options, message in (
        (LinearRegression().fit(X, y), {}, "must be a classifier. Got LinearRegression"),
        (BCEClassifier(), {}, "not fitted"),
        (many, {}, "pos_label must be given"),
        (many, {"pos_label": 3}, "pos_label=3 is not among the classes"),
    ):
        with pytest.raises(ValueError, match=message):
            display.from_estimator(estimator, X, y, **options)
    with pytest.raises(ValueError, match="must have predict_proba; LinearSVC has not"):
        ReliabilityDisplay.from_estimator(LinearSVC().fit(X, y > 1), X, y > 1)
    with pytest.raises(ValueError, match="response_method must be one of"):
        GainLiftDisplay.from_estimator(many, X, y, pos_label=2, response_method="predict")


@pytest.mark.parametrize("display", DISPLAYS)
def test_without_matplotlib_the_error_says_what_to_install(display, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=rf"{display.__name__}.from_predictions needs matplotlib"):
        display.from_predictions(HARD, P)


@pytest.mark.parametrize("kind", [0, 1])
def test_rows_of_one_class_only(kind):
    X, y = np.arange(10.0)[:, np.newaxis], np.arange(10) // 5 + 1.0
    clf = BCEClassifier().fit(X, y)
    rows = y == clf.classes_[kind]
    display = ReliabilityDisplay.from_estimator(clf, X[rows], y[rows])
    assert display.pos_label == 2.0
    np.testing.assert_array_equal(display.prob_true, kind)
    for each in (GainLiftDisplay, ThresholdDisplay):
        if kind:
            each.from_estimator(clf, X[rows], y[rows])
        else:
            with pytest.raises(ValueError, match="no positive row"):
                each.from_estimator(clf, X[rows], y[rows])
    assert not ReliabilityDisplay.from_predictions([0, 0], [0.1, 0.2], pos_label=1).prob_true.any()


@pytest.mark.parametrize("y", [["no", "maybe"], [0.3, 0.8], [0, 1]])
def test_labels_that_the_model_does_not_know(y):
    clf = BCEClassifier().fit(np.eye(4), ["no", "yes", "no", "yes"])
    with pytest.raises(ValueError, match="which is none of the model's classes"):
        ReliabilityDisplay.from_estimator(clf, np.eye(4)[:2], y)


def test_pos_label_is_one_label():
    clf = BCEClassifier().fit(np.eye(4), [0, 1, 0, 1])
    with pytest.raises(ValueError, match="pos_label must be one label"):
        ReliabilityDisplay.from_estimator(clf, np.eye(4), [0, 1, 0, 1], pos_label=np.array([1, 0]))
    with pytest.raises(ValueError, match="pos_label must be one label"):
        ReliabilityDisplay.from_predictions([0, 1], [0.1, 0.2], pos_label=np.array([1, 0]))
