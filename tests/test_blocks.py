"""fit_blocks against fit on all rows at once: the same optimum, few readings, little memory."""

import re
import threading
import tracemalloc
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.special import expit
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from sklearn_bce import (
    BCEClassifier,
    OneVsRestBCEClassifier,
    SeparationWarning,
    _blocks,
    _threads,
)
from sklearn_bce._blocks import _Moments
from sklearn_bce._matrix import Matrix
from sklearn_bce._row_sample import Reservoir
from sklearn_bce._targets import binary_targets
from tests.problems import LOSSES, SOLVERS, focal_objective, small_problem

LAYOUTS = {"dense": np.asarray, "csr": sp.csr_array}


def cut(cuts, *arrays):
    """A list of blocks from arrays of as many rows."""
    ends = [0, *cuts, arrays[0].shape[0]]
    return [tuple(array[a:b] for array in arrays) for a, b in pairwise(ends)]


class Counted:
    """A source that counts its readings, and gives its blocks in another order each time."""

    def __init__(self, blocks, shuffle=False):
        self.blocks, self.shuffle, self.n_readings = blocks, shuffle, 0

    def __iter__(self):
        self.n_readings += 1
        order = np.arange(len(self.blocks))
        if self.shuffle:
            np.random.default_rng(self.n_readings).shuffle(order)
        return (self.blocks[k] for k in order)


def value_of(clf, X, y, weight):
    """The user's objective at a fit's coefficients."""
    targets = binary_targets(y, weight, clf)
    gammas = clf.gamma if isinstance(clf.gamma, tuple) else (clf.gamma, clf.gamma)
    theta = np.append(clf.coef_[0], clf.intercept_)
    return focal_objective(theta, X, *targets[:2], gammas, clf.C)


def assert_same_fit(blocks_fit, fit, X, y, weight=None, coef_rtol=2e-6):
    """The same objective to tol, and coefficients to more than its root, which is 1e-4."""
    ours, theirs = (value_of(clf, X, y, weight) for clf in (blocks_fit, fit))
    assert ours == pytest.approx(theirs, rel=1e-8)
    size = np.abs(fit.coef_).max()
    np.testing.assert_allclose(blocks_fit.coef_, fit.coef_, rtol=0, atol=coef_rtol * size)
    np.testing.assert_array_equal(blocks_fit.classes_, fit.classes_)
    assert blocks_fit.optimality_ <= 1e-8
    assert blocks_fit.n_features_in_ == fit.n_features_in_


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("solver", SOLVERS)
def test_the_optimum_is_that_of_all_rows(solver, loss, layout):
    X, hard, soft, weight = small_problem()
    clf = BCEClassifier(solver=solver, tol=1e-12, **LOSSES[loss])
    for y, cuts in ((hard, [3, 4, 50]), (soft, [])):
        whole = clone(clf).fit(LAYOUTS[layout](X), y, weight)
        blocks = cut(cuts, LAYOUTS[layout](X), y, weight)
        assert_same_fit(clone(clf).fit_blocks(blocks), whole, X, y, weight)


def large_problem(n_rows=24_000, rare=0.03):
    X, _, p, weight = small_problem(n_rows, 6)
    y = (np.random.default_rng(1).random(n_rows) < rare * p).astype(int)
    return X, y, weight


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("solver", ["auto", "lbfgs"])
@pytest.mark.parametrize("parameters", [{}, {"gamma": 2.0}, {"fit_intercept": False}])
def test_few_readings_of_many_rows(parameters, solver, layout):
    X, y, weight = large_problem()
    source = Counted(cut(range(0, 24_000, 3_000), LAYOUTS[layout](X), y, weight), shuffle=True)
    clf = BCEClassifier(**parameters, solver=solver).fit_blocks(source)
    whole = BCEClassifier(**parameters, solver="newton-cholesky").fit(X, y, weight)
    assert_same_fit(clf, whole, X, y, weight, coef_rtol=1e-4)
    assert clf.solver_ == ("newton-cholesky" if solver == "auto" else "lbfgs")
    assert source.n_readings <= (18 if clf.gamma else 10)


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cg"])
@pytest.mark.parametrize("C", [1e-3, 10.0])
def test_wide_sparse_blocks(solver, C):
    rng = np.random.default_rng(0)
    X = sp.csr_array(rng.random((400, 2_100)) * (rng.random((400, 2_100)) < 0.02))
    y = (X @ rng.normal(size=2_100) > 0.1).astype(int)
    whole = BCEClassifier(C=C, tol=1e-12).fit(X, y)
    clf = BCEClassifier(C=C, tol=1e-12, solver=solver).fit_blocks(cut([50, 300], X, y))
    assert_same_fit(clf, whole, X, y, coef_rtol=1e-5)


