"""What may come in, in what form it comes out, and what is refused with which words."""

import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
import sklearn
from sklearn.utils.fixes import parse_version

from sklearn_bce import BCEClassifier, OneVsRestBCEClassifier
from tests.problems import LAYOUTS, SOLVERS, small_problem

X, Y, SOFT, WEIGHT = small_problem()


def fit(X=X, y=Y, weight=None, **parameters):
    return BCEClassifier(**parameters).fit(X, y, weight)


# -- labels


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (np.array(["ham", "spam"]), ["ham", "spam"]),
        (np.array(["ham", "spam"], dtype=object), ["ham", "spam"]),
        (np.array([False, True]), [False, True]),
        (np.array([-1, 1]), [-1, 1]),
        (np.array([3, 7], dtype=np.uint8), [3, 7]),
        (np.array([1.0, 2.0]), [1.0, 2.0]),
        (np.array([0.0, 1.0], dtype=np.float32), [0.0, 1.0]),
    ],
    ids=str,
)
def test_hard_labels_of_any_type(labels, classes):
    clf = fit(y=labels[Y])
    assert clf.classes_.tolist() == classes
    assert clf.coef_.tobytes() == fit().coef_.tobytes()
    assert set(clf.predict(X)) == set(labels)
    assert clf.score(X, labels[Y]) == fit().score(X, Y)


@pytest.mark.parametrize("wrap", [list, pd.Series, pl.Series, lambda y: np.asarray(y, np.float32)])
def test_soft_labels(wrap):
    clf = fit(y=wrap(SOFT))
    assert clf.classes_.tolist() == [0.0, 1.0]
    np.testing.assert_allclose(clf.coef_, fit(y=SOFT).coef_, rtol=1e-5)
    assert set(clf.predict(X)) <= {0.0, 1.0}


def test_floats_mean_the_same_whether_or_not_a_fraction_is_among_them():
    assert fit(y=Y.astype(float)).classes_.tolist() == [0.0, 1.0]
    assert fit(y=np.where(np.arange(len(Y)) == 0, 0.5, Y)).classes_.tolist() == [0.0, 1.0]


@pytest.mark.parametrize("weight", [2.0, 2, [2.0] * len(Y), pd.Series([2.0] * len(Y))])
def test_sample_weight_forms(weight):
    np.testing.assert_allclose(fit(weight=weight).coef_, fit(C=2.0).coef_, rtol=1e-7)


def test_score_is_expected_accuracy():
    clf = fit(y=SOFT)
    yes = clf.decision_function(X) > 0
    expected = np.average(np.where(yes, SOFT, 1 - SOFT), weights=WEIGHT)
    assert clf.score(X, SOFT, WEIGHT) == pytest.approx(expected, rel=1e-14)
    hard = fit()
    assert hard.score(X, Y) == pytest.approx(np.mean(hard.predict(X) == Y))
    stranger = np.where(np.arange(len(Y)) < 8, 5, Y)
    right = np.mean((hard.predict(X) == Y)[8:]) * (len(Y) - 8) / len(Y)
    assert hard.score(X, stranger) == pytest.approx(right)
    named = fit(y=np.array(["no", "yes"])[Y])
    assert named.score(X, np.full(len(Y), 3)) == 0.0


# -- X


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_dtype_is_kept(layout, dtype):
    data = LAYOUTS[layout](X.astype(dtype))
    clf = fit(data)
    outputs = [
        clf.coef_, clf.intercept_, clf.decision_function(data), clf.predict_proba(data),
        clf.predict_log_proba(data),
    ]  # fmt: skip
    assert all(output.dtype == dtype for output in outputs)
    np.testing.assert_allclose(clf.coef_, fit(X.astype(dtype).astype(float)).coef_, rtol=1e-6)


@pytest.mark.parametrize(
    "make",
    [
        lambda X: X.tolist(),
        lambda X: X.astype(">f8"),
        lambda X: X.astype(np.longdouble),
        lambda X: X[::-1][::-1],
        lambda X: np.frombuffer(b"\0" + X.tobytes(), np.uint8)[1:].view(X.dtype).reshape(X.shape),
        lambda X: sp.lil_array(X),
        lambda X: sp.dok_array(X),
        lambda X: sp.bsr_array(X),
        lambda X: sp.dia_array(X),
    ],
    ids=["list", "big-endian", "long", "reversed", "misaligned", "lil", "dok", "bsr", "dia"],
)
def test_other_forms_of_X(make):
    np.testing.assert_allclose(fit(make(X)).coef_, fit().coef_, rtol=1e-7)
    clf = fit()
    np.testing.assert_allclose(clf.decision_function(make(X)), clf.decision_function(X))


