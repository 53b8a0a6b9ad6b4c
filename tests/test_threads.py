"""Threads: any number of them gives the same bits, and none is left, lost or one too many."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import joblib
import numba
import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import ThreadpoolController, threadpool_limits

import sklearn_bce
from sklearn_bce import BCEClassifier, OneVsRestBCEClassifier, _gram, _matrix, _threads
from sklearn_bce._gram import gram_matrix
from sklearn_bce._matrix import Matrix
from sklearn_bce._objective import Objective
from sklearn_bce._threads import Team, team_of_a_fit

from .problems import SOLVERS

LAYOUTS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "float32": lambda X: np.ascontiguousarray(X, dtype=np.float32),
    "CSR": sp.csr_array,
    "CSC": sp.csc_array,
}
LOSSES = {"cross-entropy": 0.0, "focal": 2.0}


def data(n_rows, n_columns, density=1.0, n_classes=2):
    rng = np.random.default_rng(n_columns)
    X = rng.normal(size=(n_rows, n_columns))
    if density < 1.0:
        X[rng.random(X.shape, dtype=np.float32) > density] = 0.0
    z = X @ rng.normal(size=(n_columns, n_classes)) / np.sqrt(density * n_columns)
    return X, np.argmax(z + rng.logistic(size=z.shape), axis=1)


def busy_threads():
    """Nanoseconds that each thread of this process has worked, by its number."""
    return {
        int(folder.name): int((folder / "schedstat").read_text().split()[0])
        for folder in Path("/proc/self/task").iterdir()
    }


def run_child(name, *arguments, **environment):
    """Call a function of this file in a Python of its own; return the JSON that it prints.

    If its threads wait for each other it ends with their tracebacks, where pytest would hang.
    """
    folders = [Path(sklearn_bce.__file__).parents[1], Path(__file__).parents[1]]
    path = os.pathsep.join(map(str, folders))
    script = (
        "import faulthandler, sys; faulthandler.dump_traceback_later(200, exit=True); "
        f"from tests import test_threads; test_threads.{name}(*sys.argv[1:])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": path} | environment,
        text=True,
        capture_output=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def cut_into_parts_of(n_values, monkeypatch):
    """Let parts of X of any layout be worth a thread's while from so many entries."""
    for name in ("_DENSE_PART", "_SPARSE_PART", "_SHARED_SPARSE_PART"):
        _, a_column, _ = getattr(_matrix, name)
        monkeypatch.setattr(_matrix, name, (n_values, a_column, 0))


@pytest.fixture
def allow(monkeypatch):
    """Say how many threads a fit may have, whatever this machine has."""

    def set_number(n):
        monkeypatch.setattr(_threads, "_numba_threads", lambda: n)
        monkeypatch.setattr(_threads, "_count_blas_threads", lambda: n)

    return set_number


@pytest.fixture
def small_parts(monkeypatch):
    cut_into_parts_of(50, monkeypatch)


@pytest.fixture
def helpers(monkeypatch):
    return record_helpers(monkeypatch.setattr)


def record_helpers(set_attribute):
    """The threads that teams start from now on."""
    started = []

    def start(**arguments):
        started.append(threading.Thread(**arguments))
        return started[-1]

    set_attribute(_threads, "Thread", start)
    return started


def blas_threads():
    libraries = ThreadpoolController().lib_controllers
    return {each.filepath: each.num_threads for each in libraries if each.user_api == "blas"}


# -- bits

# As many values as parts of the real size take; 40 columns have one Gram matrix a part, 300 tiles.
DENSE = {40: (55_000, 1.0), 300: (7_400, 1.0)}
SPARSE = {40: (110_000, 0.5), 300: (30_000, 0.25)}
FEW_ROWS = (300, 8_000, 1.0)
WIDE = (4_000, 4_100, 0.1)
L1_LAYOUTS = ("C", "F", "CSR")
FIT = {"tol": 1e-4, "max_iter": 2}  # bits are compared, not optima