@pytest.mark.parametrize("solver", SOLVERS)
def test_float32(solver):
    X, y, _, weight = small_problem()
    X = X.astype(np.float32)
    clf = BCEClassifier(solver=solver).fit_blocks(cut([20, 60], X, y, weight))
    assert clf.coef_.dtype == clf.intercept_.dtype == np.float32
    np.testing.assert_allclose(clf.coef_, BCEClassifier().fit(X, y, weight).coef_, rtol=1e-4)


def test_warm_start():
    X, y, _, _ = small_problem()
    clf = BCEClassifier(warm_start=True, solver="newton-cholesky").fit(X, y)
    first = clf.n_iter_[0]
    clf.fit_blocks(cut([30], X, y))
    assert clf.n_iter_[0] < first
    assert_same_fit(clf, BCEClassifier().fit(X, y), X, y)


@pytest.mark.parametrize("n_features", [5, 2_010])
def test_without_penalty_the_smallest_coefficients(n_features):
    X, _, soft, weight = small_problem()
    rng = np.random.default_rng(0)
    X = X @ rng.normal(size=(5, n_features)) if n_features > 5 else np.hstack([X, X[:, :2] + 1.0])
    clf = BCEClassifier(C=np.inf, tol=1e-10)
    whole = clone(clf).fit(X, soft, weight)
    clf.fit_blocks(cut([30, 31], X, soft, weight))
    assert_same_fit(clf, whole, X, soft, weight, coef_rtol=1e-4)