def test_integers_and_booleans():
    counts = np.greater(X, np.median(X, axis=0)).astype(int)
    reference = fit(counts.astype(float)).coef_
    for data in (counts, counts.astype(bool), counts.astype(np.uint8)):
        np.testing.assert_allclose(fit(data).coef_, reference, rtol=1e-12)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_frames_bring_names(frame):
    names = [f"f{j}" for j in range(X.shape[1])]
    data = frame(dict(zip(names, X.T, strict=True)))
    clf = fit(data)
    np.testing.assert_allclose(clf.predict_proba(data), fit().predict_proba(X), rtol=1e-10)
    if frame is pl.DataFrame and parse_version(sklearn.__version__) < parse_version("1.9"):
        return  # it asks for names by a protocol that polars has given up
    assert clf.feature_names_in_.tolist() == names
    with pytest.raises(ValueError, match="feature names"):
        clf.predict(data[names[::-1]])


@pytest.mark.parametrize("layout", ["C", "F", "csr_array", "csc", "int64"])
def test_X_is_read_and_never_written(layout, tmp_path):
    data = LAYOUTS[layout](X)
    arrays = [data.data, data.indices, data.indptr] if sp.issparse(data) else [data]
    for array in arrays:
        array.flags.writeable = False
    before = [array.copy() for array in arrays]
    weight = WEIGHT.copy()
    weight.flags.writeable = False
    for solver in SOLVERS:
        clf = fit(data, SOFT, weight, solver=solver)
        clf.predict_proba(data)
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_memory_mapped(tmp_path):
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    assert fit(mapped).coef_.tobytes() == fit().coef_.tobytes()


# -- refused

BAD_TARGETS = [
    (np.zeros(len(Y), int), "only one class: 0"),
    (np.array(["a"] * len(Y)), "only one class: 'a'"),
    (np.ones(len(Y)), "only one class: 1.0"),
    (np.arange(len(Y)) % 3, "Only binary classification is supported."),
    (SOFT * 2, "Unknown label type: continuous"),
    (SOFT - 0.5, "Unknown label type: continuous"),
    (SOFT.astype(object), r"Unknown label type: unknown\. An object array y .* y\.astype"),
    (np.array(["a", *Y[1:].tolist()], dtype=object), "y mixes labels of several types"),
    (np.column_stack([1 - SOFT, SOFT]), r"y should be a 1d array.*y\[:, 1\]"),
    (np.column_stack([SOFT] * 3), "y should be a 1d array"),
    (np.where(Y, np.nan, 0.0), "Input y contains NaN"),
    (np.where(Y, np.inf, 0.0), "Input y contains infinity"),
    (Y[:-1], "inconsistent numbers of samples"),
    (None, "requires y to be passed"),
]


@pytest.mark.parametrize(("y", "message"), BAD_TARGETS, ids=[m for _, m in BAD_TARGETS])
def test_bad_targets(y, message):
    with pytest.raises(ValueError, match=message):
        fit(y=y)


one_class = np.where(Y, WEIGHT, 0.0)
BAD_WEIGHTS = [
    (-WEIGHT, "sample_weight must not be negative"),
    (np.zeros(len(Y)), "weights must contain at least one non-zero number"),
    (0.0, "weights must contain at least one non-zero number"),
    (np.ones((len(Y), 2)), "must be 1D array or scalar"),
    (np.ones(2), rf"sample_weight.shape == \(2,\), expected \({len(Y)},\)!"),
    (np.where(Y, np.nan, 1.0), "Input sample_weight contains NaN"),
    (np.where(Y, np.inf, 1.0), "Input sample_weight contains infinity"),
    (np.nan, "Input sample_weight contains NaN"),
    ("heavy", "sample_weight must hold numbers: could not convert string to float"),
    ({}, "sample_weight must hold numbers"),
    (1j, "sample_weight must hold numbers"),
    (10**400, "sample_weight must hold numbers"),
    (one_class, "contains only one class: 1"),
    (np.full(len(Y), 1e308), "sum of all weights overflows"),
]


