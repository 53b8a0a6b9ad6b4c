"""What a fit takes above X, as the user guide states it: no copy of X, and few vectors as long."""

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_bce import BCEClassifier, OneVsRestBCEClassifier

BYTES_A_ROW = 60
FIXED = 32e6
LAYOUTS = {
    "C": lambda X: X,
    "F": np.asfortranarray,
    "float32": lambda X: X.astype(np.float32),
    "csr": sp.csr_array,
}


def peak_of(fit, *arguments):
    """Bytes that a fit takes at most; a first one brings the modules and the kernels."""
    fit(*[argument[:200] for argument in arguments])
    tracemalloc.start()
    try:
        fit(*arguments)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def data(n_rows, n_features):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, n_features)) * (rng.random((n_rows, n_features)) < 0.3)
    return X, (X[:, 0] + rng.normal(size=n_rows) > 0.0).astype(int)


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cholesky", "newton-cg"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_many_rows(layout, solver):
    X, y = data(400_000, 12)
    X = LAYOUTS[layout](X)
    # The fixed part is left out: a copy of float32 X, 48 bytes a row, would hide in it. Of every
    # 16th row, which lbfgs draws, there is one: 6 bytes a row.
    assert peak_of(BCEClassifier(solver=solver).fit, X, y) <= (BYTES_A_ROW + 8) * X.shape[0]


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(3_000, 1_000), (20_000, 400)])
@pytest.mark.parametrize("solver", ["lbfgs", "newton-cholesky"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_many_columns(layout, solver, shape):
    X, y = data(*shape)
    X = LAYOUTS[layout](X)
    # lbfgs draws 8,000 rows of the longer X. It copies them where they are sparse; dense ones would
    # take 26 MB.
    fixed = FIXED if shape[1] == 1_000 or layout == "csr" else 16e6
    bound = BYTES_A_ROW * X.shape[0] + 24 * X.shape[1] ** 2 + fixed
    assert peak_of(BCEClassifier(solver=solver, C=1e-3).fit, X, y) <= bound


@pytest.mark.slow
def test_many_labels_take_turns():
    X, _ = data(40_000, 8)
    rng = np.random.default_rng(1)
    scores = X @ rng.normal(size=(8, 400)) - 3.0
    Y = sp.csr_array((rng.random(scores.shape) < 1.0 / (1.0 + np.exp(-scores))).astype(np.int8))
    del scores
    # 256 MB for the rows of the problems that are solved at once, and samples of rows
    assert peak_of(OneVsRestBCEClassifier(tol=1e-3).fit, X, Y) <= 1.25 * 2**28


@pytest.mark.parametrize("layout", ["C", "F", "csr"])
def test_of_rows_that_are_held_out_only_those_are_copied(layout):
    X, y = data(100_000, 60)
    X = LAYOUTS[layout](X)
    n_bytes = X.data.nbytes + (X.indices.nbytes if sp.issparse(X) else 0)
    plain = peak_of(BCEClassifier().fit, X, y)
    early = peak_of(BCEClassifier(early_stopping=True).fit, X, y)
    assert early - plain <= 20 * X.shape[0] + 0.11 * n_bytes
