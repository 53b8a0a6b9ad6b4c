r"""The function that every solver minimises, and the few questions a solver may ask about it.

With u, v the row weights on "yes" and "no" (`_targets.py`) and :math:`\phi` the loss of
`_kernels/pointwise.py`, the user's objective is

.. math::

    C \sum_i [u_i \phi(z_i) + v_i \phi(-z_i)] + \rho |w|_1 + \tfrac{1 - \rho}2 |w|_2^2,
    \qquad z = X w + b,

with :math:`\rho` the ``l1_ratio``. Here it is divided by C times the total weight, so that its
value is a mean loss, and it is written in variables in which no feature is large or off-centre:

    theta = (w * scale, b + center @ w)        z = ((X - center) / scale) @ theta[:-1] + theta[-1]

Solvers see theta alone, and need no scaling of their own but the preconditioner `metric`. X is
never centred or scaled in memory: the two corrections are one product each. Without an intercept
theta[-1] stays 0. Sparse X is scaled and not centred; with more columns than `MAX_FACTOR_SIZE` and
no L1 penalty it is centred and not scaled: there the metric knows the scales.
"""

from copy import copy
from typing import NamedTuple

import numpy as np
from scipy.special import entr

from ._gram import gram_matrix, gram_root, row_products
from ._intercept import intercept_shift
from ._kernels import passes
from ._kernels.vectors import chain
from ._row_sample import draw_rows

MAX_FACTOR_SIZE = 2000  # up to here to factorise a Hessian takes less than about a second
_SAFE_EXPONENT = 100
_STRONGEST = 1e300
_FLOOR = 1e-3  # relative: what is left of a mean square about the mean


def few_rows(n_rows, n_columns, is_sparse, has_penalty=True, in_blocks=False):
    """Whether a Hessian is inverted by the products of the rows (`_solvers/_row_factor.py`).

    That takes fewer rows than columns, and few enough to factorise what is n x n; all of them in
    memory; and a penalty on every coefficient. The products of sparse rows take longer than most
    fits of them.
    """
    is_few = n_rows <= min(n_columns, MAX_FACTOR_SIZE)
    return is_few and has_penalty and not is_sparse and not in_blocks


class Point(NamedTuple):
    """What one reading of X tells about the objective at theta."""

    theta: np.ndarray  # (size,)
    value: float
    gradient: np.ndarray  # (size,): of all but an L1 penalty
    curvature: np.ndarray  # (n_rows,): positive, of each row's loss in its logit
    is_separated: bool  # whether every row is on the right side of z = 0