@pytest.mark.parametrize(("weight", "message"), BAD_WEIGHTS, ids=[m for _, m in BAD_WEIGHTS])
def test_bad_weights(weight, message):
    with pytest.raises(ValueError, match=message):
        fit(weight=weight)


@pytest.mark.parametrize("weight", [-WEIGHT, np.ones(2), np.zeros(len(Y))])
def test_bad_weights_of_a_score(weight):
    with pytest.raises(ValueError, match="weight"):
        fit().score(X, Y, weight)


def test_weight_of_one_row_is_measured_against_that_row():
    with pytest.raises(ValueError, match=re.escape("sample_weight.shape == (2,), expected (1,)!")):
        fit(X[:1], [0.3], [1.0, 1.0])


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ({0: -1.0, 1: 1.0}, "class_weight must hold finite weights"),
        ({0: np.nan, 1: 1.0}, "class_weight must hold finite weights"),
        ({0: "much", 1: 1.0}, "class_weight must hold numbers. Got {0: 'much'"),
        ({0: None, 1: 1.0}, "class_weight must hold numbers. Got {0: None"),
        ({0: 0.0, 1: 1.0}, "class_weight.* leaves only one class"),
        ({"spam": 2.0}, r"class_weight={'spam': 2.0} has keys .* The classes are \[0, 1\]"),
        ({0: 1e300, 1: 1e-300}, "leave only one class"),
    ],
    ids=str,
)
def test_bad_class_weights(class_weight, message):
    with pytest.raises(ValueError, match=message):
        fit(class_weight=class_weight)


def hole(value):
    return np.where(np.arange(X.size).reshape(X.shape) == 7, value, X)


BAD_X = [
    (hole(np.nan), "Input X contains NaN"),
    (hole(np.inf), "Input X contains infinity"),
    (sp.csr_array(hole(np.nan)), "Input X contains NaN"),
    (X[:, 0], "Expected 2D array, got 1D array"),
    (X[:, :0], r"0 feature\(s\)"),
    (X[:0], r"0 sample\(s\)"),
    (X + 1j, "Complex data not supported"),
    (np.full(X.shape, "much"), "could not convert string"),
]


@pytest.mark.parametrize(("data", "message"), BAD_X, ids=[m for _, m in BAD_X])
def test_bad_X(data, message):
    with pytest.raises(ValueError, match=message):
        fit(data, Y[: data.shape[0]])
    with pytest.raises(ValueError, match=message):
        fit().predict(data)


@pytest.mark.parametrize("kind", [np.array, sp.csr_array, sp.csr_matrix])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_sparse_coefficients_leave_out_is_looked_at_too(value, kind):
    clf = BCEClassifier(l1_ratio=1.0, C=0.02).fit(X, Y).sparsify()
    unused = np.flatnonzero(clf.coef_.toarray() == 0.0)
    assert 0 < unused.size < X.shape[1]
    bad = X.copy()
    bad[3, unused[0]] = value
    for method in (clf.predict, clf.predict_proba, clf.decision_function):
        with pytest.raises(ValueError, match=r"contains (NaN|infinity)"):
            method(kind(bad))


def in_strides(array):
    return np.repeat(array, 2)[::2]


def backwards(array):
    return array[::-1].copy()[::-1]


def in_a_record(array):
    return np.rec.fromarrays([np.zeros(array.size, "i1"), array])["f1"]


def swapped(array):
    return array.astype(array.dtype.newbyteorder())


@pytest.mark.parametrize("change", [in_strides, backwards, in_a_record, swapped])
@pytest.mark.parametrize("part", ["data", "indices", "indptr"])
@pytest.mark.parametrize("parameters", [{}, {"solver": "sgd"}, {"l1_ratio": 0.5}], ids=str)
def test_arrays_of_csr_that_are_not_packed(parameters, part, change):
    packed = sp.csr_matrix(np.where(np.abs(X) > 0.5, X, 0.0))
    other = packed.copy()
    setattr(other, part, change(getattr(packed, part)))
    assert getattr(other, part).tolist() == getattr(packed, part).tolist()
    clf = BCEClassifier(**parameters).fit(other, Y)
    assert clf.coef_.tobytes() == BCEClassifier(**parameters).fit(packed, Y).coef_.tobytes()
    assert np.array_equal(clf.predict_proba(other), clf.predict_proba(packed))
    one, same = (BCEClassifier().partial_fit(each, Y, classes=[0, 1]) for each in (packed, other))
    assert np.array_equal(one.coef_, same.coef_)