def cases():
    """Yield the name, X, y and the estimator."""
    for p in DENSE:
        for layout, convert in LAYOUTS.items():
            n, density = (SPARSE if layout in ("CSR", "CSC") else DENSE)[p]
            X, y = data(n, p, density)
            X = convert(X)
            # CSC becomes CSR before any solver sees it
            for solver in SOLVERS if layout != "CSC" else ["lbfgs"]:
                for loss, gamma in LOSSES.items():
                    clf = BCEClassifier(solver=solver, gamma=gamma, **FIT)
                    yield f"{layout} {p} {solver} {loss}", X, y, clf
            if layout in L1_LAYOUTS:
                yield f"{layout} {p} newton-cd", X, y, BCEClassifier(l1_ratio=0.5, **FIT)
    for layout, shape in {"C": FEW_ROWS, "F": FEW_ROWS, "CSR": WIDE}.items():
        X, y = data(*shape)
        yield f"{layout} wide", LAYOUTS[layout](X), y, BCEClassifier(**FIT)
    for layout, (n, density) in {"C": DENSE[40], "CSR": SPARSE[40]}.items():
        X, y = data(n, 40, density, n_classes=4)
        X = LAYOUTS[layout](X)
        for solver in SOLVERS:
            yield f"{layout} 4 classes {solver}", X, y, OneVsRestBCEClassifier(solver=solver, **FIT)