@pytest.mark.parametrize("n_rows", [60, 40_000])
@pytest.mark.parametrize("kind", ["complete", "quasi-complete"])
def test_separation(kind, n_rows):
    X = np.random.default_rng(0).normal(size=(n_rows, 5))
    y = (X[:, 0] > 0.0).astype(int)
    if kind == "quasi-complete":  # only the rows with this mark are separated
        is_marked = np.arange(n_rows) % 4 == 0
        y = np.where(is_marked, 1, X[:, 1] + np.random.default_rng(1).normal(size=n_rows) > 0.0)
        X[:, 0] = is_marked
    with pytest.warns(SeparationWarning, match=kind):
        BCEClassifier(C=np.inf).fit_blocks(cut([n_rows // 3, n_rows // 2], X, y))


def test_dependent_but_for_the_tenth_digit():
    """The Hessian has no Cholesky factor; the step comes from the rows, block by block."""
    X, y, _, weight = small_problem()
    X = np.column_stack([X, X[:, 1] * (1.0 + 1e-9 * np.random.default_rng(0).normal(size=80))])
    clf = BCEClassifier(C=1e10, solver="newton-cholesky")
    whole = clone(clf).fit(X, y, weight)
    clf.fit_blocks(cut([30, 31], X, y, weight))
    assert_same_fit(clf, whole, X, y, weight, coef_rtol=1e-3)


def test_rows_of_no_weight_count_for_nothing():
    X, y, _, weight = small_problem()
    weight[:30] = 0.0  # all of the first block
    blocks = cut([30, 50], X, y, weight)
    blocks[0][0][:] = 1e300
    clf = BCEClassifier().fit_blocks(blocks)
    assert_same_fit(
        clf, BCEClassifier().fit(X[30:], y[30:], weight[30:]), X[30:], y[30:], weight[30:]
    )


# -- sources


def test_every_kind_of_source(tmp_path):
    X, y, _, _ = small_problem()
    expected = BCEClassifier().fit_blocks(cut([40], X, y)).coef_
    np.save(tmp_path / "X.npy", X)

    def generator():
        on_disk = np.load(tmp_path / "X.npy", mmap_mode="r")
        yield on_disk[:40], y[:40], None
        yield on_disk[40:40], y[40:40]  # no rows: left out
        yield [on_disk[40:].tolist(), y[40:].tolist()]

    names = list("abcde")
    frames = [(pd.DataFrame(a, columns=names), pd.Series(b)) for a, b in cut([40], X, y)]
    for source in (generator, Counted(cut([40], X, y)), frames, lambda: iter(cut([40], X, y))):
        clf = BCEClassifier().fit_blocks(source)
        np.testing.assert_allclose(clf.coef_, expected, rtol=1e-13)  # of X in C or in F order
    assert BCEClassifier().fit_blocks(frames).feature_names_in_.tolist() == names


def test_more_shares_than_are_remembered():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(1_500, 3)), rng.random(1_500)
    y[[0, -1]] = 0.0, 1.0
    clf = BCEClassifier().fit_blocks(cut([700], X, y))
    assert_same_fit(clf, BCEClassifier().fit(X, y), X, y)
    y[-1] = 1.5
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        BCEClassifier().fit_blocks(cut([700], X, y))


LABELS = {
    "bool": np.array([False, True]),
    "text": np.array(["no", "yes"]),
    "objects": np.array(["no", "yes"], dtype=object),
    "-1 and 1": np.array([-1.0, 1.0]),
    "floats": np.array([0.0, 1.0]),
    "3 and 7": np.array([3, 7]),
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_that_come_one_class_at_a_time(kind):
    X, y, _, _ = small_problem()
    order = np.argsort(y)[::-1]
    X, y = X[order], LABELS[kind][y[order]]
    clf = BCEClassifier(class_weight="balanced").fit_blocks(cut([10, 70], X, y))
    whole = BCEClassifier(class_weight="balanced").fit(X, y)
    np.testing.assert_array_equal(clf.classes_, whole.classes_)
    assert clf.classes_.dtype == whole.classes_.dtype
    np.testing.assert_allclose(clf.coef_, whole.coef_, rtol=1e-6)
    for name, value in whole.loss_parameters_.items():
        np.testing.assert_allclose(clf.loss_parameters_[name], value, rtol=1e-12)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_centre_and_scale_of_all_blocks(layout):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 6)) * [1.0, 1e-200, 1e180, 1.0, 1.0, 1.0] + [
        1e6,
        0.0,
        0.0,
        0.0,
        0.0,
        0.0,
    ]
    X[:, 3] = 0.1
    X[:, 4] = np.arange(90) // 30  # constant within each block
    X[:, 5] = 0.0
    weight = rng.uniform(0.0, 1.0, 90)
    moments = _Moments(centered=True)
    for block, some in cut([30, 60], LAYOUTS[layout](X), weight):
        moments.add(Matrix(block), some)
    whole = Matrix(LAYOUTS[layout](X)).center_and_scale(weight / weight.sum(), True)
    for ours, theirs in zip(moments.columns(), whole, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-210)


def test_a_reservoir_draws_evenly_within_each_class():
    X = np.arange(1_000.0)[:, np.newaxis]
    positive = (np.arange(1_000) % 10 == 0).astype(float)
    counts = np.zeros(1_000)
    for seed in range(200):
        reservoir = Reservoir(100, seed)
        for block in cut([10, 500, 501], X, positive, 1.0 - positive):
            reservoir.add(*block)
        rows, u, v = reservoir.take()
        assert (u.sum(), v.sum()) == (pytest.approx(100.0), pytest.approx(900.0))
        assert np.unique(rows).size == 100
        assert np.count_nonzero(u) == 50
        counts[rows[:, 0].astype(int)] += 1.0
    # Shares drawn: 50 of 100 and 50 of 900, by 200 draws; six standard deviations
    is_rare = positive > 0.0
    assert np.abs(counts[is_rare] / 200 - 1 / 2).max() < 6 * np.sqrt(0.25 / 200)
    assert np.abs(counts[~is_rare] / 200 - 1 / 18).max() < 6 * np.sqrt(1 / 18 / 200)


# -- memory


N_ROWS, N_FEATURES = 8_000, 40
BLOCK_BYTES = 8 * N_ROWS * N_FEATURES


def made_up(number, n_rows):
    rng = np.random.default_rng(number)
    X = rng.normal(size=(n_rows, N_FEATURES))
    return X, (X[:, 0] + rng.normal(size=n_rows) > 1.0).astype(int)


@pytest.mark.parametrize("solver", SOLVERS)
def test_memory_is_one_block(solver, monkeypatch):
    monkeypatch.setattr(_threads, "_numba_threads", lambda: 1)  # whose buffers come and go

    def source(n_blocks, n_rows=N_ROWS):
        return lambda: (made_up(number, n_rows) for number in range(n_blocks))

    BCEClassifier(solver=solver).fit_blocks(source(2, 100))  # brings the modules and the kernels
    peaks = []
    for n_blocks in (3, 9):
        tracemalloc.start()
        BCEClassifier(solver=solver, tol=1e-4).fit_blocks(source(n_blocks))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    sample = 8 * 5_000 * N_FEATURES if solver == "lbfgs" else 0
    assert max(peaks) < BLOCK_BYTES + 100 * N_ROWS + 3 * sample + 2**19
    # A vector as long as there are rows would show, even one of bytes.
    assert peaks[1] - peaks[0] < 3 * N_ROWS


# -- errors


def blocks_of(*shapes, dtype=float, labels=(0, 1)):
    rng = np.random.default_rng(0)
    return [(rng.normal(size=s).astype(dtype), np.resize(labels, s[0])) for s in shapes]


ONE = blocks_of((10, 3))
NAMED = [(pd.DataFrame(X, columns=list("abc")), y) for X, y in ONE]
RENAMED = [(pd.DataFrame(X, columns=list("abd")), y) for X, y in ONE]
BAD = {
    "generator": (lambda: (block for block in ONE), "can be read only once.*function that makes"),
    "number": (lambda: 3, "must be an iterable of blocks.*Got int instead"),
    "none": (lambda: None, "'source' parameter of BCEClassifier"),
    "nothing": (lambda: lambda: None, "must return an iterator .*when it is called. Got NoneType"),
    "empty": (list, "source is empty"),
    "no rows": (lambda: blocks_of((0, 3)), "source is empty"),
    "X and y alone": (lambda: ONE[0], r"Block 0 of source must be a tuple .*Got ndarray"),
    "four arrays": (lambda: [ONE[0] * 2], r"Block 0 of source must be a tuple .*tuple of length 4"),
    "columns": (lambda: ONE + blocks_of((5, 4)), "number of features of block 1 is 4.*first one 3"),
    "dtypes": (lambda: ONE + blocks_of((5, 3), dtype=np.float32), "dtype of block 1 is float32"),
    "names": (lambda: NAMED + RENAMED, "feature names of block 1"),
    "no names": (lambda: NAMED + ONE, "feature names of block 1"),
    "layouts": (
        lambda: [*ONE, (sp.csr_array(ONE[0][0]), ONE[0][1])],
        "layout of block 1 is sparse",
    ),
    "a number": (lambda: [(np.array(1.0), ONE[0][1])], "Block 0 of source: Expected 2D array"),
    "lengths": (lambda: [(ONE[0][0], ONE[0][1][:5])], "Block 0 of source: .*inconsistent numbers"),
    "nan": (lambda: [*ONE, (np.full((2, 3), np.nan), [0, 1])], "Block 1 of source: .*NaN"),
    "weights": (
        lambda: [(*ONE[0], np.full(10, -1.0))],
        "Block 0 of source: sample_weight must not",
    ),
    "no weights": (lambda: [(*ONE[0], np.zeros(10))], "at least one non-zero"),
    "one class": (lambda: blocks_of((5, 3), (6, 3), labels=[1]), "only one class.*: 1"),
    "one weighed": (lambda: [(*ONE[0], ONE[0][1])], "where sample_weight is not zero"),
    "three": (lambda: ONE + blocks_of((4, 3), labels=[1, 2]), "multiclass, with 3 classes"),
    "continuous": (lambda: ONE + blocks_of((4, 3), labels=[0.5, 2.5]), "Unknown label type: cont"),
    "mixed labels": (lambda: ONE + blocks_of((4, 3), labels=["no", "yes"]), "that are not"),
}


@pytest.mark.parametrize("case", BAD)
def test_errors_leave_the_state_unchanged(case):
    make, message = BAD[case]
    for clf in (BCEClassifier(), BCEClassifier().fit(*small_problem()[:2])):
        before = vars(clf).copy()
        with pytest.raises(ValueError, match=message):
            clf.fit_blocks(make())
        assert vars(clf) == before


def test_early_stopping_is_refused():
    with pytest.raises(ValueError, match="early_stopping=True is not available for fit_blocks"):
        BCEClassifier(early_stopping=True).fit_blocks(ONE)


def test_a_generator_is_refused_before_it_is_touched():
    generator = iter(ONE)
    with pytest.raises(TypeError, match="'source' parameter"):
        BCEClassifier().fit_blocks(generator)
    assert next(generator) is ONE[0]


X_, Y_ = ONE[0]
CHANGED = {
    "exhausted": ([], "had 10 rows the first time and now has 0"),
    "longer": ([*ONE, (X_[:2], Y_[:2])], "had 10 rows the first time and now has 12"),
    "labels": ([(X_, 1 - Y_ * (np.arange(10) > 3))], "weights of the classes were"),
    "other labels": ([(X_, Y_ + 1)], r"labels that it had not the first time: \[2\]"),
    "features": ([(X_[:, :2], Y_)], "number of features of block 0 is 2"),
    "weights": (
        [(X_, Y_, np.full(10, 2.0))],
        rf"weights of the classes were \[{10.0 - Y_.sum()}, {float(Y_.sum())}\] the first time",
    ),
}


@pytest.mark.parametrize("case", CHANGED)
def test_a_source_that_changes_is_noticed(case):
    second, message = CHANGED[case]
    readings = iter([ONE, *[second] * 3])
    clf = BCEClassifier(class_weight={0: 3.0, 1: 0.5})
    before = vars(clf).copy()
    with pytest.raises(ValueError, match=message):
        clf.fit_blocks(lambda: iter(next(readings)))
    assert vars(clf) == before


def test_an_error_of_the_source_itself_comes_through():
    def source():
        yield ONE[0]
        raise OSError("the disk is gone")

    clf = BCEClassifier()
    with pytest.raises(OSError, match="the disk is gone"):
        clf.fit_blocks(source)
    assert vars(clf) == vars(BCEClassifier())


def test_max_iter_warns_with_this_file_as_its_place():
    X, y, _, _ = small_problem()
    with pytest.warns(ConvergenceWarning, match=re.escape("max_iter")) as record:
        BCEClassifier(max_iter=1).fit_blocks(cut([40], X, y))
    assert record[0].filename == __file__


def test_one_vs_rest_takes_two_classes():
    X, y, _, _ = small_problem()
    clf = OneVsRestBCEClassifier().fit_blocks(cut([40], X, y))
    np.testing.assert_array_equal(clf.coef_, BCEClassifier().fit_blocks(cut([40], X, y)).coef_)
    assert clf.predict(X).shape == (80,)


# -- many labels


def many_labels():
    """X, labels of several kinds, weights; three blocks, the last without the first class."""
    X, hard, soft, weight = small_problem(240, seed=3)
    codes = hard + (soft > 0.7)
    order = np.argsort(codes == 0, kind="stable")
    X, soft, weight, codes = X[order], soft[order], weight[order], codes[order]
    indicator = np.column_stack([codes == 1, codes > 0, X[:, 1] > 0.0]).astype(np.int8)
    labels = {
        "numbers": codes[::-1],
        "names": np.array(["b", "a", "c"])[codes[::-1]],
        "indicator": indicator[::-1],
        "sparse indicator": sp.csr_array(indicator[::-1]),
        "shares": np.column_stack([soft, 1.0 - soft, soft**2])[::-1],
    }
    return X[::-1], labels, weight[::-1]


CUTS = [100, 190]
MANY_LABELS = ["numbers", "names", "indicator", "sparse indicator", "shares"]
OF_MANY = {
    "plain": {},
    "balanced": {"class_weight": "balanced", "label_smoothing": 0.1},
    "factors": {"pos_weight": [0.5, 1.0, 4.0], "fit_intercept": False},
    "focal": {"gamma": (0.5, 2.0)},
    "posterior": {"pos_weight": "balanced", "probability": "posterior"},
    "l1": {"l1_ratio": 0.5, "C": 0.5},
}


def assert_same_labels_fit(fit, blocks_fit, X, rtol=1e-5):
    size = np.abs(fit.coef_).max()
    np.testing.assert_allclose(blocks_fit.coef_, fit.coef_, rtol=0, atol=rtol * size)
    np.testing.assert_allclose(blocks_fit.predict_proba(X), fit.predict_proba(X), atol=rtol)
    ours, theirs = blocks_fit.predict(X), fit.predict(X)
    assert type(ours) is type(theirs) and ours.dtype == theirs.dtype
    assert (ours != theirs).sum() == 0
    for name in ("classes_", "multilabel_", "n_features_in_"):
        np.testing.assert_equal(getattr(blocks_fit, name), getattr(fit, name))
    assert (blocks_fit.loss_parameters_ is None) == (fit.loss_parameters_ is None)
    for key, value in (fit.loss_parameters_ or {}).items():
        np.testing.assert_allclose(blocks_fit.loss_parameters_[key], value, rtol=1e-12)
    assert np.shape(blocks_fit.optimality_) == np.shape(fit.optimality_)
    assert np.shape(blocks_fit.n_iter_) == np.shape(fit.n_iter_)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", MANY_LABELS)
@pytest.mark.parametrize("parameters", OF_MANY)
def test_many_labels_have_the_optimum_of_all_rows(parameters, kind, layout):
    X, labels, weight = many_labels()
    X, y = LAYOUTS[layout](X), labels[kind]
    clf = OneVsRestBCEClassifier(**OF_MANY[parameters], tol=1e-12)
    fit, source = clone(clf).fit(X, y, weight), Counted(cut(CUTS, X, y, weight), shuffle=True)
    assert_same_labels_fit(fit, clf.fit_blocks(source), X)
    assert (clf.optimality_ <= 1e-12).all()
    assert source.n_readings <= 2 + 2 * clf.n_iter_.max()  # a label alone takes as many


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cg", "newton-cholesky"])
def test_solvers_of_many_labels(solver):
    X, labels, weight = many_labels()
    clf = OneVsRestBCEClassifier(solver=solver, tol=1e-12, C=10.0)
    fit = clone(clf).fit(X, labels["names"], weight)
    assert_same_labels_fit(fit, clf.fit_blocks(cut(CUTS, X, labels["names"], weight)), X)
    assert clf.solver_ == solver


@pytest.mark.parametrize("kind", ["numbers", "shares"])
def test_weights_of_classes_in_blocks(kind):
    X, labels, weight = many_labels()
    clf = OneVsRestBCEClassifier(class_weight={0: 3.0, 1: 1.0, 2: 0.5}, tol=1e-12)
    blocks = cut(CUTS, X, labels[kind], weight)
    if kind == "shares":
        with pytest.raises(ValueError, match="class_weight cannot be a dict for multilabel y"):
            clf.fit_blocks(blocks)
        return
    fit = clone(clf).fit(X, labels[kind], weight)
    assert_same_labels_fit(fit, clf.fit_blocks(blocks), X)


def test_labels_that_do_not_fit_side_by_side(monkeypatch):
    X, labels, weight = many_labels()
    source = Counted(cut(CUTS, X, labels["numbers"], weight))
    together = OneVsRestBCEClassifier().fit_blocks(source)
    n_together = source.n_readings
    monkeypatch.setattr(_blocks, "_MOST_BYTES", 1)
    alone = OneVsRestBCEClassifier().fit_blocks(source)
    np.testing.assert_array_equal(alone.coef_, together.coef_)
    assert source.n_readings - n_together > 1.5 * n_together


def test_more_classes_than_a_few():
    X = np.random.default_rng(0).normal(size=(200, 3))
    y = np.arange(200) % 40
    fit = OneVsRestBCEClassifier(tol=1e-12).fit(X, y)
    assert_same_labels_fit(fit, clone(fit).fit_blocks(cut(CUTS, X, y)), X)


def test_a_label_that_no_row_has():
    X, labels, _ = many_labels()
    y = labels["indicator"] * [1, 0, 1]
    with pytest.warns(UserWarning, match="Label 1 is present in no training examples"):
        fit = OneVsRestBCEClassifier(tol=1e-12).fit(X, y)
    with pytest.warns(UserWarning, match="Label 1 is present in no training examples"):
        assert_same_labels_fit(
            fit, OneVsRestBCEClassifier(tol=1e-12).fit_blocks(cut(CUTS, X, y)), X
        )


X3, LABELS3, _ = many_labels()
BAD_LABELS = {
    "columns": (
        [(X3[:9], LABELS3["indicator"][:9]), (X3[9:], LABELS3["indicator"][9:, :2])],
        "number of columns of y of block 1 is 2, that of the first one 3",
    ),
    "a column": (
        [(X3[:9], LABELS3["indicator"][:9]), (X3[9:], LABELS3["numbers"][9:])],
        "number of columns of y of block 1 is 1",
    ),
    "no indicator": ([(X3, 2 * LABELS3["indicator"])], "must be an indicator matrix"),
    "one class": ([(X3, np.ones(240))], "only one class"),
    "continuous": ([(X3, LABELS3["shares"][:, 0] * 3.0)], "Unknown label type: continuous"),
    "weights": ([(X3, LABELS3["indicator"], np.ones((240, 3)))], "must be 1D array"),
    "too many": ([(np.resize(X3, (1_500, 5)), np.arange(1_500))], "more than 1000 classes"),
}


@pytest.mark.parametrize("case", BAD_LABELS)
def test_errors_of_many_labels_leave_the_state_unchanged(case):
    source, message = BAD_LABELS[case]
    for clf in (OneVsRestBCEClassifier(), OneVsRestBCEClassifier().fit(X3, LABELS3["numbers"])):
        before = vars(clf).copy()
        with pytest.raises(ValueError, match=message):
            clf.fit_blocks(source)
        assert vars(clf) == before


OTHER_LABELS = {
    "another": (LABELS3["numbers"] + 1, "labels that it had not the first time"),
    "fewer": (np.minimum(LABELS3["numbers"], 1), "weights of the classes were"),
}


@pytest.mark.parametrize("case", OTHER_LABELS)
def test_labels_that_change_are_noticed(case):
    other, message = OTHER_LABELS[case]
    readings = iter([LABELS3["numbers"], other])
    with pytest.raises(ValueError, match=message):
        OneVsRestBCEClassifier().fit_blocks(lambda: iter([(X3, next(readings))]))


class OneReader:
    """Rows that only the thread that made them may read, and one reader at a time."""

    def __init__(self, X, y, length):
        self.blocks = [(X[k : k + length], y[k : k + length]) for k in range(0, len(y), length)]
        self.thread = threading.current_thread()
        self.is_open = False

    def __iter__(self):
        assert not self.is_open
        self.is_open = True
        for block in self.blocks:
            assert threading.current_thread() is self.thread
            yield block
        self.is_open = False


@pytest.mark.parametrize("seed", [0, 2, 8, 10])
def test_a_source_is_read_by_the_calling_thread_and_once_at_a_time(seed, monkeypatch):
    for name in ("_numba_threads", "_count_blas_threads"):
        monkeypatch.setattr(_threads, name, lambda: 3)
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(12_000, 8))
    z = X @ rng.normal(size=(8, 9)) * rng.choice([0.05, 1.0, 6.0], 9) + rng.choice([-4.0, 0.0], 9)
    y = (rng.random(z.shape) < expit(z)).astype(int)  # labels that take more or fewer iterations
    clf = OneVsRestBCEClassifier(solver="lbfgs").fit_blocks(OneReader(X, y, 3_000))
    np.testing.assert_allclose(
        clf.coef_, OneVsRestBCEClassifier(tol=1e-10).fit(X, y).coef_, atol=0.02
    )