def test_a_data_frame_of_sparse_columns():
    pandas = pytest.importorskip("pandas")
    rows = sp.csr_matrix(np.where(np.abs(X) > 0.5, X, 0.0))
    frame = pandas.DataFrame.sparse.from_spmatrix(
        rows, columns=[f"x{j}" for j in range(X.shape[1])]
    )
    try:
        frame.sparse.to_coo()
    except ImportError as error:  # pandas wants a newer SciPy than the oldest
        pytest.skip(str(error))
    clf = BCEClassifier().fit(frame, Y)
    np.testing.assert_allclose(clf.coef_, BCEClassifier().fit(rows, Y).coef_, rtol=1e-12)
    assert clf.predict(frame).shape == Y.shape


@pytest.mark.filterwarnings("ignore:Label . is")  # present in all rows, or in none
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("layout", ["C", "F", "csr_array"])
@pytest.mark.parametrize(
    ("model", "where"),
    [
        (BCEClassifier(), "row without weight"),
        (BCEClassifier(early_stopping=True), "anywhere"),
        (BCEClassifier(solver="sgd"), "anywhere"),
        (BCEClassifier(l1_ratio=0.5), "anywhere"),
        (OneVsRestBCEClassifier(), "anywhere"),
        (OneVsRestBCEClassifier(), "constant labels"),
    ],
    ids=str,
)
def test_numbers_that_are_not_finite_are_found_wherever_they_are(model, where, layout, value):
    y, weight, rows = Y, None, range(0, len(X), 7)
    if where == "row without weight":
        weight, rows = np.where(np.arange(len(X)) == 5, 0.0, WEIGHT), [5]
    elif where == "constant labels":
        y, rows = np.tile([1, 0], (len(X), 1)), [3]
    for row in rows:
        bad = X.copy()
        bad[row, -1] = value
        state = vars(model).copy()
        with pytest.raises(
            ValueError, match=f"Input X contains {'NaN' if value != value else 'inf'}"
        ):
            model.fit(LAYOUTS[layout](bad), y, weight)
        assert vars(model) == state


# Faults that SciPy does not see, made behind its back.
MALFORMED = {
    "index too large": lambda m: m.indices.__setitem__(3, 1000),
    "index far too large": lambda m: m.indices.__setitem__(3, 2**30),
    "index negative": lambda m: m.indices.__setitem__(3, -1),
    "indptr falls": lambda m: m.indptr.__setitem__(1, m.indptr[-1]),
    "indptr does not start at 0": lambda m: m.indptr.__setitem__(0, 1),
    "indptr too short": lambda m: setattr(m, "indptr", m.indptr[:-1]),
    "indptr ends beyond": lambda m: m.indptr.__setitem__(-1, m.indptr[-1] + 50),
    "data too short": lambda m: setattr(m, "data", m.data[:-1]),
    "indices too short": lambda m: setattr(m, "indices", m.indices[:-1]),
}


@pytest.mark.parametrize("kind", [sp.csr_array, sp.csc_array, sp.csr_matrix, sp.bsr_array])
@pytest.mark.parametrize("fault", MALFORMED)
def test_malformed_sparse_X(fault, kind):
    matrix = kind(X)
    MALFORMED[fault](matrix)
    with pytest.raises(ValueError, match="malformed sparse matrix"):
        fit(matrix)
    with pytest.raises(ValueError, match="malformed sparse matrix"):
        fit().predict(matrix)


@pytest.mark.parametrize("kind", [sp.csr_array, sp.csc_array])
@pytest.mark.parametrize("fault", MALFORMED)
def test_malformed_sparse_y(fault, kind):
    labels = kind((X > 0.0).astype(np.int8))
    model = OneVsRestBCEClassifier().fit(X, labels)
    matrix = kind((X > 0.0).astype(np.int8))
    MALFORMED[fault](matrix)
    for call in (
        lambda: OneVsRestBCEClassifier().fit(X, matrix),
        lambda: OneVsRestBCEClassifier(early_stopping=True).fit(X, matrix),
        lambda: OneVsRestBCEClassifier().fit(X, labels, X_val=X, y_val=matrix),
        lambda: OneVsRestBCEClassifier().partial_fit(X, matrix),
        lambda: model.score(X, matrix),
    ):
        with pytest.raises(ValueError, match="y is a malformed sparse matrix"):
            call()


