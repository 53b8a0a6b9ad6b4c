"""X that is somewhere else: what a first reading of its blocks finds, and the readings after it."""

from dataclasses import dataclass, replace

import numpy as np

from ._block_labels import BinaryTargets, ColumnCount, LabelCount, LabelTargets
from ._block_source import BlockSource
from ._matrix import Matrix
from ._objective import MAX_FACTOR_SIZE
from ._threads import ALONE, Team, team_of_a_fit

_SAME_MASS = 1e-9  # relative
_MOST_BYTES = 2**28  # what labels solved at once may take
# Of one: some Hessians, or the sample of "lbfgs", 20 rows a column and at least 5,000; if there are
# too many columns for either, vectors.
_BYTES_A_COLUMN = 8 * 30
_LEAST_SAMPLE = 200


@dataclass(frozen=True)
class Blocks:
    """What a first reading tells of a source, which takes the place of a `Matrix`."""

    source: BlockSource
    targets: BinaryTargets | LabelTargets
    columns: tuple  # of `Matrix.center_and_scale`
    shape: tuple
    dtype: np.dtype
    is_sparse: bool
    team: Team = ALONE
    with_hessian: bool = False  # whether every evaluation works out the Hessian as well

    def at_work(self, team, solver):
        """Return the same for the threads of a fit, and for what the solver will ask."""
        return replace(self, team=team, with_hessian=solver in ("newton-cholesky", "newton-cd"))

    @property
    def is_binary(self):
        """Whether there is but one problem."""
        return isinstance(self.targets, BinaryTargets)

    def center_and_scale(self, weight, centered):
        """Return what the first reading has found."""
        return self.columns

    def problems_at_once(self):
        """Return how many labels may be solved side by side, for the memory that each takes."""
        n_columns = self.shape[1]
        is_wide = n_columns >= MAX_FACTOR_SIZE
        each = _BYTES_A_COLUMN * n_columns * (1 if is_wide else n_columns + _LEAST_SAMPLE)
        return max(1, int(_MOST_BYTES / each))

    def read(self):
        """Yield one block after another: its `Matrix`, and a function from the label to (u, v)."""
        n_rows, all_mass = 0, 0.0
        for X, y, weight in self.source:
            mass, weigh = self.targets.of_block(y, weight)
            n_rows += X.shape[0]
            all_mass = all_mass + mass
            yield Matrix(X, self.team), weigh
            del X, y, weight, weigh
        if n_rows != self.shape[0]:
            raise ValueError(
                "source must give the same rows each time it is read, but had "
                f"{self.shape[0]} rows the first time and now has {n_rows}. A callable must return "
                "a new iterator at each call."
            )
        if not np.allclose(all_mass, self.targets.all_mass, rtol=_SAME_MASS, atol=0.0):
            raise ValueError(
                "source must give the same rows each time it is read, but the weights of the "
                f"classes were {self.targets.all_mass.tolist()} the first time and now are "
                f"{all_mass.tolist()}."
            )


def survey(estimator, source, many=False):
    """Read a source for the first time.

    Parameters
    ----------
    estimator : BCEClassifier
        Its parameters are read; it learns the number and the names of the features.
    source : iterable or callable
        As in `BCEClassifier.fit_blocks`.
    many : bool
        Whether there may be more than two classes, or a column of y for each label.

    Returns
    -------
    Blocks

    Raises
    ------
    ValueError
        If the blocks are not as they should be, or their labels no binary target.
    """
    source = BlockSource(estimator, source, many)
    labels, moments = None, _Moments(bool(estimator.fit_intercept))
    n_rows = 0
    with team_of_a_fit() as team:
        for X, y, weight in source:
            labels = labels or (ColumnCount() if y.ndim == 2 else LabelCount())
            labels.add(y, weight)
            moments.add(Matrix(X, team), weight)
            n_rows, dtype = n_rows + X.shape[0], X.dtype
            del X, y, weight
    if n_rows == 0:
        raise ValueError("source is empty: it gave no block with any row.")
    return Blocks(
        source,
        labels.targets(estimator, many),
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
            self.scale = np.hypot(np.sqrt(1.0 - share) * self.scale, np.sqrt(share) * scale)
            if not self.is_sparse:  # whose scales are about zero
                between = np.sqrt(share * (1.0 - share)) * distance
                self.scale = np.hypot(self.scale, between)
            self.mean = self.mean + share * distance
        self.total += total

    def columns(self):
        """Return the centre, the scale and whether it is constant, of each column."""
        is_constant = self.scale == 0.0
        return self.mean, np.where(is_constant, 1.0, self.scale), is_constant