def fit_all(n_threads):
    """In a child: print every case's coefficients as hex, and check that threads did work."""
    n_threads = int(n_threads)
    helpers = record_helpers(setattr)
    bits = {}
    if not blas_threads():  # Accelerate cannot be told
        _threads._count_blas_threads = lambda: n_threads
    # OpenBLAS takes no more threads from the environment than there are processors.
    with threadpool_limits(n_threads, user_api="blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # two iterations are too few, of course
        with team_of_a_fit() as team:
            assert team.size == n_threads
        for name, X, y, clf in cases():
            rows = X.tocsr() if sp.issparse(X) else X
            assert len(Matrix(rows).parts()) > 3, name
            helpers.clear()
            clf.fit(X, y)
            assert len(helpers) == n_threads - 1, name
            bits[name] = clf.coef_.tobytes().hex() + clf.intercept_.tobytes().hex()
    print(json.dumps(bits))


N_THREADS = (1, 2, 3, 7)


@pytest.fixture(scope="module")
def bits():
    """Number of threads -> case -> coefficients as hex."""
    names = ("NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")

    def with_threads(n):
        return run_child("fit_all", n, **dict.fromkeys(names, str(n)))

    with ThreadPoolExecutor(2) as two_at_a_time:
        return dict(zip(N_THREADS, two_at_a_time.map(with_threads, N_THREADS), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("n_threads", N_THREADS[1:])
def test_coefficients_do_not_depend_on_the_number_of_threads(n_threads, bits):
    some, one = bits[n_threads], bits[1]
    n_of_two_classes = len(LOSSES) * (4 * len(SOLVERS) + 1) + len(L1_LAYOUTS)
    assert len(one) == 2 * n_of_two_classes + 2 * len(SOLVERS) + 3
    assert some.keys() == one.keys()
    assert [name for name in one if some[name] != one[name]] == []


def fit_eight_at_once():
    """In a child: the bits of fits side by side and alone, and what the fits leave behind."""
    _matrix._DENSE_PART = 50, 16, 0
    _threads._numba_threads = _threads._count_blas_threads = lambda: 7
    before, threads = blas_threads(), set(threading.enumerate())
    jobs = []
    for convert in LAYOUTS.values():
        X, y = data(3000, 20)
        jobs += [(convert(X), y, BCEClassifier(solver=solver)) for solver in SOLVERS]
        jobs.append((convert(X), y, BCEClassifier(gamma=2.0)))
        jobs.append((convert(X), y, BCEClassifier(l1_ratio=1.0)))
        X, y = data(3000, 20, n_classes=4)
        jobs.append((convert(X), y, OneVsRestBCEClassifier()))

    def bits(X, y, clf):
        clf.fit(X, y)
        return clf.coef_.tobytes() + clf.intercept_.tobytes()

    alone = [bits(*job) for job in jobs]
    with ThreadPoolExecutor(8) as executor:
        together = list(executor.map(bits, *zip(*jobs, strict=True)))
    same_bits = [one == other for one, other in zip(alone, together, strict=True)]
    same_threads = set(threading.enumerate()) == threads
    print(json.dumps([same_bits, same_threads, blas_threads() == before, len(_threads._running)]))


@pytest.mark.slow
def test_eight_fits_at_once():
    same_bits, same_threads, same_limits, n_running = run_child("fit_eight_at_once")
    assert len(same_bits) == len(LAYOUTS) * (len(SOLVERS) + 3)
    assert all(same_bits)
    assert same_threads
    assert same_limits
    assert n_running == 0


# -- Team.map


@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize("n_parts", [0, 1, 2, 100])
def test_every_part_is_done_once_and_answers_are_in_order(size, n_parts):
    done = []

    def task(part, factor):
        time.sleep(0.0005 * (part % 3))
        done.append(part)
        return factor * part

    with closing(Team(size)) as team:
        assert team.map(task, [(part, 10) for part in range(n_parts)]) == [
            10 * part for part in range(n_parts)
        ]
    assert sorted(done) == list(range(n_parts))


def test_all_threads_of_a_team_work():
    barrier = threading.Barrier(4, timeout=30)  # broken unless four tasks are under way at once
    with closing(Team(4)) as team:
        assert sorted(team.map(barrier.wait, [()] * 4)) == [0, 1, 2, 3]


@pytest.mark.parametrize("size", [1, 3])
def test_a_lone_part_or_a_lone_thread_starts_no_thread(size, helpers):
    with closing(Team(size)) as team:
        assert team.map(str, [(1,)]) == ["1"]
        assert helpers == []
        team.map(str, [(1,), (2,)])
        assert len(helpers) == size - 1
    assert not any(helper.is_alive() for helper in helpers)
    team.close()  # twice does no harm


def role():
    """Who works: "main" is whoever called map, "0" and "1" the helpers as they were started."""
    name = threading.current_thread().name
    return name.rpartition("_")[2] if name.startswith("sklearn_bce") else "main"


@pytest.mark.parametrize("raiser", ["main", "0", "1"])
def test_an_error_leaves_nobody_working(raiser):
    barrier = threading.Barrier(3, timeout=30)
    ended = []

    def task(part):
        barrier.wait()  # three threads have a part each
        if role() == raiser:
            raise KeyError(part)
        time.sleep(0.2 * (role() != "main"))
        ended.append(part)

    with closing(Team(3)) as team:
        with pytest.raises(KeyError):
            team.map(task, [(0,), (1,), (2,)])
        assert len(ended) == 2
        assert team.map(str, [(0,), (1,)]) == ["0", "1"]  # and the team is as good as before


@pytest.mark.parametrize("raiser", ["main", "0", "1"])
def test_after_an_error_nobody_begins_another_part(raiser):
    barrier = threading.Barrier(3, timeout=30)
    begun = []

    def task(part):
        begun.append(part)
        if part < 3:
            barrier.wait()
        if role() == raiser:
            raise KeyError(part)
        time.sleep(0.01)

    with closing(Team(3)) as team, pytest.raises(KeyError):
        team.map(task, [(part,) for part in range(100)])
    assert len(begun) < 30  # one or two a thread, were they all equally fast


def share_out_within_tasks(size):
    """In a child: a map whose tasks map, three deep."""

    def leaf(i):
        time.sleep(0.0001)
        return i

    with closing(Team(int(size))) as team:

        def branch(i, depth):
            if depth == 0:
                return sum(team.map(leaf, [(i,)] * 5))
            return sum(team.map(branch, [(i + k, depth - 1) for k in range(4)]))

        print(json.dumps(branch(0, 3)))


@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 2, 5])
def test_tasks_may_share_out_work_themselves(size):
    # of 64 leaves' sums of three digits 0 to 3, five times each
    assert run_child("share_out_within_tasks", size) == 5 * 64 * 3 * 1.5


def test_tasks_see_the_error_state_of_their_caller():
    barrier = threading.Barrier(3, timeout=30)

    def task():
        barrier.wait()
        return np.geterr()["divide"]

    with closing(Team(3)) as team:
        for state in ("raise", "ignore"):  # the second time the threads are not new
            with np.errstate(divide=state):
                assert team.map(task, [()] * 3) == [state] * 3


def until_interrupted(action, n_times, longest):
    """Do it again and again until Ctrl-C, so many times; return how often that came."""
    n_interrupts, moment = 0, np.random.default_rng(0).uniform
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    for _ in range(n_times):
        try:
            signal.setitimer(signal.ITIMER_REAL, moment(1e-4, longest))
            while True:
                action()
        except KeyboardInterrupt:
            n_interrupts += 1
    return n_interrupts


def interrupt_maps():
    """In a child: print how many loops Ctrl-C has ended, and the threads that are left."""
    with closing(Team(2)) as team:
        parts = [(part,) for part in range(6)]
        n_interrupts = until_interrupted(lambda: team.map(str, parts), 2_000, 1e-3)
        assert team.map(str, parts) == [str(part) for part in range(6)]
    print(json.dumps([n_interrupts, threading.active_count()]))


def interrupt_teams():
    """In a child: the same where teams are started and ended."""

    def one_team():
        with team_of_a_fit() as team:
            team.map(str, [(1,), (2,), (3,)])

    _threads._numba_threads = _threads._count_blas_threads = lambda: 3
    before = blas_threads()
    n_interrupts = until_interrupted(one_team, 2_000, 1e-3)
    deadline = time.monotonic() + 10.0
    while threading.active_count() > 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    # Ctrl-C may still come between two lines, before a team is known: a thread that sleeps is left.
    n_left = threading.active_count() - 1
    print(json.dumps([n_interrupts, n_left <= 20, blas_threads() == before]))


def interrupt_fits():
    """In a child: the same for small fits; BLAS has its threads again after each."""
    X, y = load_breast_cancer(return_X_y=True)
    clf = BCEClassifier().fit(X, y)
    before, after = blas_threads(), []

    def fits():
        after.append(blas_threads() == before)
        while True:
            clf.fit(X, y)

    n_interrupts = until_interrupted(fits, 500, 4e-3)
    print(json.dumps([n_interrupts, all(after) and blas_threads() == before]))


needs_timers = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="POSIX signals")


