"""`expected_calibration_error` by hand, by scikit-learn's bins, on ties and on repeated rows."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from sklearn_bce import metrics
from tests.test_metrics import COUNTS, GUESS, VOTES


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
@pytest.mark.parametrize("n_bins", [1, 2, 5, 10])
def test_calibration_error_by_scikit_learns_bins(strategy, n_bins):
    rng = np.random.default_rng(0)
    p = rng.random(81)  # no ties
    y = (rng.random(81) < p**2).astype(int)
    shares, means = calibration_curve(y, p, n_bins=n_bins, strategy=strategy)
    edges = np.linspace(0, 1, n_bins + 1)
    if strategy == "quantile":
        edges = np.quantile(p, edges, method="inverted_cdf")
    index = np.searchsorted(edges[1:-1], p)
    sizes = np.bincount(index, minlength=n_bins)
    expected = sum(
        abs((p - y)[index == k].mean()) * size / 81 for k, size in enumerate(sizes) if size
    )
    got = metrics.expected_calibration_error(y, p, n_bins=n_bins, strategy=strategy)
    assert got == pytest.approx(expected, rel=1e-12)
    if strategy == "uniform":
        sizes = sizes[sizes > 0]
        assert got == pytest.approx(np.average(np.abs(shares - means), weights=sizes), rel=1e-12)


def test_calibration_error_by_hand():
    y, p = np.array([0.2, 0.6, 0.9, 1.0]), np.array([0.1, 0.4, 0.6, 0.7])
    weight = np.array([1.0, 3.0, 2.0, 2.0])
    # two bins: |(0.1 - 0.2) + 3 (0.4 - 0.6)| = 0.7 and |2 (0.6 - 0.9) + 2 (0.7 - 1)| = 1.2, of 8
    for strategy in ("uniform", "quantile"):
        got = metrics.expected_calibration_error(
            y, p, n_bins=2, strategy=strategy, sample_weight=weight
        )
        assert got == pytest.approx(1.9 / 8)
    # over and under cancel in one bin, not in four
    options = {"strategy": "quantile", "sample_weight": [1.0, 1.0, 1.0, 1.0]}
    y = [0.2, 0.3, 0.7, 0.6]
    assert metrics.expected_calibration_error(y, p, n_bins=1, **options) == pytest.approx(0)
    assert metrics.expected_calibration_error(y, p, n_bins=4, **options) == pytest.approx(0.1)


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
def test_calibration_error_does_not_part_ties(strategy):
    p = np.repeat([0.2, 0.7], [90, 10])
    y = np.arange(100) % 2
    for order in (np.arange(100), np.random.default_rng(0).permutation(100)):
        got = metrics.expected_calibration_error(y[order], p[order], n_bins=7, strategy=strategy)
        assert got == pytest.approx(0.9 * 0.3 + 0.1 * 0.2, rel=1e-12)


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
def test_a_weight_of_the_calibration_error_is_a_count(strategy):
    weight = COUNTS.astype(float)
    y, p = VOTES / 10, GUESS
    options = {"n_bins": 6, "strategy": strategy}
    got = metrics.expected_calibration_error(y, p, sample_weight=weight, **options)
    rows = np.repeat(np.arange(80), COUNTS)
    expected = metrics.expected_calibration_error(y[rows], p[rows], **options)
    assert got == pytest.approx(expected, rel=1e-12)
    assert got == pytest.approx(
        metrics.expected_calibration_error(y, p, sample_weight=1e-300 * weight, **options)
    )
