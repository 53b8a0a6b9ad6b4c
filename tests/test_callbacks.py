"""Callbacks see each iteration and may end a fit; one that is interrupted or killed is not lost."""

import copy
import json
import os
import pickle
import subprocess
import sys
import warnings
from pathlib import Path

import joblib
import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sklearn_bce
from sklearn_bce import BCEClassifier, BCEClassifierCV, OneVsRestBCEClassifier
from sklearn_bce.callbacks import Checkpoint
from sklearn_bce.display import RegularizationPathDisplay
from tests.problems import SOLVERS, small_problem

try:
    from sklearn.callback import ProgressBar, ScoringMonitor
except ImportError:
    HAS_CALLBACKS = False
else:
    HAS_CALLBACKS = True

needs_callbacks = pytest.mark.skipif(not HAS_CALLBACKS, reason="scikit-learn before 1.9")
needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

DATA, TARGET = load_breast_cancer(return_X_y=True)
X, Y, P, WEIGHT = small_problem(n_rows=120)
MANY = np.column_stack([Y, X[:, 1] > 0, np.arange(120) % 3 == 0]).astype(int)
LAYOUTS = {"dense": lambda X: X, "sparse": sp.csr_array}


class Recorder:
    """Remembers every call, and the models it is shown; asks to stop when ``stop`` says so."""

    def __init__(self, stop=lambda context, model: False):
        self.stop = stop
        self.calls = []
        self.models = []
        self.given = []

    def setup(self, estimator, context):
        self.calls.append(("setup", context.task_name, ()))

    def teardown(self, estimator, context):
        self.calls.append(("teardown", context.task_name, ()))

    def on_fit_task_begin(self, estimator, context):
        self.calls.append(("begin", context.task_name, self.path(context)))

    def on_fit_task_end(
        self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None
    ):
        self.calls.append(("end", context.task_name, self.path(context)))
        self.given.append((X, y, metadata))
        if context.task_name == "iteration":
            self.models.append(fitted_estimator)
        return self.stop(context, fitted_estimator)

    def path(self, context):
        return (() if context.parent is None else self.path(context.parent)) + (context.task_id,)

    def ended(self, name):
        return [path for kind, task, path in self.calls if (kind, task) == ("end", name)]