@needs_timers
@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("interrupt_maps", [2_000, 1]),
        ("interrupt_teams", [2_000, True, True]),
        ("interrupt_fits", [500, True]),
    ],
)
def test_ctrl_c_at_any_moment_is_not_lost_and_leaves_nothing_locked(name, outcome):
    assert run_child(name) == outcome


def test_a_task_is_forgotten_with_its_data_when_all_is_done():
    release = threading.Event()

    class Data:
        pass

    data = Data()
    gone = weakref.ref(data)
    with closing(Team(2)) as team:
        # The helper is busy elsewhere, so that it comes upon the job late.
        team.map(lambda held: release.wait(30) if held else time.sleep(0.05), [(False,), (False,)])
        team._jobs.put(lambda: release.wait(30))
        assert team.map(lambda part, data=data: part, [(1,), (2,)]) == [1, 2]
        del data
        assert gone() is None
        release.set()


def test_of_several_errors_the_first_part_counts():
    barrier = threading.Barrier(3, timeout=30)

    def task(part):
        barrier.wait()
        raise KeyError(part)

    with closing(Team(3)) as team, pytest.raises(KeyError, match="0"):
        team.map(task, [(0,), (1,), (2,)])


# -- parts of the rows


def empty_rows():
    X = data(500, 8, density=0.4)[0]
    X[:200] = X[300:] = 0.0
    return sp.csr_array(X)


def one_long_row():
    X = np.zeros((40, 2000))
    X[:, :3] = 1.0
    X[7] = 2.0
    return sp.csr_array(X)


PARTED = {
    **{name: LAYOUTS[name](data(500, 8)[0]) for name in ("C", "F", "float32", "CSR")},
    "empty rows": empty_rows(),
    "one long row": one_long_row(),
    "no entry": sp.csr_array((30, 4)),
    "one row": np.ones((1, 7)),
    "one sparse row": sp.csr_array(np.ones((1, 7))),
    "no column": np.ones((9, 0)),
    "no sparse column": sp.csr_array((9, 0)),
}


@pytest.mark.parametrize("name", PARTED)
@pytest.mark.parametrize("part_values", [1, 50, 2**19])
@pytest.mark.parametrize("arguments", [(), (8,), (0.1,), (1, 64)], ids=str)
def test_parts_are_all_rows_in_order(name, part_values, arguments, monkeypatch):
    cut_into_parts_of(part_values, monkeypatch)
    X = PARTED[name]
    parts = Matrix(X).parts(*arguments)
    assert parts == Matrix(X, Team(7)).parts(*arguments)  # bits must not depend on the threads
    assert 1 <= len(parts) <= 64
    rows = [row for start, stop in parts for row in range(start, stop)]
    assert rows == list(range(X.shape[0]))
    if sp.issparse(X):
        entries = [X.indptr[stop] - X.indptr[start] for start, stop in parts]
        assert max(entries) <= X.nnz / len(parts) + np.diff(X.indptr).max()


