"""What the user guide says about the focal loss: where it bends, and how many minima there are."""

import numpy as np
import pytest
from scipy.special import expit

from sklearn_bce import BCEClassifier, loss

CURVATURES = [  # gamma, largest, smallest, negative for p below, largest slope
    (0.0, 0.25, 0.0, 0.0, 1.0),
    (0.5, 0.3246, -0.0033, 0.0177, 1.0090),
    (1.0, 0.3902, -0.0165, 0.0432, 1.0453),
    (2.0, 0.4962, -0.0472, 0.0578, 1.1290),
    (3.0, 0.5785, -0.0742, 0.0575, 1.2016),
    (5.0, 0.7012, -0.1170, 0.0502, 1.3146),
]


@pytest.mark.parametrize(("gamma", "largest", "smallest", "below", "steepest"), CURVATURES)
def test_table_of_curvatures(gamma, largest, smallest, below, steepest):
    z = np.linspace(-40.0, 10.0, 500_001)
    curvature = loss.curvature(1.0, z, gamma=gamma)
    assert curvature.max() == pytest.approx(largest, abs=5.1e-5)
    assert curvature.min() == pytest.approx(smallest, abs=5.1e-5)
    is_negative = curvature < 0.0
    assert (expit(z[is_negative]).max() if gamma else 0.0) == pytest.approx(below, abs=5.1e-5)
    steepness = np.abs(loss.gradient(1.0, z, gamma=gamma)).max()
    assert steepness == pytest.approx(steepest, abs=5.1e-5)


def smallest_eigenvalue(X, y, weight, z, C, gamma):
    """Of the Hessian of the objective without intercept, at logits z = X w."""
    curvature = weight * loss.curvature(y, z, gamma=gamma)
    return np.linalg.eigvalsh(np.eye(X.shape[1]) + C * (X.T * curvature) @ X)[0]


@pytest.mark.parametrize(("gamma", "bend"), [(0.5, 0.0033), (2.0, 0.0472), (5.0, 0.1170)])
def test_a_strong_penalty_makes_it_convex_without_an_intercept(gamma, bend):
    rng = np.random.default_rng(0)
    X, y, weight = rng.normal(size=(50, 3)), rng.integers(0, 2, 50), rng.uniform(0.1, 3.0, 50)
    C = 1.0 / (bend * 1.02 * np.linalg.eigvalsh((X.T * weight) @ X)[-1])
    for _ in range(500):
        z = X @ (rng.normal(size=3) * 10.0 ** rng.uniform(-1, 2))
        assert smallest_eigenvalue(X, y, weight, z, C, gamma) >= 0.0


def test_the_bound_is_sharp_where_all_rows_bend():
    X, y, weight = np.array([[1.0]]), np.array([1]), np.array([1.0])
    z = np.linspace(-8.0, 0.0, 2001)
    lowest = [
        min(smallest_eigenvalue(X, y, weight, each, C, 2.0) for each in z[:, np.newaxis])
        for C in (0.99 / 0.0472, 1.01 / 0.0472)
    ]
    assert lowest[0] > 0.0 > lowest[1]


@pytest.mark.parametrize("gamma", [0.1, 0.5, 2.0, 5.0])
def test_an_intercept_always_breaks_it(gamma):
    curvature = loss.curvature(1.0, -200.0, gamma=gamma) + 1e3 * loss.curvature(
        0.0, -200.0, gamma=gamma
    )
    assert curvature < 0.0


def test_two_minima():
    X, y, weight = np.array([[-1.0], [-0.01]]), np.array([1, 0]), np.array([1.0, 385.0])
    clf = BCEClassifier(C=1000.0, gamma=2.0, fit_intercept=False, warm_start=True)
    ends = []
    for start in (1.0, 12.0):
        clf.fit(X, y, weight)
        clf.coef_ = np.array([[start]])
        clf.fit(X, y, weight)
        assert clf.optimality_ <= clf.tol
        ends.append((clf.coef_[0, 0], clf.loss_curve_[-1]))
    assert ends == [
        pytest.approx((2.296, 0.171233), abs=1e-3),
        pytest.approx((9.279, 0.171052), abs=1e-3),
    ]
    assert ends[0][1] > ends[1][1] + 1e-4