def fit_quietly(clf, *arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return clf.fit(*arguments)


def stop_at(n_iter):
    return Recorder(
        lambda context, model: context.task_name == "iteration" and (model.n_iter_.max() >= n_iter)
    )


# -- what callbacks are told


@needs_callbacks
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("gamma", [0.0, 2.0])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_iteration_is_a_task(solver, gamma, layout):
    recorder = Recorder()
    data = LAYOUTS[layout](X)
    clf = BCEClassifier(solver=solver, gamma=gamma).set_callbacks(recorder).fit(data, Y, WEIGHT)
    n_iter = clf.n_iter_[0]
    iterations = [(kind, "iteration", (0, k)) for k in range(n_iter) for kind in ("begin", "end")]
    assert recorder.calls == [
        ("setup", "fit", ()),
        ("begin", "fit", (0,)),
        *iterations,
        ("end", "fit", (0,)),
        ("teardown", "fit", ()),
    ]
    for data_given, y, metadata in recorder.given:
        assert data_given is data and y is Y and metadata["sample_weight"] is WEIGHT
    # The model it is shown is that of so many iterations, and predicts.
    for k, model in enumerate(recorder.models, start=1):
        assert model is not clf and model.n_iter_ == [k] and np.isnan(model.optimality_)
        if not gamma:
            by_hand = fit_quietly(BCEClassifier(solver=solver, max_iter=k), data, Y, WEIGHT)
            np.testing.assert_allclose(model.coef_, by_hand.coef_, rtol=1e-9)
            np.testing.assert_allclose(
                model.predict_proba(data), by_hand.predict_proba(data), rtol=1e-9
            )
    plain = BCEClassifier(solver=solver, gamma=gamma).fit(data, Y, WEIGHT)
    assert clf.coef_.tobytes() == plain.coef_.tobytes()
    assert set(vars(clf)) - set(vars(plain)) == {"_skl_callbacks"}


@needs_callbacks
@pytest.mark.parametrize("y", [MANY, MANY.sum(axis=1), Y], ids=["indicator", "classes", "two"])
def test_labels_are_tasks_of_their_own(y):
    recorder = Recorder()
    clf = OneVsRestBCEClassifier().set_callbacks(recorder).fit(X, y)
    assert recorder.ended("fit") == [(0,)]
    for k, n_iter in enumerate(clf.n_iter_):
        name = f"label {clf.classes_[k]}" if len(clf.n_iter_) > 1 else "problem"
        assert recorder.ended(name) == [(0, k)]
        iterations = [path for path in recorder.ended("iteration") if path[1] == k]
        assert iterations == [(0, k, i) for i in range(n_iter)]
    assert len(recorder.models) == clf.n_iter_.sum()
    begun = [call[1:] for call in recorder.calls if call[0] == "begin"]
    ended = [call[1:] for call in recorder.calls if call[0] == "end"]
    assert sorted(begun) == sorted(ended)
    # What is shown last is all but the fit itself: every label has its coefficients by then.
    assert recorder.models[-1].predict_proba(X).shape == clf.predict_proba(X).shape
    np.testing.assert_allclose(recorder.models[-1].coef_, clf.coef_, rtol=1e-3, atol=1e-6)


@needs_callbacks
def test_a_constant_label_has_no_task():
    recorder = Recorder()
    with pytest.warns(UserWarning, match="constant"):
        clf = OneVsRestBCEClassifier().set_callbacks(recorder)
        clf.fit(X, np.column_stack([MANY, np.ones(len(X), int)]))
    assert recorder.ended("label 3") == []
    assert recorder.models[0].predict_proba(X)[:, 3] == pytest.approx(clf.predict_proba(X)[:, 3])


@needs_callbacks
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_callback_ends_the_fit(solver, layout):
    data = LAYOUTS[layout](X)
    recorder = stop_at(3)
    clf = BCEClassifier(solver=solver, C=100.0).set_callbacks(recorder).fit(data, Y)  # no warning
    by_hand = fit_quietly(BCEClassifier(solver=solver, C=100.0, max_iter=3), data, Y)
    assert clf.n_iter_ == [3] and len(recorder.models) == 3
    np.testing.assert_allclose(clf.coef_, by_hand.coef_, rtol=1e-9)
    assert clf.optimality_ == pytest.approx(by_hand.optimality_, rel=1e-6)
    assert clf.optimality_ > 1e-6


@needs_callbacks
def test_a_callback_ends_a_starting_phase_and_what_would_follow():
    recorder = stop_at(2)
    clf = BCEClassifier(gamma=2.0).set_callbacks(recorder).fit(X, Y)
    by_hand = fit_quietly(BCEClassifier(gamma=2.0, max_iter=2), X, Y)
    assert clf.n_iter_ == [2] and len(recorder.models) == 2 and len(clf.loss_curve_) == 1
    np.testing.assert_allclose(clf.coef_, by_hand.coef_, rtol=1e-9)
    assert clf.optimality_ == pytest.approx(by_hand.optimality_, rel=1e-6)


@needs_callbacks
def test_a_callback_ends_all_labels():
    clf = OneVsRestBCEClassifier().set_callbacks(stop_at(2)).fit(X, MANY)
    assert clf.n_iter_.max() == 2 and clf.n_iter_.min() >= 1
    assert (clf.optimality_ > 1e-8).all()
    is_label = Recorder(lambda context, model: context.task_name.startswith("label"))
    clf = OneVsRestBCEClassifier(tol=1e-12).set_callbacks(is_label).fit(X, MANY)
    plain = OneVsRestBCEClassifier(tol=1e-12).fit(X, MANY)
    assert clf.n_iter_.min() == plain.n_iter_.min() and clf.n_iter_.sum() < plain.n_iter_.sum()


@needs_callbacks
def test_early_stopping_and_callbacks():
    recorder = Recorder()
    parameters = {"C": 1e6, "early_stopping": True, "n_iter_no_change": 1}
    clf = BCEClassifier(**parameters).set_callbacks(recorder)
    clf.fit(X[::2], Y[::2], X_val=X[1::2], y_val=Y[1::2])
    assert len(recorder.models) == len(clf.validation_scores_) - 1 > clf.n_iter_[0]
    np.testing.assert_array_equal(recorder.models[clf.n_iter_[0] - 1].coef_, clf.coef_)


@needs_callbacks
@pytest.mark.parametrize("kind", [BCEClassifier, OneVsRestBCEClassifier])
def test_fits_of_blocks_have_iterations_too(kind, tmp_path):
    recorder, blocks = Recorder(), [(X[:50], Y[:50]), (X[50:], Y[50:])]
    checkpoint = Checkpoint(tmp_path / "fit")
    clf = kind().set_callbacks(recorder, checkpoint).fit_blocks(blocks)
    assert recorder.calls[0][0] == "setup" and recorder.calls[-1][0] == "teardown"
    assert len(recorder.ended("iteration")) == clf.n_iter_[0]
    assert joblib.load(tmp_path / "fit").coef_.tobytes() == clf.coef_.tobytes()
    stopped = kind().set_callbacks(stop_at(2)).fit_blocks(blocks)
    assert stopped.n_iter_ == [2] and stopped.optimality_ > 1e-8


@needs_callbacks
def test_epochs_are_iterations():
    recorder = Recorder()
    clf = BCEClassifier(solver="sgd", random_state=0).set_callbacks(recorder).fit(X, Y)
    assert len(recorder.models) == clf.n_iter_[0]
    stopped = BCEClassifier(solver="sgd", random_state=0).set_callbacks(stop_at(3)).fit(X, Y)
    assert stopped.n_iter_ == [3] and np.isnan(stopped.optimality_)
    assert stopped.coef_.tobytes() in [model.coef_.tobytes() for model in recorder.models[:3]]


@needs_callbacks
@pytest.mark.parametrize("solver", ["auto", "newton-cholesky"])
def test_every_point_of_a_grid_is_a_task(solver, tmp_path):
    recorder = Recorder()
    clf = BCEClassifierCV(Cs=[10.0, 0.1], gammas=[0.0, 2.0], cv=3, solver=solver)
    clf.set_callbacks(recorder, Checkpoint(tmp_path / "fit")).fit(X, Y, WEIGHT)
    steps = [(task, path) for kind, task, path in recorder.calls if kind == "end"]
    names = ["C=0.1", "C=10", "C=0.1", "C=10"]
    assert steps == [*((name, (0, k)) for k, name in enumerate(names)), ("fit", (0,))]
    assert recorder.models == []
    assert joblib.load(tmp_path / "fit").coef_.tobytes() == clf.coef_.tobytes()
    plain = clone(clf).set_callbacks().fit(X, Y, WEIGHT)
    assert plain.coef_.tobytes() == clf.coef_.tobytes()
    clf.set_callbacks(Recorder(lambda context, model: 1 / 0))
    before = dict(vars(clf))
    with pytest.raises(ZeroDivisionError):
        clf.fit(X, Y)
    assert vars(clf) == before


@needs_callbacks
@pytest.mark.parametrize("solver", ["auto", "newton-cholesky"])
@pytest.mark.parametrize("refit", [True, False])
def test_a_callback_ends_a_grid(solver, refit):
    stop = Recorder(lambda context, model: context.task_id == 4)
    parameters = {"l1_ratios": [0.0], "gammas": [2.0], "cv": 3, "solver": solver, "refit": refit}
    Cs, done = [np.inf, 10.0, 0.1, 1.0, 0.01, 100.0], [1, 2, 3, 4, 5]
    clf = BCEClassifierCV(Cs=Cs, **parameters).set_callbacks(stop).fit(X, Y)
    other = BCEClassifierCV(Cs=np.take(Cs, done), **parameters).fit(X, Y)
    assert len(stop.ended("fit")) == 1 and len(stop.calls) == 2 * (5 + 1) + 2
    assert clf.C_ == other.C_
    for name in ("scores_", "coefs_paths_", "n_iter_"):
        found, expected = getattr(clf, name), getattr(other, name)
        np.testing.assert_array_equal(found[:, :, :, done], expected)
        rest = found[:, :, :, 0]
        assert (rest == 0).all() if name == "n_iter_" else np.isnan(rest).all()
    assert clf.coef_.tobytes() == other.coef_.tobytes()


@needs_callbacks
def test_a_grid_that_was_ended_early_has_only_its_first_points():
    stop = Recorder(lambda context, model: context.task_name == "C=1")
    parameters = {"Cs": [0.1, 1.0, 10.0], "cv": 3, "selection": "1se"}
    clf = BCEClassifierCV(l1_ratios=[0.0, 0.5], **parameters).set_callbacks(stop).fit(X, Y)
    assert stop.ended("C=1") and not stop.ended("C=10")
    assert np.isfinite(clf.scores_[:, 0, :2]).all() and np.isfinite(clf.scores_).sum() == 6
    assert clf.C_ in (0.1, 1.0) and clf.l1_ratio_ == 0.0 and clf.optimality_ <= 1e-8
    display = RegularizationPathDisplay.from_estimator(clf)
    assert np.isfinite(display.score_mean[:2]).all() and np.isnan(display.score_mean[2])


# -- scikit-learn's own callbacks


@needs_callbacks
def test_scoring_monitor():
    pandas = pytest.importorskip("pandas")
    monitor = ScoringMonitor(scoring="neg_log_loss")
    frame = pandas.DataFrame(DATA).add_prefix("x")
    clf = BCEClassifier().set_callbacks(monitor).fit(frame, TARGET)
    log = monitor.get_logs().data_as_pandas
    iterations = log[log.task_name == "iteration"]
    assert len(iterations) == clf.n_iter_[0]
    loss = np.array(clf.loss_curve_)[1:]
    assert (iterations.neg_log_loss.to_numpy() >= -loss).all()  # which have the penalty as well
    assert log[log.task_name == "fit"].neg_log_loss.item() == pytest.approx(
        iterations.neg_log_loss.iloc[-1]
    )


@needs_callbacks
def test_progress_bar_and_scoring_monitor_in_a_pipeline_and_a_search(capsys):
    pytest.importorskip("rich")
    monitor = ScoringMonitor(scoring="accuracy")
    pipeline = make_pipeline(StandardScaler(), BCEClassifier().set_callbacks(monitor))
    clone(pipeline).set_callbacks(ProgressBar(max_propagation_depth=None)).fit(DATA, TARGET)
    shown = capsys.readouterr().out
    assert "BCEClassifier - fit" in shown and "100%" in shown
    log = monitor.get_logs().data_as_pandas
    assert log[log.task_name == "fit"].accuracy.item() > 0.97
    search = GridSearchCV(pipeline, {"bceclassifier__C": [0.1, 1.0]}, cv=3)
    search.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(DATA, TARGET)
    shown = capsys.readouterr().out
    assert shown.count("BCEClassifier - fit") == 7 and "search" in shown
    log = monitor.get_logs().data_as_pandas
    assert (log.task_name == "fit").sum() == 7
    assert not hasattr(search.best_estimator_[-1], "_parent_callback_ctx")
    plain = clone(search).set_callbacks()
    plain.estimator[-1].set_callbacks()
    np.testing.assert_array_equal(
        plain.fit(DATA, TARGET).predict_proba(DATA), search.predict_proba(DATA)
    )


@needs_callbacks
def test_progress_bar_of_labels(capsys):
    pytest.importorskip("rich")
    OneVsRestBCEClassifier().set_callbacks(ProgressBar()).fit(X, MANY)
    shown = capsys.readouterr().out
    assert all(f"OneVsRestBCEClassifier - label {k}" in shown for k in range(3))
    pipeline = make_pipeline(StandardScaler(), BCEClassifierCV(Cs=3))
    pipeline.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(DATA, TARGET)
    assert "BCEClassifierCV - fit" in capsys.readouterr().out


@pytest.mark.skipif(HAS_CALLBACKS, reason="scikit-learn has callbacks")
def test_before_scikit_learn_had_callbacks():
    clf = BCEClassifier()
    with pytest.raises(NotImplementedError, match=r"scikit-learn 1\.9 or newer; this is 1\."):
        clf.set_callbacks(Recorder())
    clf.fit(X, Y)


# -- errors


@needs_callbacks
@pytest.mark.parametrize("kind", [BCEClassifier, OneVsRestBCEClassifier])
@pytest.mark.parametrize("culprit", ["data", "callback", "interrupt", "end"])
def test_callbacks_are_torn_down_and_the_model_stays(kind, culprit):
    clf = kind(warm_start=True).fit(X, Y if kind is BCEClassifier else MANY)

    def stop(context, model):
        if culprit == "data" or context.task_name != ("fit" if culprit == "end" else "iteration"):
            return False
        raise KeyboardInterrupt if culprit == "interrupt" else RuntimeError

    recorder = Recorder(stop)
    clf.set_callbacks(recorder)
    before = dict(vars(clf))
    data = np.where(np.arange(X.size).reshape(X.shape) == 7, np.nan, X)
    with pytest.raises((ValueError, RuntimeError, KeyboardInterrupt)):
        clf.fit(data if culprit == "data" else X, Y[::-1] if kind is BCEClassifier else MANY[::-1])
    assert vars(clf) == before
    assert [call[0] for call in recorder.calls].count("teardown") == 1


INTERRUPTED = """
import json, os, signal, threading, time, warnings
import numpy as np, scipy.sparse as sp
from threadpoolctl import threadpool_info
from sklearn_bce import BCEClassifier, OneVsRestBCEClassifier

def blas_threads():
    return [lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"]

rng = np.random.default_rng(0)
labels = rng.integers(0, 2, size=(40_000, 40)).astype(np.int8)
dense = rng.normal(size=(40_000, 60)).astype(np.float32)
entries = rng.integers(0, 12_000, size=(40_000, 20))
wide = sp.csr_array((rng.random(800_000), entries.ravel(), np.arange(0, 800_001, 20)))

for X in (dense, wide):
    for clf in (OneVsRestBCEClassifier(gamma=2.0), OneVsRestBCEClassifier(C=1e4, warm_start=True)):
        with warnings.catch_warnings(action="ignore"):
            clf.set_params(max_iter=1).fit(X, labels[::-1]).set_params(max_iter=1000)
        before, blas, when = dict(vars(clf)), blas_threads(), []

        def interrupt():
            when.append(time.perf_counter())
            os.kill(os.getpid(), signal.SIGINT)

        timer = threading.Timer(0.1, interrupt)
        timer.start()
        try:
            clf.fit(X, labels)
            seconds = None
        except KeyboardInterrupt:
            seconds = time.perf_counter() - when[0]
        timer.join()
        while threading.active_count() > 1 and time.perf_counter() < when[0] + 1.0:
            time.sleep(0.01)  # one that was just being started ends by itself
        print(json.dumps([
            seconds, vars(clf) == before, blas_threads() == blas, threading.active_count()
        ]))
"""


def run(script, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(Path(sklearn_bce.__file__).parents[1])}
    output = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert output.returncode == 0, output.stderr
    return [json.loads(line) for line in output.stdout.splitlines()]


@needs_signals
def test_control_c_leaves_nothing_behind_within_a_second(control_c):
    outcomes = run(INTERRUPTED)
    assert len(outcomes) == 4
    for seconds, is_unchanged, has_its_blas_threads, n_threads in outcomes:
        assert seconds is not None and seconds < 1.0
        assert is_unchanged and has_its_blas_threads and n_threads == 1


# -- checkpoints


@needs_callbacks
def test_a_checkpoint_is_the_model_so_far(tmp_path):
    path = tmp_path / "fit.pickle"
    saved = []

    class Reader(Recorder):
        def on_fit_task_end(self, estimator, context):
            saved.append(joblib.load(path))

    clf = BCEClassifier().set_callbacks(Checkpoint(path), Reader()).fit(DATA, TARGET)
    assert len(saved) == clf.n_iter_[0] + 1
    assert not any("callback" in name for model in saved for name in vars(model))
    for k, model in enumerate(saved[:-1], start=1):
        assert model.n_iter_ == [k]
        assert model.score(DATA, TARGET) > 0.6
    last = pickle.loads(path.read_bytes())
    assert last.coef_.tobytes() == clf.coef_.tobytes()
    assert last.optimality_ == clf.optimality_ and last.loss_curve_ == clf.loss_curve_
    assert [file.name for file in tmp_path.iterdir()] == ["fit.pickle"]


@needs_callbacks
@pytest.mark.parametrize("every", [1, 3, 100])
def test_every_so_many_iterations(tmp_path, monkeypatch, every):
    written = []
    monkeypatch.setattr("sklearn_bce.callbacks._replace", lambda path, _: written.append(path))
    checkpoint = Checkpoint(str(tmp_path / "fit"), every=every)
    clf = BCEClassifier().set_callbacks(checkpoint).fit(DATA, TARGET)
    assert len(written) == clf.n_iter_[0] // every + 1
    written.clear()
    clf.fit(DATA, TARGET)  # it begins to count anew
    assert len(written) == clf.n_iter_[0] // every + 1
    written.clear()
    many = OneVsRestBCEClassifier().set_callbacks(checkpoint).fit(X, MANY)
    assert len(written) == many.n_iter_.sum() // every + 3 + 1


@needs_callbacks
def test_a_checkpoint_that_cannot_be_written(tmp_path, monkeypatch):
    path = tmp_path / "fit.pickle"
    clf = BCEClassifier().set_callbacks(Checkpoint(path)).fit(X, Y)
    before = path.read_bytes()

    def fsync(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.warns(UserWarning, match=r"could not write .*fit\.pickle: .* No space left"):
        clf.fit(DATA, TARGET)
    assert clf.optimality_ < 1e-8
    assert path.read_bytes() == before and len(list(tmp_path.iterdir())) == 1
    state = dict(vars(clf))
    with pytest.raises(FileNotFoundError, match=r"does not exist: .*nowhere"):
        clf.set_callbacks(Checkpoint(tmp_path / "nowhere" / "fit")).fit(X, Y)
    assert {**vars(clf), "_skl_callbacks": None} == {**state, "_skl_callbacks": None}


@needs_callbacks
@pytest.mark.parametrize("strange", [{"cv": (each for each in ())}, {"scoring": lambda *_: 0.0}])
def test_a_checkpoint_of_what_cannot_be_pickled(tmp_path, strange):
    clf = BCEClassifierCV(**strange).set_callbacks(Checkpoint(tmp_path / "fit"))
    with pytest.raises(ValueError, match="Checkpoint cannot pickle BCEClassifierCV: "):
        clf.fit(X, Y)
    assert not any(tmp_path.iterdir()) and not hasattr(clf, "coef_")


@pytest.mark.parametrize("every", [0, -1, 1.0, "2", None, True])
def test_bad_every(every):
    with pytest.raises(ValueError, match=r"The 'every' parameter of Checkpoint .* Got"):
        Checkpoint("fit", every=every)


KILLED = """
import json, os, pickle, signal, sys
from pathlib import Path
import numpy as np, scipy.sparse as sp
from sklearn_bce import BCEClassifier, OneVsRestBCEClassifier
from sklearn_bce.callbacks import Checkpoint

path = Path(sys.argv[1])
rng = np.random.default_rng(0)
X = rng.normal(size=(300, 10)) * 10.0 ** rng.uniform(-2, 2, 10)
y = (X[:, 0] / X[:, 0].std() + rng.normal(size=300) > 0).astype(int)
Y = np.column_stack([y, X[:, 1] > 0])

class Kill:
    def __init__(self, after):
        self.after = after
    def setup(self, estimator, context): pass
    def teardown(self, estimator, context): pass
    def on_fit_task_begin(self, estimator, context): pass
    def on_fit_task_end(self, estimator, context):
        self.after -= 1
        if self.after == 0:
            os.kill(os.getpid(), signal.SIGKILL)

def die_while_writing(after):
    fsync = os.fsync
    def dying(handle):
        nonlocal after
        after -= 1
        if after == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        fsync(handle)
    os.fsync = dying

def fitted(clf, data, y, after, how, n_iter=None):
    "Fit in a child that is killed, and go on from what it has left behind."
    path.unlink(missing_ok=True)
    if os.fork() == 0:
        callbacks = [Checkpoint(path)]
        if how == "between":
            callbacks.append(Kill(after))
            os.fsync = lambda handle: None  # the machine lives on, and tests are short of time
        else:
            die_while_writing(after)
        clf.set_callbacks(*callbacks).fit(data, y)
        os._exit(0)
    was_killed = os.WIFSIGNALED(os.wait()[1])
    if path.exists():
        clf = pickle.loads(path.read_bytes())
        assert n_iter is None or clf.n_iter_.max() == min(after - (how == "writing"), n_iter)
    return was_killed, clf.set_params(warm_start=True).set_callbacks().fit(data, y)
"""

BATCH_SOLVERS = """
for solver, data, target, gamma, how in (
    ("newton-cholesky", X, y, 0.0, "between"),
    ("newton-cg", sp.csr_array(X), y, 0.0, "between"),
    ("lbfgs", X, y, 0.0, "writing"),
    ("lbfgs", X, y, 2.0, "between"),
):
    make = lambda: BCEClassifier(solver=solver, gamma=gamma, C=10.0, tol=1e-20)
    whole = make().fit(data, target)
    n_killed, worst, after, was_killed = 0, 0.0, 1, True
    while was_killed:
        was_killed, again = fitted(make(), data, target, after, how, whole.n_iter_[0])
        z, other = again.decision_function(data), whole.decision_function(data)
        worst = max(worst, np.abs(z - other).max() / np.abs(other).max())
        n_killed, after = n_killed + was_killed, after + 1
    print(json.dumps([n_killed, int(whole.n_iter_[0]), worst]))
"""

STOCHASTIC_STEPS = """
tags = "coef_", "intercept_", "n_iter_"
for kind, target in ((BCEClassifier, y), (OneVsRestBCEClassifier, Y)):
    for parameters in (
        {},
        {"learning_rate": "invscaling", "average": True, "random_state": 5},
        {"l1_ratio": 0.5, "early_stopping": True, "n_iter_no_change": 4},
    ):
        make = lambda: kind(solver="sgd", tol=1e-3, max_iter=15, **parameters)
        for data in (X / X.std(axis=0), sp.csr_array(X / X.std(axis=0))):
            whole = make().fit(data, target)
            n_killed, same, after, was_killed = 0, True, 1, True
            while was_killed:
                was_killed, again = fitted(make(), data, target, after, "between")
                same &= all(
                    getattr(again, tag).tobytes() == getattr(whole, tag).tobytes() for tag in tags
                )
                same &= again.loss_curve_ == whole.loss_curve_
                n_killed, after = n_killed + was_killed, 4 * after
            print(json.dumps([n_killed, bool(same)]))
"""


@needs_callbacks
@needs_signals
def test_killed_at_any_iteration_and_resumed(tmp_path):
    outcomes = run(KILLED + BATCH_SOLVERS, str(tmp_path / "fit.pickle"))
    assert len(outcomes) == 4
    for n_killed, n_iter, worst in outcomes:
        assert n_killed == n_iter + 1  # after each iteration, and after the fit
        assert worst < 1e-10


@needs_callbacks
@needs_signals
def test_stochastic_steps_killed_and_resumed_give_the_same_bits(tmp_path):
    outcomes = run(
        "import warnings; warnings.simplefilter('ignore')" + KILLED + STOCHASTIC_STEPS,
        str(tmp_path / "fit.pickle"),
    )
    assert len(outcomes) == 12
    for n_killed, same in outcomes:
        assert n_killed >= 2 and same


@needs_callbacks
def test_progress_of_other_data_is_not_gone_on_from(tmp_path):
    checkpoint = Checkpoint(tmp_path / "fit")
    parameters = {"solver": "sgd", "tol": 1e-3, "warm_start": True}
    fit_quietly(BCEClassifier(**parameters).set_callbacks(checkpoint), X, Y)
    saved = joblib.load(tmp_path / "fit").set_callbacks()
    assert fit_quietly(copy.deepcopy(saved), X, Y).n_iter_ == saved.n_iter_  # it was at its end
    plain = BCEClassifier(**parameters)
    plain.coef_, plain.intercept_ = saved.coef_, saved.intercept_
    other = fit_quietly(copy.deepcopy(saved), X, 1 - Y)
    assert other.coef_.tobytes() == fit_quietly(plain, X, 1 - Y).coef_.tobytes()
    learned = copy.deepcopy(saved).partial_fit(X, Y)
    assert not hasattr(learned, "_progress")


@needs_callbacks
# Conjugate gradients may end an iteration one product sooner or later for a rounding, which moves
# coefficients on their way by 1e-4 of themselves; from one iteration to the next they double.
@pytest.mark.parametrize(("solver", "rtol"), [("newton-cholesky", 1e-10), ("newton-cg", 1e-3)])
@pytest.mark.parametrize("kind", [BCEClassifier, OneVsRestBCEClassifier])
def test_patience_and_best_iteration_are_gone_on_from(solver, rtol, kind):
    data, target = StandardScaler().fit_transform(DATA), TARGET
    if kind is OneVsRestBCEClassifier:
        target = np.column_stack([TARGET, DATA[:, 0] + 5.0 * TARGET > 14.0]).astype(int)
    clf = kind(solver=solver, C=1e4, tol=1e-12, early_stopping=True, n_iter_no_change=3)
    whole = clone(clf).fit(data, target)
    assert (whole.n_iter_ + 3 == np.ravel([len(c) for c in curves(whole)]) - 1).all()
    recorder = Recorder()
    clone(clf).set_callbacks(recorder).fit(data, target)
    for model in map(ready_to_go_on, recorder.models):
        resumed = model.fit(data, target)
        np.testing.assert_allclose(resumed.coef_, whole.coef_, rtol=rtol, atol=1e-12)
        lengths = [[len(each) for each in curves(resumed, name)] for name in CURVES]
        assert lengths[0] == lengths[1]
    # The judge of another problem is not believed.
    model = ready_to_go_on(recorder.models[-1]).set_params(C=1e-4)
    fresh = clone(clf).set_params(C=1e-4).fit(data, target)
    np.testing.assert_allclose(model.fit(data, target).coef_, fresh.coef_, rtol=1e-3)


CURVES = "loss_curve_", "validation_scores_"


def ready_to_go_on(model):
    model = copy.copy(model).set_params(warm_start=True)
    vars(model).pop("_skl_callbacks", None)
    return model


def curves(clf, name="loss_curve_"):
    curve = getattr(clf, name)
    return curve if isinstance(curve[0], list) else [curve]
