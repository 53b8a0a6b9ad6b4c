"""The displays of fitted models: the data they draw, not their pixels."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.feature_selection import SelectKBest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import LinearSVC

import sklearn_bce
from sklearn_bce import BCEClassifier, BCEClassifierCV, OneVsRestBCEClassifier
from sklearn_bce.display import CoefficientDisplay, LossCurveDisplay, RegularizationPathDisplay

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")

FRAME, Y = load_breast_cancer(return_X_y=True, as_frame=True)
X = StandardScaler().fit_transform(FRAME)
IRIS = load_iris(return_X_y=True)
EPSILON = np.finfo(float).eps


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def drawn(line):
    return np.transpose(line.get_data())


def test_importing_the_package_imports_no_matplotlib():
    code = (
        "import sys, sklearn_bce; assert 'sklearn_bce.display' not in sys.modules;"
        "sklearn_bce.display.LossCurveDisplay; assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert sklearn_bce.display.LossCurveDisplay is LossCurveDisplay


@pytest.mark.parametrize(
    "draw",
    [
        lambda: CoefficientDisplay.from_estimator(BCEClassifier()),
        lambda: LossCurveDisplay.from_estimator(BCEClassifier()),
        lambda: RegularizationPathDisplay.from_path(BCEClassifier(), X, Y),
        lambda: LossCurveDisplay(loss_curve=[1.0, 0.5]).plot(),
    ],
)
def test_without_matplotlib_the_error_says_what_to_install(draw, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"Display\.\w+ needs matplotlib.*pip install"):
        draw()


# ---- loss curve ----


def test_loss_curve_is_drawn_from_the_start():
    clf = BCEClassifier(solver="newton-cg").fit(X, Y)
    display = LossCurveDisplay.from_estimator(make_pipeline(FunctionTransformer(), clf))
    expected = list(enumerate(clf.loss_curve_))
    assert drawn(display.line_).tolist() == [list(point) for point in expected]
    assert display.validation_line_ is None
    assert display.suboptimality_ax_.get_yscale() == "log"


@pytest.mark.parametrize("tol", [1e-3, 1e-8])
@pytest.mark.parametrize("solver", ["newton-cg", "lbfgs", "newton-cholesky"])
def test_suboptimality_is_near_the_truth(solver, tol):
    minimum = BCEClassifier(tol=1e-15).fit(X, Y).loss_curve_[-1]
    clf = BCEClassifier(solver=solver, tol=tol).fit(X, Y)
    display = LossCurveDisplay.from_estimator(clf)
    curve = np.array(clf.loss_curve_)
    truth = (curve - minimum) / curve
    estimate = drawn(display.suboptimality_line_)[:, 1]
    # The measured optimality_ is that of the last point but one: it may be too large by itself.
    np.testing.assert_allclose(estimate, truth, rtol=0.1, atol=1.1 * clf.optimality_ + 2 * EPSILON)
    assert estimate[-1] == pytest.approx(max(clf.optimality_, EPSILON), rel=1e-6)


def test_no_suboptimality_below_what_a_double_can_tell():
    display = LossCurveDisplay(loss_curve=[1.0, 0.5, 0.5], optimality=1e-30).plot()
    np.testing.assert_allclose(drawn(display.suboptimality_line_)[:, 1], [0.5, EPSILON, EPSILON])
    zero = LossCurveDisplay(loss_curve=[0.0, 0.0], optimality=0.0)
    assert zero.suboptimality.tolist() == [EPSILON, EPSILON]


@pytest.mark.parametrize(("n_scores", "first"), [(4, 0), (3, 1)])
def test_validation_scores_end_where_the_training_loss_does(n_scores, first):
    model = SimpleNamespace(
        loss_curve_=[1.0, 0.7, 0.6, 0.5], validation_scores_=[-1.1, -0.9, -0.8, -0.85][:n_scores]
    )
    display = LossCurveDisplay.from_estimator(model)
    assert display.validation_line_.get_xdata().tolist() == list(range(first, 4))
    assert display.validation_line_.get_ydata().tolist() == [1.1, 0.9, 0.8, 0.85][:n_scores]
    assert display.suboptimality_line_ is None


def test_kinds_of_loss_curves():
    display = LossCurveDisplay(loss_curve=[1.0, 0.5], optimality=1e-3)
    display.plot(kind="loss")
    assert display.suboptimality_line_ is None
    display.plot(kind="suboptimality")
    assert display.line_ is None and display.suboptimality_ax_ is display.ax_
    display.plot(name="mine", line_kw={"c": "red"})
    assert display.line_.get_label() == "Training loss (mine)"
    assert display.line_.get_color() == "red"


def test_loss_curve_of_one_label():
    y = np.column_stack([IRIS[1] == 0, IRIS[1] == 2, np.zeros(len(IRIS[1]))]).astype(int)
    with pytest.warns(UserWarning, match="constant"):
        clf = OneVsRestBCEClassifier().fit(IRIS[0], y)
    display = LossCurveDisplay.from_estimator(clf, label=1)
    assert display.line_.get_ydata().tolist() == clf.loss_curve_[1]
    assert display.optimality == clf.optimality_[1]
    with pytest.raises(ValueError, match="loss_curve_ is empty"):
        LossCurveDisplay.from_estimator(clf, label=2)
    for label in (None, 3):
        with pytest.raises(ValueError, match=r"label must be one of .*0, 1, 2.*Got"):
            LossCurveDisplay.from_estimator(clf, label=label)


# ---- coefficients ----


def test_the_largest_coefficients_with_their_names():
    clf = BCEClassifier().fit(FRAME, Y)
    display = CoefficientDisplay.from_estimator(clf, n_features=5)
    order = sorted(range(30), key=lambda j: -abs(clf.coef_[0, j]))[:5]
    assert [bar.get_width() for bar in display.bars_] == clf.coef_[0, order].tolist()
    names = [text.get_text() for text in display.ax_.get_yticklabels()]
    assert names == FRAME.columns[order].tolist()
    bottom, top = display.ax_.get_ylim()
    assert bottom > top  # the largest is at the top


@pytest.mark.parametrize("convert", [np.asarray, sp.csr_array, sp.csc_matrix])
def test_standardised_effects(convert):
    X, weight = FRAME.to_numpy(), np.random.default_rng(0).uniform(0.1, 3.0, len(Y))
    clf = BCEClassifier().fit(X, Y)
    display = CoefficientDisplay.from_estimator(clf, convert(X), sample_weight=weight)
    variance = np.cov(X, rowvar=False, aweights=weight, ddof=0).diagonal()
    expected = clf.coef_[0] * np.sqrt(variance)
    np.testing.assert_allclose(display.effects, expected, rtol=1e-9)
    assert [bar.get_width() for bar in display.bars_] == display.effects[display.shown_].tolist()
    assert display.ax_.get_xlabel() == "Coefficient times standard deviation"


def test_coefficients_at_the_end_of_a_pipeline():
    pipeline = make_pipeline(StandardScaler(), SelectKBest(k=4), BCEClassifier()).fit(FRAME, Y)
    display = CoefficientDisplay.from_estimator(pipeline, FRAME)
    np.testing.assert_allclose(display.effects, pipeline[-1].coef_[0], rtol=1e-12)
    assert display.feature_names.tolist() == pipeline[:-1].get_feature_names_out().tolist()
    nameless = make_pipeline(FunctionTransformer(), BCEClassifier()).fit(X, Y)
    assert CoefficientDisplay.from_estimator(nameless).feature_names[:2].tolist() == ["x0", "x1"]


def test_zeros_are_not_drawn():
    display = CoefficientDisplay(effects=[0.0, -2.0, 1.0, 0.0], feature_names=list("abcd")).plot()
    assert [bar.get_width() for bar in display.bars_] == [-2.0, 1.0]
    names = [text.get_text() for text in display.ax_.get_yticklabels()]
    assert names == ["b", "c"]


@pytest.mark.parametrize("sparse", [False, True])
def test_coefficients_of_one_label(sparse):
    clf = OneVsRestBCEClassifier().fit(*IRIS)
    expected = clf.coef_[2].tolist()
    display = CoefficientDisplay.from_estimator(clf.sparsify() if sparse else clf, label=2)
    assert display.effects.tolist() == expected
    assert display.ax_.get_title() == "Label 2"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_features": 0}, "n_features must be in the range .*Got 0"),
        ({"n_features": 2.5}, "n_features must be an int. Got 2.5"),
        ({"feature_names": ["a"]}, "feature_names must have one name for each of 30 .*Got 1"),
        ({"label": 7}, "label must be one of .*Got 7"),
        ({"X": IRIS[0]}, "X has 4 features, but the model has 30"),
        ({"estimator": BCEClassifier()}, "must be fitted and have coef_; this BCEClassifier"),
    ],
)
def test_bad_input_for_coefficients(options, message):
    with pytest.raises(ValueError, match=message):
        CoefficientDisplay.from_estimator(**{"estimator": BCEClassifier().fit(X, Y), **options})


# ---- regularisation path ----


@pytest.mark.parametrize("Cs", [[10.0, 0.01, 1.0], 3])
def test_path_is_that_of_single_fits(Cs):
    estimator, weight = BCEClassifier(), np.random.default_rng(0).uniform(0.1, 3.0, len(Y))
    display = RegularizationPathDisplay.from_path(estimator, X, Y, Cs=Cs, sample_weight=weight)
    values = [0.01, 1.0, 10.0] if isinstance(Cs, list) else [1e-4, 1.0, 1e4]
    expected = [BCEClassifier(C=C).fit(X, Y, weight).coef_[0] for C in values]
    size = np.abs(expected).max()
    got = np.column_stack([line.get_ydata() for line in display.lines_])
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5 * size)
    np.testing.assert_allclose(display.lines_[0].get_xdata(), values, rtol=1e-12)
    assert not hasattr(estimator, "coef_") and estimator.C == 1.0 and not estimator.warm_start


def test_points_of_a_path_that_were_not_fitted_count_nothing():
    coefs = np.array([[1.0, 0.0], [1.0, 2.0], [np.nan, np.nan]])
    display = RegularizationPathDisplay(Cs=[0.1, 1.0, 10.0], coefs=coefs).plot()
    np.testing.assert_array_equal(display.n_nonzero, [1.0, 2.0, np.nan])
    assert [text.get_text() for text in display.nonzero_ax_.get_xticklabels()] == ["1", "2", ""]


def test_path_of_another_classifier_and_of_one_label():
    model = LinearSVC(penalty="l1", random_state=0)
    display = RegularizationPathDisplay.from_path(model, X, Y, Cs=[0.01, 1.0])
    counts = [np.count_nonzero(model.set_params(C=C).fit(X, Y).coef_) for C in (0.01, 1.0)]
    assert display.n_nonzero.tolist() == counts and counts[0] < counts[1] < 30
    display = RegularizationPathDisplay.from_path(
        OneVsRestBCEClassifier(), *IRIS, Cs=[2.0], label=1
    )
    expected = OneVsRestBCEClassifier(C=2.0).fit(*IRIS).coef_[1]
    np.testing.assert_allclose(display.coefs, [expected], rtol=1e-9)


def cross_validated(n_l1_ratios=2, n_labels=1):
    """What BCEClassifierCV has once it is fitted, with C not in order."""
    rng = np.random.default_rng(0)
    coefs = rng.normal(size=(5, n_l1_ratios, 4, n_labels, 7))
    coefs[rng.random(coefs.shape) < 0.5] = 0.0
    return SimpleNamespace(
        Cs_=np.array([10.0, 0.01, 1.0, 0.1]),
        C_=0.1,
        l1_ratios_=np.linspace(0, 1, n_l1_ratios),
        l1_ratio_=1.0 if n_l1_ratios > 1 else 0.0,
        scores_=rng.normal(size=(5, n_l1_ratios, 4)),
        coefs_paths_=coefs,
        coef_=np.zeros((n_labels, 6)),
        classes_=np.array([0, 1]) if n_labels == 1 else np.arange(n_labels),
        scoring="neg_log_loss",
    )


@pytest.mark.parametrize("n_l1_ratios", [1, 2])
def test_path_of_folds(n_l1_ratios):
    model = cross_validated(n_l1_ratios)
    display = RegularizationPathDisplay.from_estimator(model)
    chosen, order = n_l1_ratios - 1, np.argsort(model.Cs_)
    coefs, scores = model.coefs_paths_[:, chosen, :, 0, :6], model.scores_[:, chosen]
    means = coefs.mean(axis=0)[order]
    np.testing.assert_allclose([line.get_ydata() for line in display.lines_], means.T)
    assert display.lines_[0].get_xdata().tolist() == [0.01, 0.1, 1.0, 10.0]
    mean, error = scores.mean(axis=0)[order], (scores.std(axis=0, ddof=1) / 5**0.5)[order]
    np.testing.assert_allclose(display.score_line_.get_ydata(), mean)
    (path,) = display.score_band_.get_paths()
    for value in (*(mean - error), *(mean + error)):
        assert np.isclose(path.vertices[:, 1], value).any()
    counts = (coefs != 0).sum(axis=2).mean(axis=0)[order]
    labels = [text.get_text() for text in display.nonzero_ax_.get_xticklabels()]
    assert labels == [f"{count:.3g}" for count in counts]
    assert [line.get_xdata()[0] for line in display.C_lines_] == [0.1, 0.1]
    assert display.score_ax_.get_ylabel() == "neg_log_loss"


def test_path_of_the_chosen_gamma():
    plain, model = cross_validated(), cross_validated()
    model.gammas_, model.gamma_ = [0.0, (1.0, 2.0)], (1.0, 2.0)
    model.scores_ = np.stack([np.zeros_like(plain.scores_), plain.scores_], axis=1)
    model.coefs_paths_ = np.stack([np.zeros_like(plain.coefs_paths_), plain.coefs_paths_], axis=1)
    expected = RegularizationPathDisplay.from_estimator(plain)
    got = RegularizationPathDisplay.from_estimator(model)
    np.testing.assert_array_equal(got.scores, expected.scores)
    np.testing.assert_array_equal(got.coefs, expected.coefs)


def test_path_of_one_of_several_labels():
    model = cross_validated(1, n_labels=3)
    display = RegularizationPathDisplay.from_estimator(model, label=2)
    np.testing.assert_array_equal(display.coefs, model.coefs_paths_[:, 0, :, 2, :6])
    with pytest.raises(ValueError, match=r"label must be one of .*Got None"):
        RegularizationPathDisplay.from_estimator(model)


def test_names_are_given_to_the_largest_at_the_chosen_C():
    coefs = np.array([[1.0, 5.0, -3.0], [9.0, 0.0, 0.0]])
    names = ["a", "b", "c"]
    for C, largest in ((0.1, ["b", "c"]), (None, ["a", "b"])):
        display = RegularizationPathDisplay(Cs=[0.1, 1.0], coefs=coefs, C=C, feature_names=names)
        display.plot(n_named=2)
        named = [line.get_label() for line in display.lines_ if line.get_label() in names]
        assert named == sorted(largest)
        legend = [text.get_text() for text in display.ax_.get_legend().get_texts()]
        assert legend[:2] == largest
    assert display.C_lines_ == [] and display.score_ax_ is None


def test_paths_on_given_axes():
    display = RegularizationPathDisplay.from_estimator(cross_validated())
    _, (one, two) = plt.subplots(1, 2)
    display.plot([one, two])
    assert (display.ax_, display.score_ax_) == (one, two)
    assert display.plot(one).score_ax_ is None
    single = RegularizationPathDisplay(Cs=[0.1, 1.0], coefs=np.ones((2, 3)), scores=[[1.0, 2.0]])
    assert single.plot().score_band_ is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"Cs": [1.0, np.inf]}, r"Cs must be values in the range \(0, inf\)"),
        ({"Cs": [0.0, 1.0]}, r"Cs must be values in the range \(0, inf\)"),
        ({"Cs": [1.0]}, r"coefs must have shape .* n_Cs = 1. Got \(2, 3\)"),
        ({"scores": [1.0, 2.0]}, r"scores must have shape .* n_Cs = 2. Got \(2,\)"),
        ({"feature_names": ["a"]}, "feature_names must have one name for each of 3"),
    ],
)
def test_bad_paths(arguments, message):
    display = RegularizationPathDisplay(**{"Cs": [0.1, 1.0], "coefs": np.ones((2, 3)), **arguments})
    with pytest.raises(ValueError, match=message):
        display.plot()


def test_bad_estimators_for_paths():
    with pytest.raises(ValueError, match="must be fitted and have scores_; this BCEClassifier"):
        RegularizationPathDisplay.from_estimator(BCEClassifier())
    model = cross_validated()
    model.scores_ = model.scores_[0]
    with pytest.raises(ValueError, match=r"scores_ must have shape .*have \(2, 4\)"):
        RegularizationPathDisplay.from_estimator(model)
    with pytest.raises(ValueError, match="must have a parameter C"):
        RegularizationPathDisplay.from_path(StandardScaler(), X, Y)
    for Cs in (0, [-1.0], [np.inf], []):
        with pytest.raises(ValueError, match="Cs must be values"):
            RegularizationPathDisplay.from_path(BCEClassifier(), X, Y, Cs=Cs)


def test_bad_loss_curves():
    with pytest.raises(ValueError, match="must be fitted and have loss_curve_; this BCEClassifier"):
        LossCurveDisplay.from_estimator(BCEClassifier())
    display = LossCurveDisplay(loss_curve=[1.0])
    with pytest.raises(ValueError, match=r"kind must be one of .*'all'"):
        display.plot(kind="all")
    with pytest.raises(ValueError, match="kind='suboptimality' needs optimality"):
        display.plot(kind="suboptimality")


def test_the_path_leaves_out_an_infinite_C():
    X, y = np.random.default_rng(0).normal(size=(60, 2)), np.arange(60) % 2
    clf = BCEClassifierCV(Cs=[0.1, np.inf, 1.0], label_smoothing=0.1, cv=3).fit(X, y)
    display = RegularizationPathDisplay.from_estimator(clf)
    np.testing.assert_array_equal(display.Cs, [0.1, 1.0])
    assert display.coefs.shape == (3, 2, 2) and display.scores.shape == (3, 2)
    with pytest.raises(ValueError, match="n_named must be an int"):
        display.plot(n_named=1.5)


def test_no_sub_optimality_of_stochastic_steps():
    X, y = np.random.default_rng(0).normal(size=(60, 2)), np.arange(60) % 2
    display = LossCurveDisplay.from_estimator(BCEClassifier(solver="sgd").fit(X, y))
    assert display.optimality is None and display.suboptimality_line_ is None


@pytest.mark.parametrize("seed", range(4))
def test_suboptimality_after_early_stopping_is_that_of_the_best_iteration(seed):
    X, y = load_breast_cancer(return_X_y=True)
    y = np.where(np.random.default_rng(3).random(y.size) < 0.15, 1 - y, y)
    parameters = {"C": 1e6, "early_stopping": True, "random_state": seed, "solver": "newton-cg"}
    clf = BCEClassifier(**parameters).fit(X, y)
    best, curve = clf.n_iter_[0], np.asarray(clf.loss_curve_)
    assert best < len(curve) - 1
    estimate = LossCurveDisplay.from_estimator(clf).suboptimality
    lowest = min(curve[best] * (1.0 - clf.optimality_), curve.min())
    assert estimate[best] >= clf.optimality_ * (1.0 - 1e-12)
    np.testing.assert_allclose(estimate, (curve - lowest) / curve, rtol=1e-6, atol=1e-15)