def test_small_data_is_one_part_and_large_data_is_many():
    assert Matrix(np.empty((1000, 100))).parts() == [(0, 1000)]
    assert len(Matrix(np.empty((20 * 2**10, 512))).parts()) == 20
    assert len(Matrix(np.empty((100 * 2**10, 1))).parts(10**6)) == 64
    assert Matrix(np.empty((20 * 2**10, 512))).parts(partial_values=2**21) == [(0, 20 * 2**10)]
    assert len(Matrix(np.empty((3000, 200))).parts(201 / 8, 201**2)) == 2  # not of 100 rows each


def answers(X, y, gamma, team):
    """All that is summed up over rows."""
    u, v = np.where(y == 1, 1.5, 0.1), np.where(y == 0, 0.7, 0.0)
    matrix = Matrix(X, team)
    objective = Objective(matrix, u, v, 0.3, (gamma, gamma), True)
    theta = np.linspace(-1.0, 1.0, X.shape[1] + 1)
    point = objective.evaluate(theta)
    center, scale, _ = matrix.center_and_scale(u + v, True)
    return {
        "value": point.value,
        "gradient": point.gradient,
        "weight": point.curvature,
        "hessian": objective.hessian(point),
        "product": objective.hessian_product(point, theta[::-1].copy()),
        "logits": objective.logits(theta),
        "center": center,
        "scale": scale,
    }