class Objective:
    """Mean loss plus penalty over one X, in centred and scaled variables.

    Parameters
    ----------
    matrix : Matrix
    positive, negative : ndarray of shape (n_rows,)
        The row weights u and v.
    penalty : float
        Factor of the penalty beside the sum of the losses: 1 / C, or 0.
    gammas : tuple of float
        Focal exponents on "yes" and on "no".
    fit_intercept : bool
    columns : tuple, optional
        What `Matrix.center_and_scale` returns; by default for the row weights of this problem:
        it has its own columns. Many problems over one X share it.
    l1_ratio : float, default=0.0
        Share of |w|_1 in the penalty; the rest is |w|^2 / 2.
    """

    def __init__(
        self,
        matrix,
        positive,
        negative,
        penalty,
        gammas,
        fit_intercept,
        columns=None,
        l1_ratio=0.0,
    ):
        self.matrix = matrix
        self.gammas = gammas
        self.fit_intercept = fit_intercept
        # Weights are first brought near 1 by a power of two, which rounds nothing.
        weight = positive + negative
        exponent = -np.frexp(np.max(weight))[1]
        if abs(exponent) > _SAFE_EXPONENT:
            positive, negative = np.ldexp(positive, exponent), np.ldexp(negative, exponent)
            weight = positive + negative
        else:
            exponent = 0
        total = weight.sum()
        self.positive, self.negative = positive / total, negative / total
        self.mass = total, exponent
        self.label_entropy = self._label_entropy() if l1_ratio > 0.0 else 0.0  # not asked for
        self.has_own_columns = columns is None
        if columns is None:
            columns = matrix.center_and_scale(weight / total, fit_intercept)
        self.columns = columns
        center, scale, self.is_constant = columns
        # The floors keep penalty / scale ** 2 and 1 / scale finite.
        scale = np.maximum(scale, 2.0**-300 if penalty > 0.0 else 2.0**-1000)
        is_wide = self.size > MAX_FACTOR_SIZE
        self.is_scaled = not (matrix.is_sparse and is_wide)
        is_centered = not matrix.is_sparse or (is_wide and l1_ratio == 0.0)
        self.center = center if is_centered else np.zeros_like(center)
        # Powers of two: to divide by them is exact.
        self.scale = np.exp2(np.round(np.log2(scale))) if self.is_scaled else np.ones_like(scale)
        unit = self._unit
        self.varies_over_scale = np.where(self.is_constant, 0.0, 1.0 / unit)
        self.mean_squares = np.where(self.is_constant, 0.0, np.square(scale / unit))
        if not self.is_scaled:  # the scales of sparse columns are about zero
            squares = np.square(self.center)
            self.mean_squares = np.maximum(self.mean_squares - squares, _FLOOR * self.mean_squares)
        self._set_penalty(penalty, l1_ratio)

    def _set_penalty(self, penalty, l1_ratio):
        total, exponent = self.mass
        with np.errstate(over="ignore"):
            self.strength = min(np.ldexp(penalty, exponent) / total, _STRONGEST)
            root = np.minimum(np.sqrt(self.strength * (1.0 - l1_ratio)) / self._unit, 1e145)
            l1 = np.minimum(self.strength * l1_ratio / self._unit, 1e290)
        self.l2, self.l1 = np.zeros((2, self.size))  # none on the intercept
        self.l2[:-1] = root**2
        self.has_l1 = bool(np.any(l1))
        if self.has_l1:
            self.l1[:-1] = l1

    def _label_entropy(self):
        weight = self.positive + self.negative
        return np.sum(entr(self.positive) + entr(self.negative) - entr(weight))

    @property
    def lowest(self):
        """Bound on the mean loss from below: of cross-entropy, the mean entropy of the labels.

        It is known with an L1 penalty only, for the sake of the duality gap.
        """
        return 0.0 if any(self.gammas) else self.label_entropy

    @property
    def _unit(self):
        """The scales, or the number 1: to divide long vectors by ones takes time."""
        return self.scale if self.is_scaled else 1.0

    @property
    def size(self):
        """Length of theta."""
        return self.matrix.shape[1] + 1

    @property
    def n_rows(self):
        """Number of rows of X."""
        return self.matrix.shape[0]

    @property
    def n_rows_held(self):
        """Number of rows that stay in memory between two readings."""
        return self.n_rows

    @property
    def condition(self):
        """Trace of the Hessian for rows of curvature 1, over what the penalty alone curves.

        The intercept is left out. The condition of the Hessian is at most a quarter of that.
        """
        some = self.mean_squares > 0.0  # a constant column has nothing to curve
        with np.errstate(divide="ignore", over="ignore"):
            return np.sum(self.mean_squares[some] / self.l2[:-1][some])

    @property
    def rounding(self):
        """Relative rounding of the variables: that of X, which stands out once its mean is gone.

        A penalty, however small, is what settles a direction that is all rounding.
        """
        far = np.max(np.abs(self.center) / self.scale, where=~self.is_constant, initial=1.0)
        return np.finfo(float).eps * (far if self.strength == 0.0 else 1.0)

    @property
    def by_rows(self):
        """Whether a Hessian is best inverted by the products of the rows; see `few_rows`."""
        return not self.has_l1 and few_rows(
            *self.matrix.shape, self.matrix.is_sparse, self.strength > 0.0, self.n_rows_held == 0
        )

    def pieces(self):
        """Yield (share, objective) for the parts of X that can be read, whose average this is."""
        yield 1.0, self

    def draw(self, n_sample, seed):
        """Return the same objective, in the same variables, from a random sample of the rows."""
        return self.subset(*draw_rows(self.positive, self.negative, n_sample, seed))

    def subset(self, rows, factors):
        """Return the same objective, in the same variables, from some rows times ``factors``."""
        part = copy(self)
        part.has_own_columns = False
        part.matrix = self.matrix.sample(rows)
        positive, negative = self.positive[rows] * factors, self.negative[rows] * factors
        total = positive.sum() + negative.sum()
        part.positive, part.negative = positive / total, negative / total
        part.label_entropy = 0.0
        return part

    def with_penalty(self, penalty):
        """Return the same objective, in the same variables, with an L2 penalty."""
        part = copy(self)
        part._set_penalty(penalty, 0.0)
        return part

    def with_stronger_l1(self, factor):
        """Return the same objective, without an L2 penalty, its L1 penalty times a factor."""
        part = copy(self)
        part.strength, part.l1 = factor * self.strength, factor * self.l1
        return part

    def restricted(self, columns):
        """Return the same objective with all coefficients 0 but those of some columns."""
        part = copy(self)
        part.matrix = self.matrix.select(columns)
        for name in ("center", "scale", "is_constant", "varies_over_scale", "mean_squares"):
            setattr(part, name, getattr(self, name)[columns])
        part.l2 = np.append(self.l2[columns], 0.0)
        part.l1 = np.append(self.l1[columns], 0.0)
        return part

    def cross_entropy(self):
        """Return the same objective without the focal exponents."""
        part = copy(self)
        part.gammas = (0.0, 0.0)
        return part

    # -- the user's coefficients and theta

    def to_theta(self, coef, intercept):
        """Return theta for coefficients (n_columns,) and an intercept of the user's."""
        return np.append(coef * self.scale, self.fit_intercept * (intercept + self.center @ coef))

    def from_theta(self, theta):
        """Return the user's coefficients (n_columns,) and intercept."""
        coef = theta[:-1] / self.scale if self.is_scaled else theta[:-1]
        return coef, theta[-1] - self.center @ coef

    def chain(self, sums, total, theta):
        """From sums over rows of (raw X, 1) to those over the scaled variables, and the penalty's.

        Returns the gradient (size,), or a product with the Hessian, and the penalty at ``theta``.
        """
        chained = np.empty(self.size)
        total = total if self.fit_intercept else 0.0
        columns = self.center, self.varies_over_scale
        return chained, chain(sums, total, *columns, self.l2, theta, chained)

    # -- what solvers ask

    def evaluate(self, theta):
        """Value, gradient and row curvatures at theta: one reading of X."""
        coef, shift = self.from_theta(theta)
        curvature = np.empty(self.n_rows)

        def part(start, stop):
            sums = np.zeros(self.matrix.shape[1])
            loss, total, n_wrong = passes.loss_pass(
                *self.matrix.at(start, stop),
                coef,
                shift,
                self.positive[start:stop],
                self.negative[start:stop],
                *self.gammas,
                sums,
                curvature[start:stop],
            )
            return loss, sums, total, n_wrong

        loss, sums, total, n_wrong = self.matrix.fold(part)
        return self.point(theta, loss, sums, total, n_wrong, curvature)

    def evaluate_alone(self, theta):
        """The same, to bits that do not depend on which other problems ask for it meanwhile."""
        return self.evaluate(theta)

    def point(self, theta, loss, sums, total, n_wrong, curvature):
        """Return the Point at theta, from sums over the rows of raw X."""
        gradient, penalty = self.chain(sums, total, theta)
        value = float(loss + penalty)
        if self.has_l1:
            value += float(self.l1 @ np.abs(theta))
        return Point(theta, value, gradient, curvature, n_wrong == 0)

    def hessian(self, point):
        """Return the Hessian with every row's positive curvature, (size, size)."""
        return self.hessian_from(gram_matrix(self.matrix, point.curvature, self.center, self.scale))

    def hessian_from(self, hessian):
        """Complete the weighted Gram matrix of the scaled variables, in place."""
        hessian.flat[:: self.size + 1] += self.l2
        if not self.fit_intercept:
            hessian[-1, :] = hessian[:, -1] = 0.0
            hessian[-1, -1] = 1.0
        return hessian

    def hessian_root(self, point):
        """Return an R with R.T @ R the Hessian, made without squaring X: (up to 2 size, size)."""
        root = gram_root(self.matrix, point.curvature, self.center, self.scale)
        root[:, -1] *= self.fit_intercept
        return np.vstack([root, np.diag(np.sqrt(self.l2))])

    def hessian_product(self, point, direction):
        """Return Hessian @ direction: one reading of X."""
        coef, shift = self.from_theta(direction)

        def part(start, stop):
            sums = np.zeros(self.matrix.shape[1])
            rows = point.curvature[start:stop]
            where = self.matrix.at(start, stop)
            total = passes.curvature_pass(*where, coef, shift, rows, sums)
            return sums, total

        sums, total = self.matrix.fold(part)
        return self.product(direction, sums, total)

    def product(self, direction, sums, total):
        """Return Hessian @ direction, from sums over the rows of raw X."""
        return self.chain(sums, total, direction)[0]

    def row_gram(self):
        """Return the products of the centred rows in the user's units, (n_rows, n_rows)."""
        return row_products(self.matrix, self.center)

    def metric(self, point):
        """Return a diagonal like the Hessian's, (size,), without a reading of X.

        It is the diagonal for rows that all curve as they do on average. For many features it is,
        in the user's variables, the geometric mean of that and a constant. Dependent features (p >
        n, one-hot codes) leave a large space where the Hessian is nothing but the penalty. A
        constant keeps its eigenvalues in one place, to be dealt with in one step; the whole
        diagonal would scatter them.
        """
        total = point.curvature.sum()
        diagonal = total * self.mean_squares + self.l2[:-1]
        if self.size > MAX_FACTOR_SIZE:
            squares = np.square(self._unit)
            raw = diagonal * squares
            diagonal = np.sqrt(raw * raw.max()) / squares
        diagonal = np.append(diagonal, total)
        return np.where(diagonal > 0.0, diagonal, 1.0)

    def l1_change(self, theta, direction):
        """Return by how much the L1 penalty grows from theta to theta + direction."""
        if not self.has_l1:
            return 0.0
        return self.l1 @ (np.abs(theta + direction) - np.abs(theta))

    def is_separated(self, point):
        """Whether the loss has no minimum, for theta itself separates the classes."""
        return self.strength == 0.0 and point.is_separated

    def logits(self, theta):
        """Return z, (n_rows,): one reading of X."""
        return self.matrix.scores(*self.from_theta(theta))

    def best_shift(self, theta):
        """Return the shift of theta[-1] at which the loss is stationary: one reading of X."""
        return intercept_shift(self.logits(theta), self.positive, self.negative, self.gammas)
