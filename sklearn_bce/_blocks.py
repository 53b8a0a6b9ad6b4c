"""X that is somewhere else: what a first reading of its blocks finds, and the readings after it."""

from dataclasses import dataclass, replace

import numpy as np

from ._block_source import BlockSource, LabelCount, encode_block
from ._matrix import Matrix
from ._targets import Targets, binary_targets, weigh_rows
from ._threads import ALONE, Team, team_of_a_fit

_SAME_MASS = 1e-9  # relative


@dataclass(frozen=True)
class Blocks:
    """What a first reading tells of a source, which takes the place of a `Matrix`."""

    source: BlockSource
    targets: Targets  # of all rows, merged to two, one for each class
    label_smoothing: float
    columns: tuple  # of `Matrix.center_and_scale`
    shape: tuple
    dtype: np.dtype
    is_sparse: bool
    team: Team = ALONE
    with_hessian: bool = False  # whether every evaluation works out the Hessian as well

    def at_work(self, team, solver):
        """Return the same for the threads of a fit, and for what the solver will ask."""
        return replace(self, team=team, with_hessian=solver in ("newton-cholesky", "newton-cd"))

    def center_and_scale(self, weight, centered):
        """Return what the first reading has found."""
        return self.columns

    @property
    def mass(self):
        """Weight of all rows on [yes, no]."""
        return np.array([self.targets.positive.sum(), self.targets.negative.sum()])

    def read(self):
        """Yield X, u and v of one block after another."""
        n_rows, mass = 0, np.zeros(2)
        classes, factors = self.targets.classes, self.targets.factors
        for X, y, weight in self.source:
            y = encode_block(y, classes)
            positive, negative = weigh_rows(y, weight, factors, self.label_smoothing)
            n_rows += X.shape[0]
            mass += positive.sum(), negative.sum()
            yield X, positive, negative
            del X, y, weight, positive, negative
        if n_rows != self.shape[0]:
            raise ValueError(
                "source must give the same rows each time it is read, but had "
                f"{self.shape[0]} rows the first time and now has {n_rows}. A callable must return "
                "a new iterator at each call."
            )
        if not np.allclose(mass, self.mass, rtol=_SAME_MASS, atol=0.0):
            raise ValueError(
                "source must give the same rows each time it is read, but the weights of the two "
                f"classes were {self.mass.tolist()} the first time and now are {mass.tolist()}."
            )


def survey(estimator, source):
    """Read a source for the first time.

    Parameters
    ----------
    estimator : BCEClassifier
        Its parameters are read; it learns the number and the names of the features.
    source : iterable or callable
        As in `BCEClassifier.fit_blocks`.

    Returns
    -------
    Blocks

    Raises
    ------
    ValueError
        If the blocks are not as they should be, or their labels no binary target.
    """
    source = BlockSource(estimator, source)
    labels, moments = LabelCount(), _Moments(bool(estimator.fit_intercept))
    n_rows = 0
    with team_of_a_fit() as team:
        for X, y, weight in source:
            labels.add(y, weight)
            moments.add(Matrix(X, team), weight)
            n_rows, dtype = n_rows + X.shape[0], X.dtype
            del X, y, weight
    if n_rows == 0:
        raise ValueError("source is empty: it gave no block with any row.")
    targets = binary_targets(
        *labels.classes_and_mass(),
        class_weight=estimator.class_weight,
        pos_weight=estimator.pos_weight,
        label_smoothing=estimator.label_smoothing,
    )
    return Blocks(
        source,
        targets,
        float(estimator.label_smoothing),
        moments.columns(),
        (n_rows, moments.mean.size),
        dtype,
        moments.is_sparse,
    )


class _Moments:
    """Centre and scale of the columns of all blocks, from those of each.

    Means and mean squares are put together as by Chan, Golub and LeVeque ("Algorithms for Computing
    the Sample Variance", American Statistician 37, 1983), and lose no digits.
    """

    def __init__(self, centered):
        self.centered = centered
        self.total = 0.0

    def add(self, matrix, weight):
        """Add a block; rows of weight zero count for nothing."""
        total = weight.sum()
        self.is_sparse = matrix.is_sparse
        if total == 0.0:
            return
        with np.errstate(over="ignore", invalid="ignore"):
            mean, scale, is_constant = matrix.center_and_scale(weight / total, self.centered)
        scale = np.where(is_constant, 0.0, scale)
        if self.total == 0.0:
            self.mean, self.scale = mean, scale
        else:
            share = total / (self.total + total)
            distance = mean - self.mean
            between = np.sqrt(share * (1.0 - share)) * distance
            self.scale = np.hypot(np.sqrt(1.0 - share) * self.scale, np.sqrt(share) * scale)
            if not self.is_sparse:  # their scales are those about zero
                self.scale = np.hypot(self.scale, between)
            self.mean = self.mean + share * distance
        self.total += total

    def columns(self):
        """Return the centre, the scale and whether it is constant, of each column."""
        is_constant = self.scale == 0.0
        return self.mean, np.where(is_constant, 1.0, self.scale), is_constant
