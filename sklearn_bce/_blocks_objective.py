"""The function that solvers minimise, over blocks of rows that are read and never kept.

Each block is an ordinary `Objective` in the variables that all blocks share. The objective over the
whole source is their average, and so are its gradient and its Hessian. Nothing as long as X has
rows is kept: the curvatures of the rows are worked out again where they are needed.
"""

from functools import wraps

import numpy as np
from scipy.linalg import qr

from ._intercept import total_slope
from ._matrix import Matrix
from ._objective import Objective, Point
from ._row_sample import Reservoir

_SHIFTS = 2.0 ** np.linspace(-4.0, 8.0, 40)  # of the intercept, to either side
_MAX_READINGS = 50  # 16 ** 50 is beyond any logit whose slopes are numbers
_SMALL_SHIFT = 1e-3  # within which the slope is a straight line but for its last digits


def _asked(verb):
    """Make a verb, written as a generator of tasks, one that has the readings for itself.

    A task is a function of (share, piece): an `Objective` over one block, and the block's share of
    all weight. It returns a tuple of terms; the generator gets their sums over all blocks sent.
    """

    @wraps(verb)
    def alone(self, *arguments):
        return answer_blocks(verb.__name__, [(self, *arguments)])[0]

    alone.tasks = verb
    return alone


def answer_blocks(name, questions):
    """Answer the same verb of objectives over the same blocks, whose tasks share each reading.

    Each question is (objective, *arguments).
    """
    objectives = [objective for objective, *_ in questions]
    generators = [
        getattr(type(objective), name).tasks(objective, *arguments)
        for objective, *arguments in questions
    ]
    answers, tasks = [None] * len(questions), {}

    def advance(index, sums):
        try:
            tasks[index] = generators[index].send(sums)
        except StopIteration as end:
            answers[index] = end.value

    for index in range(len(questions)):
        advance(index, None)
    while tasks:
        asked, tasks = tasks, {}
        sums = _sums(objectives, asked)
        for index in asked:
            advance(index, sums.get(index))
    return answers


def _sums(objectives, tasks):
    """Return the sums over the blocks of what each task returns; of one without weight, nothing."""
    sums = {}
    for block in objectives[0].matrix.read():
        for index, task in tasks.items():
            for share, piece in objectives[index].pieces_of(block):
                terms = task(share, piece)
                before = sums.get(index)
                sums[index] = (
                    terms if before is None else [a + b for a, b in zip(before, terms, strict=True)]
                )
                del piece
        del block  # before the next one is made, here and wherever blocks are gone through
    return sums


def _averaged(task):
    """Make a function of a piece a task whose terms are averaged."""
    return lambda share, piece: [share * term for term in task(piece)]