@pytest.mark.parametrize("gamma", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("layout", ["C", "F", "float32", "CSR"])
def test_sums_over_parts_are_the_sums(layout, gamma, monkeypatch):
    X, y = data(500, 8, density=0.6)
    X = LAYOUTS[layout](X)
    whole = answers(X, y, gamma, Team())
    assert len(Matrix(X).parts()) == 1
    cut_into_parts_of(50, monkeypatch)
    assert len(Matrix(X).parts()) > 15
    with closing(Team(3)) as team:
        split = answers(X, y, gamma, team)
    for name, expected in whole.items():
        atol = 1e-13 * np.abs(expected).max()
        np.testing.assert_allclose(split[name], expected, rtol=1e-13, atol=atol, err_msg=name)


@pytest.mark.parametrize("shape", [(1, 10), (3, 10), (65, 10), (200, 4), (40, 25)], ids=str)
@pytest.mark.parametrize("layout", ["C", "F", "float32"])
@pytest.mark.parametrize("is_x86", [True, False])
def test_gram_matrix_in_strips(layout, shape, is_x86, monkeypatch):
    monkeypatch.setattr(_gram, "_IS_X86", is_x86)
    monkeypatch.setattr(_gram, "_MAX_WHOLE", 4)
    monkeypatch.setattr(_gram, "_STRIP", 1)
    monkeypatch.setattr(_gram, "_LONG_BLOCK_VALUES", 80)  # 3 to 16 rows a block
    X = LAYOUTS[layout](data(*shape)[0])
    weight = np.linspace(0.0, 1.0, shape[0])
    center, scale = np.linspace(-1.0, 1.0, shape[1]), np.exp2(np.arange(shape[1]) % 5 - 2.0)
    S = np.column_stack([(X.astype(np.float64) - center) / scale, np.ones(shape[0])])
    with closing(Team(3)) as team:
        got = gram_matrix(Matrix(X, team), weight, center, scale)
    allowed = 1e-13 * (np.abs(S).T * weight) @ np.abs(S)
    assert (np.abs(got - (S.T * weight) @ S) <= allowed).all()
    np.testing.assert_array_equal(got, got.T)


# -- the team of a fit


def sizes_of_teams():
    """In a child with NUMBA_NUM_THREADS=6: print the sizes of teams under several limits."""
    sizes = []

    def note():
        with team_of_a_fit() as team:
            sizes.append(team.size)

    with threadpool_limits(6, user_api="blas"):
        note()
        with threadpool_limits(2, user_api="blas"):
            note()
        numba.set_num_threads(3)
        note()
        numba.set_num_threads(6)
        note()
        with threadpool_limits(1, user_api="blas"):
            note()
    print(json.dumps(sizes))


@pytest.mark.skipif(not blas_threads(), reason="a BLAS that cannot be told")
def test_size_follows_numba_and_blas():
    environment = {"NUMBA_NUM_THREADS": "6", "NUMBA_THREADING_LAYER": "workqueue"}
    assert run_child("sizes_of_teams", **environment) == [6, 2, 3, 6, 1]


@pytest.mark.parametrize(("n_threads", "shares"), [(8, [8, 4, 2, 2, 1]), (3, [3, 1, 1]), (1, [1])])
def test_fits_at_the_same_time_share_the_threads(n_threads, shares, allow):
    allow(n_threads)
    before = blas_threads()
    with ExitStack() as stack:
        for size in shares:
            assert stack.enter_context(team_of_a_fit()).size == size
            assert set(blas_threads().values()) <= {1}
    assert blas_threads() == before
    with team_of_a_fit() as team:
        assert team.size == n_threads


@pytest.mark.skipif(not blas_threads(), reason="a BLAS that cannot be told")
def test_the_last_of_several_fits_lifts_the_limit():
    with threadpool_limits(2, user_api="blas"):
        first, second = team_of_a_fit(), team_of_a_fit()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert set(blas_threads().values()) == {1}
        second.__exit__(None, None, None)
        assert set(blas_threads().values()) == {2}


def test_threads_end_and_limits_are_lifted_after_an_error(allow):
    allow(4)
    before, threads = blas_threads(), set(threading.enumerate())
    with pytest.raises(ZeroDivisionError), team_of_a_fit() as team:
        team.map(str, [(1,), (2,), (3,)])
        raise ZeroDivisionError
    assert blas_threads() == before
    assert set(threading.enumerate()) == threads


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_small_fit_starts_no_thread(solver, allow, helpers):
    allow(7)
    X, y = load_breast_cancer(return_X_y=True)
    BCEClassifier(solver=solver).fit(X / X.std(axis=0), y)
    assert helpers == []


def team_size(pause=0.0):
    with team_of_a_fit() as team:
        time.sleep(pause)
        return team.size


def test_joblibs_workers_share_the_processors(monkeypatch):
    for name in list(os.environ):
        if name.endswith("_NUM_THREADS"):  # what the user says goes
            monkeypatch.delenv(name)
    sizes = joblib.Parallel(n_jobs=2)(joblib.delayed(team_size)(0.1) for _ in range(4))
    assert set(sizes) <= set(range(1, max(1, joblib.cpu_count() // 2) + 1))


# Threads that wait for work with their eyes open take the cores from those of the fit.
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="tells what each thread does")
@pytest.mark.parametrize("kind", [BCEClassifier, OneVsRestBCEClassifier])
def test_the_threads_of_blas_stay_asleep(kind):
    X, y = data(50_000, 4, n_classes=2 if kind is BCEClassifier else 3)
    clf = kind().fit(X, y)
    time.sleep(1.0)  # those that others have woken fall asleep
    before = busy_threads()
    clf.fit(X, y)
    after = busy_threads()
    others = after.keys() & before.keys() - {threading.get_native_id()}
    assert sum(after[thread] - before[thread] for thread in others) < 2e6


# -- fork


def fit_in_child(X, y, before, writer):
    """In a forked child: send what runs inside a fit and after it, and the fit's coefficients."""
    try:
        signal.alarm(60)  # a child that hangs is ended
        assert blas_threads() == before
        with team_of_a_fit():
            inside = len(_threads._running)
        coef = BCEClassifier().fit(X, y).coef_
        os.write(writer, bytes([inside, len(_threads._running)]) + coef.tobytes())
        os._exit(0)
    finally:
        os._exit(1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_forked_during_a_fit_has_its_threads(allow, small_parts, helpers):
    allow(3)
    X, y = data(500, 8)
    expected = BCEClassifier().fit(X, y).coef_.tobytes()
    assert len(helpers) == 2
    before = blas_threads()
    with team_of_a_fit() as team:
        team.map(str, [(1,), (2,), (3,)])  # its threads are there, and stay behind
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            fit_in_child(X, y, before, writer)
        assert os.waitpid(pid, 0)[1] == 0
        assert os.read(reader, 2) == bytes([1, 0])
        assert os.read(reader, 1000) == expected
        os.close(reader)
        os.close(writer)
        assert len(_threads._running) == 1
    assert not _threads._running