@pytest.mark.parametrize("parameters", [{}, {"l1_ratio": 1.0}, {"solver": "sgd"}])
def test_spare_room_behind_the_last_row_is_not_read(parameters):
    matrix = sp.csr_array(X)
    room = matrix.copy()
    room.data, room.indices = np.append(room.data, np.nan), np.append(room.indices, 10**6)
    clf, plain = (fit(each, random_state=0, **parameters) for each in (room, matrix))
    assert clf.coef_.tobytes() == plain.coef_.tobytes()
    assert clf.predict_proba(room).tobytes() == clf.predict_proba(matrix).tobytes()


STRANGE_SPARSE = [
    (lambda: broken(sp.lil_array(X), lambda m: m.rows[0].extend([1] * 1000)), "malformed"),
    (lambda: broken(sp.lil_array(X), lambda m: m.data[0].extend([1.0] * 1000)), "malformed"),
    (lambda: broken(sp.dia_array(X), lambda m: setattr(m, "offsets", m.offsets[:2])), "malformed"),
    (lambda: broken(sp.dia_array(X), lambda m: setattr(m, "data", m.data[0])), "malformed"),
    (lambda: broken(sp.csr_array(X), lambda m: setattr(m, "data", m.data[:, None])), "malformed"),
    (
        lambda: broken(sp.csr_array(X), lambda m: setattr(m, "indices", m.indices * 1.0)),
        "malformed",
    ),
    (lambda: broken(sp.csr_array(X), lambda m: setattr(m, "indptr", m.indptr * 1.0)), "malformed"),
    (lambda: sp.coo_array(np.ones(len(Y))), "Expected a 2D sparse X, got 1D"),
]


def broken(matrix, fault):
    fault(matrix)
    return matrix


@pytest.mark.parametrize("case", range(len(STRANGE_SPARSE)))
def test_strange_sparse_X(case):
    make, message = STRANGE_SPARSE[case]
    with pytest.raises(ValueError, match=message):
        fit(make())


def test_flags_and_numbers_of_numpy():
    clf = fit(fit_intercept=np.True_, verbose=np.False_, C=np.float32(1), max_iter=np.int64(50))
    np.testing.assert_allclose(clf.coef_, fit().coef_, rtol=1e-12)
    with pytest.raises(ValueError, match="'C' parameter"):
        fit(C=10**400)


def test_a_subclass_may_have_parameters_of_its_own():
    class Named(BCEClassifier):
        def __init__(self, *, name="", C=1.0):
            super().__init__(C=C)
            self.name = name

    assert Named(name="mine", C=2.0).fit(X, Y).score(X, Y) == fit(C=2.0).score(X, Y)


def test_coefficients_too_large_for_float32():
    tiny = (X / X.std(axis=0) * 1e-40).astype(np.float32)
    clf = fit(tiny, C=np.inf)
    assert clf.coef_.dtype == np.float64
    assert np.isfinite(clf.predict_proba(tiny)).all()


@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_products_that_overflow_and_cancel(dtype, kind):
    data = np.random.default_rng(0).normal(size=(200, 3)).astype(dtype)
    y = data @ [1.0, -1.0, 0.5] > 0.3 * data[:, 2] ** 2
    clf = fit(kind(data / 100.0), y.astype(int), C=1e6)
    assert np.all(clf.coef_ * [1.0, -1.0, 1.0] > 10.0)
    most = np.finfo(dtype).max
    rows = np.array([[most, 0.0, 0.0], [0.0, most, 0.0], [most, most, 0.0], [0.0, 0.0, 0.0]], dtype)
    z = clf.decision_function(kind(rows))
    both = float(most) * float(clf.coef_[0, :2].sum(dtype=np.float64))
    np.testing.assert_array_equal(z[[0, 1, 3]], [most, -most, clf.intercept_[0]])
    np.testing.assert_allclose(z[2], np.clip(both, -most, most), rtol=1e-6)
    assert np.isfinite(clf.predict_log_proba(kind(rows))).all()
    np.testing.assert_allclose(clf.sparsify().decision_function(kind(rows)), z, rtol=1e-6)