class BlocksObjective(Objective):
    """The same function and the same verbs over Blocks; each verb is one reading of the source.

    The row weights ``positive`` and ``negative`` are those of rows merged by class, which is all
    that is needed of them. ``Point.curvature`` holds one number, that of all rows together.
    For a solver that wants a Hessian at every point both are worked out in one reading. Objectives
    of several labels over the same Blocks share their readings.
    """

    n_rows_held = 0
    lowest = 0.0  # merged labels have more entropy than those of the rows
    latest = None, []  # the last Point, and the Hessian there if it was worked out with it

    def __init__(self, matrix, positive, negative, *rest, label=0, **parameters):
        super().__init__(matrix, positive, negative, *rest, **parameters)
        self.has_own_columns = False  # nor weights of single rows
        self.label = label
        self.whole = positive.sum() + negative.sum()

    def pieces(self):
        """Yield (share, objective) for each block, without the penalty."""
        for block in self.matrix.read():
            yield from self.pieces_of(block)
            del block

    def pieces_of(self, block):
        """Yield the same for one block, unless no row there has a weight."""
        matrix, weigh = block
        positive, negative = weigh(self.label)
        mass = positive.sum() + negative.sum()
        if mass > 0.0:
            columns = self.center, self.scale, self.is_constant
            rows = matrix, positive, negative
            yield mass / self.whole, Objective(*rows, 0.0, self.gammas, self.fit_intercept, columns)

    def cross_entropy(self):
        """Return the same objective without the focal exponents."""
        part = super().cross_entropy()
        part.latest = None, []
        return part

    @_asked
    def draw(self, n_sample, seed):
        """Return the same objective, in the same variables, from a random sample of the rows."""
        reservoir = Reservoir(n_sample, seed)

        def add(share, piece):
            reservoir.add(piece.matrix.source, share * piece.positive, share * piece.negative)
            return ()

        yield add
        X, positive, negative = reservoir.take()
        return Objective(
            Matrix(X, self.matrix.team),
            positive,
            negative,
            self.strength * (positive + negative).sum(),
            self.gammas,
            self.fit_intercept,
            (self.center, self.scale, self.is_constant),
        )

    @_asked
    def evaluate(self, theta):
        """Value, gradient and total curvature at theta; maybe the Hessian, for `hessian`."""
        point, _ = self.latest
        if point is None or point.theta is not theta:
            self.latest = yield from self._evaluate(theta, self.matrix.with_hessian)
        return self.latest[0]

    def _evaluate(self, theta, with_hessian):
        def task(piece):
            point = piece.evaluate(theta)
            values = point.value, point.gradient, point.curvature.sum(), not point.is_separated
            return (*values, piece.hessian(point)) if with_hessian else values

        value, gradient, curvature, n_wrong, *hessian = yield _averaged(task)
        pull = self.l2 * theta
        value = float(value + 0.5 * (pull @ theta) + self.l1 @ np.abs(theta))
        point = Point(theta, value, gradient + pull, np.array([curvature]), n_wrong == 0.0)
        return point, hessian

    @_asked
    def hessian(self, point):
        """Return the Hessian with every row's positive curvature, (size, size)."""
        latest, hessian = self.latest
        if latest is not point or not hessian:
            hessian = yield _averaged(lambda piece: (piece.hessian(piece.evaluate(point.theta)),))
        return self.hessian_from(hessian[0].copy())

    @_asked
    def hessian_root(self, point):
        """Return an R with R.T @ R the Hessian, made without squaring X: (2 size, size)."""
        triangle = np.empty((0, self.size))

        def add(share, piece):
            nonlocal triangle
            root = np.sqrt(share) * piece.hessian_root(piece.evaluate(point.theta))
            rows = np.vstack([triangle, root])
            triangle = qr(rows, mode="r", overwrite_a=True, check_finite=False)[0][: self.size]
            return ()

        yield add
        return np.vstack([triangle, np.diag(np.sqrt(self.l2))])

    @_asked
    def hessian_product(self, point, direction):
        """Return Hessian @ direction."""

        def task(piece):
            return (piece.hessian_product(piece.evaluate(point.theta), direction),)

        (product,) = yield _averaged(task)
        return product + self.l2 * direction

    @_asked
    def best_shift(self, theta):
        """Return the shift of theta[-1] at which the loss is stationary, within a few readings.

        Each finds out about many shifts, and the next ones are between the two with a change of the
        slope's sign; at last a straight line does.
        """

        def task(piece):
            logits = piece.logits(theta)
            weights = piece.positive, piece.negative, *piece.gammas
            return (np.array([total_slope(logits + shift, *weights) for shift in shifts]),)

        shifts = np.concatenate([-_SHIFTS[::-1], [0.0], _SHIFTS])
        for _ in range(_MAX_READINGS):
            (slopes,) = yield _averaged(task)
            if not slopes[0] < 0.0 < slopes[-1]:
                shifts = 16.0 * shifts
                continue
            last = np.argmax(slopes > 0.0)
            low, high = shifts[last - 1 : last + 1]
            if high - low < _SMALL_SHIFT:
                slope_low, slope_high = slopes[last - 1 : last + 1]
                return low - slope_low * (high - low) / (slope_high - slope_low)
            shifts = np.linspace(low, high, 2 * _SHIFTS.size + 1)
        return 0.0