@pytest.mark.parametrize("value", [1e200, 1e300])
@pytest.mark.parametrize("layout", ["C", "F", "csr_array"])
@pytest.mark.parametrize("solver", SOLVERS)
def test_a_row_of_weight_zero_may_hold_anything_finite(solver, layout, value):
    wild = LAYOUTS[layout](np.vstack([X * 1e-10, np.full((1, X.shape[1]), value)]))
    weight = np.append(WEIGHT, 0.0)
    clf = fit(wild, np.append(Y, 1), weight, C=np.inf, solver=solver)
    tame = fit(X * 1e-10, Y, WEIGHT, C=np.inf, solver=solver)
    np.testing.assert_allclose(clf.coef_, tame.coef_, rtol=1e-6)


@pytest.mark.parametrize("y", [np.where(Y, np.nan, 0.0), 3 * SOFT, SOFT.astype(object)])
def test_bad_targets_of_a_score(y):
    with pytest.raises(ValueError, match=r"NaN|Unknown label type"):
        fit(y=SOFT).score(X, y)


def test_malformed_coo():
    matrix = sp.coo_array(X)
    matrix.coords[0][0] = 10**6
    with pytest.raises(ValueError, match="malformed sparse matrix"):
        fit(matrix)


@pytest.mark.parametrize(
    ("data", "y", "weight"),
    [
        (hole(np.nan), Y, None),
        (X[:, :3], np.zeros(len(Y)), None),
        (pd.DataFrame(X, columns=list("abcde")), np.arange(len(Y)) % 4, None),
        (X[:, :3], Y, -WEIGHT),
    ],
)
def test_a_refused_fit_leaves_the_old_one(data, y, weight):
    clf = fit()
    before = dict(vars(clf))
    with pytest.raises(ValueError):
        clf.fit(data, y, weight)
    assert vars(clf) == before


def test_an_interrupted_fit_leaves_the_old_one(monkeypatch):
    from sklearn_bce._objective import Objective

    clf = fit()
    before = dict(vars(clf))

    def hessian(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Objective, "hessian", hessian)
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X[:, :3], Y)
    assert vars(clf) == before


# -- out


def test_probabilities():
    clf = fit(C=100.0)
    z, p = clf.decision_function(X), clf.predict_proba(X)
    np.testing.assert_allclose(p[:, 1], 1 / (1 + np.exp(-z)), rtol=1e-14)
    np.testing.assert_allclose(p.sum(axis=1), 1.0, rtol=1e-15)
    np.testing.assert_array_equal(clf.predict(X), (z > 0).astype(int))
    np.testing.assert_allclose(clf.predict_log_proba(X), np.log(p), rtol=1e-12)


def test_log_probabilities_never_take_the_logarithm_of_zero():
    clf = fit()
    clf.coef_, clf.intercept_ = np.array([[1.0]]), np.zeros(1)
    clf.n_features_in_ = 1
    log_p = clf.predict_log_proba([[-800.0], [0.0], [1e5]])
    np.testing.assert_allclose(log_p[:, 1], [-800.0, -np.log(2), 0.0], rtol=1e-15)
    np.testing.assert_allclose(log_p[:, 0], [0.0, -np.log(2), -1e5], rtol=1e-15)


def test_fitted_attributes_are_plain():
    clf = fit()
    assert clf.coef_.shape == (1, X.shape[1])
    assert clf.intercept_.shape == clf.n_iter_.shape == (1,)
    assert clf.n_iter_.dtype.kind == "i"
    assert clf.n_features_in_ == X.shape[1]
    assert clf.solver_ == "lbfgs"
    assert type(clf.optimality_) is float and 0 <= clf.optimality_ <= 1e-8
    assert all(type(value) is float for value in clf.loss_curve_)


def test_sparsify():
    clf = fit()
    before = clf.predict_proba(X)
    assert sp.issparse(clf.sparsify().coef_)
    for data in (X, sp.csr_array(X)):
        np.testing.assert_allclose(clf.predict_proba(data), before, rtol=1e-12)
    assert isinstance(clf.densify().coef_, np.ndarray)
