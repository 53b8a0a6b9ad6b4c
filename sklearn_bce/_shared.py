"""Many problems over one X: what they ask of it is answered for all of them in one reading.

Coefficients of K problems are (n_columns, K), what belongs to rows is (K, n_block): a problem's
numbers lie together where the loss is worked out, and the problems' numbers lie together where an
entry of X meets them all.
"""

from functools import partial
from itertools import chain
from operator import itemgetter

import numpy as np

from ._blocks_objective import BlocksObjective, answer_blocks
from ._epochs import learn_together
from ._gram import gram_matrix
from ._intercept import intercept_shift
from ._kernels import passes
from ._kernels.lanes import WIDTH
from ._kernels.pointwise import loss_of_rows
from ._kernels.vectors import interleave, separate

# Problems that share a reading of dense X: blocks of it want a product with as many as there are.
_DENSE_GROUP = 64
_TINY = 2**16  # entries of dense X: one block, which stays in the cache from problem to problem
_PROBLEMS_OF_A_READING = 8  # as many take about as long as to read X


def answer_together(name, questions):
    """Answer the same verb of many objectives; see `_together.run_together`.

    Each question is (objective, *arguments). Threads share out groups of objectives over the same
    X, as long as there is one for each thread, and then the parts of each group that is left;
    objectives that share no X, such as those over row samples, are groups by themselves. A source
    of blocks is the user's: the calling thread reads it, once for all who ask.
    """
    if len(questions) == 1:
        ((objective, *arguments),) = questions
        return [getattr(objective, name)(*arguments)]

    def answer(group):
        objective, *arguments = questions[group[0]]
        if len(group) == 1:
            return [getattr(objective, name)(*arguments)]
        asked = [questions[place] for place in group]
        if isinstance(objective, BlocksObjective):
            return answer_blocks(name, asked)
        return _TOGETHER[name](objective.matrix, *zip(*asked, strict=True))

    in_blocks, here = _groups(name, questions)
    team = questions[0][0].matrix.team
    n_shared_out = len(here) - len(here) % team.size
    answers = team.map(answer, [(group,) for group in here[:n_shared_out]])
    answers += map(answer, here[n_shared_out:] + in_blocks)
    by_place = zip(chain(*here, *in_blocks), chain(*answers), strict=True)
    return [answer for _, answer in sorted(by_place, key=itemgetter(0))]


def _groups(name, questions):
    """The places of questions that are answered in one go: over blocks, and over an X that is here.

    They may lie apart, for solvers that share an X are at different phases.
    """
    over_same = {}
    for place, (objective, *_) in enumerate(questions):
        over_same.setdefault(id(objective.matrix), []).append(place)
    in_blocks, here = [], []
    for places in over_same.values():
        objective = questions[places[0]][0]
        size = _size_of_group(name, objective, len(places))
        groups = in_blocks if isinstance(objective, BlocksObjective) else here
        groups += [places[start : start + size] for start in range(0, len(places), size)]
    return in_blocks, here


def _size_of_group(name, objective, n_questions):
    """Return how many objectives over the same X share a reading of it."""
    if name == "row_gram" or isinstance(objective, BlocksObjective):
        return n_questions  # one works it out, or one reading does, for all
    if name not in _TOGETHER or _is_tiny(name, objective.matrix):
        return 1
    return WIDTH if objective.matrix.is_sparse else _DENSE_GROUP


def _is_tiny(name, matrix):
    """Whether products of matrices take longer than one reading after another."""
    return name == "evaluate" and not matrix.is_sparse and matrix.n_values <= _TINY


def _evaluate(matrix, objectives, thetas):
    reading = _Reading(matrix, objectives, thetas)
    n_problems = len(objectives)
    # One array each: a problem that keeps its point for long must not keep those of all others.
    curvature = [np.empty(matrix.shape[0]) for _ in objectives]

    def part(first, last):
        sums = reading.zeros()
        loss, total = np.zeros((2, n_problems))
        n_wrong = np.zeros(n_problems, dtype=int)
        for start, stop, z, combine in reading.blocks(first, last):
            slope = np.zeros_like(z)
            for k, objective in enumerate(objectives):
                block_loss, block_wrong = loss_of_rows(
                    z[k],
                    objective.positive[start:stop],
                    objective.negative[start:stop],
                    *objective.gammas,
                    slope[k],
                    curvature[k][start:stop],
                )
                loss[k] += block_loss
                n_wrong[k] += block_wrong
            total += slope[:n_problems].sum(axis=1)
            combine(slope, sums)
        return loss, sums, total, n_wrong

    loss, sums, total, n_wrong = reading.fold(part)
    answers = zip(
        objectives, thetas, loss, reading.rows(sums), total, n_wrong, curvature, strict=True
    )
    points = [objective.point(*rest) for objective, *rest in answers]
    reading.end()
    return points


def _best_shift(matrix, objectives, thetas):
    reading = _Reading(matrix, objectives, thetas)
    logits = [np.empty(matrix.shape[0]) for _ in objectives]

    def part(first, last):
        for start, stop, z, _ in reading.blocks(first, last):
            for k, of_problem in enumerate(logits):
                of_problem[start:stop] = z[k]
        return ()

    reading.fold(part)
    reading.end()
    return [
        intercept_shift(z, objective.positive, objective.negative, objective.gammas)
        for objective, z in zip(objectives, logits, strict=True)
    ]


def _hessian_product(matrix, objectives, points, directions):
    reading = _Reading(matrix, objectives, directions)

    def part(first, last):
        sums = reading.zeros()
        total = np.zeros(len(objectives))
        if matrix.is_sparse:
            curvatures = np.array([point.curvature[first:last] for point in points])
            where = matrix.at(first, last)
            passes.sparse_curvature_pass(
                *where, reading.coefs, reading.shifts[:, 0], curvatures, sums, total
            )
            return sums, total
        for start, stop, change, combine in reading.blocks(first, last):
            for k, point in enumerate(points):
                curvature = point.curvature[start:stop]
                # A row that does not count may have an infinite score.
                change[k] = np.where(curvature > 0.0, change[k] * curvature, 0.0)
            total += change[: len(points)].sum(axis=1)
            combine(change, sums)
        return sums, total

    sums, total = reading.fold(part)
    answers = zip(objectives, directions, reading.rows(sums), total, strict=True)
    products = [objective.product(*rest) for objective, *rest in answers]
    reading.end()
    return products


def _hessian(matrix, objectives, points):
    """Hessians of points whose rows curve in the same proportions, as at a start without features.

    Then one Gram matrix serves them all; else each has its own, and threads share them out.
    """
    base = points[0].curvature
    row = int(np.argmax(base))
    factors = [point.curvature[row] / base[row] for point in points]
    pairs = list(zip(objectives, points, strict=True))
    if not all(
        _are_close(point.curvature, f * base) for point, f in zip(points, factors, strict=True)
    ):
        return matrix.team.map(lambda objective, point: objective.hessian(point), pairs)
    gram = gram_matrix(matrix, base, objectives[0].center, objectives[0].scale)
    return [o.hessian_from(factor * gram) for o, factor in zip(objectives, factors, strict=True)]


def _row_gram(matrix, objectives):
    """The products of the rows, one problem after another: the `Matrix` keeps them for the next."""
    return [objective.row_gram() for objective in objectives]


def _are_close(one, other):
    # The last row of the others is enough to tell in nearly every case.
    return np.isclose(one[-1], other[-1], rtol=1e-14, atol=0.0) and np.allclose(
        one, other, rtol=1e-14, atol=0.0
    )


_TOGETHER = {
    "epoch": learn_together,
    "evaluate": _evaluate,
    "hessian": _hessian,
    "hessian_product": _hessian_product,
    "best_shift": _best_shift,
    "row_gram": _row_gram,
}


class _Reading:
    """One reading of X, block by block: scores of K problems out, combinations of rows in.

    For sparse X there is room for `WIDTH` problems, and what is not of a problem is 0.
    """

    def __init__(self, matrix, objectives, thetas):
        pairs = [o.from_theta(theta) for o, theta in zip(objectives, thetas, strict=True)]
        self.matrix = matrix
        self.n_problems = len(pairs)
        self.width = WIDTH if matrix.is_sparse else self.n_problems
        self._used = []
        self.coefs = self.zeros()
        interleave(np.array([coef for coef, _ in pairs]), self.coefs)
        self.shifts = np.zeros((self.width, 1))
        self.shifts[: self.n_problems, 0] = [shift for _, shift in pairs]

    def fold(self, part):
        """Fold over parts of the rows that are worth a thread's while; see `Matrix.fold`."""
        return self.matrix.fold(part, self.matrix.parts(self.n_problems / _PROBLEMS_OF_A_READING))

    def blocks(self, first, last):
        """Yield (start, stop, scores, combine) for one block of rows after another.

        The scores (width, n_block) are ours to change; ``combine(residuals, sums)`` adds
        X[start:stop].T @ residuals.T to the sums (n_columns, width).
        """
        for start, stop in self.matrix.blocks(first, last):
            if self.matrix.is_sparse:
                scores = np.empty((WIDTH, stop - start))
                where = self.matrix.at(start, stop)
                passes.sparse_scores(*where, self.coefs, scores)
                combine = partial(passes.add_sparse_combination, *where)
            else:
                block = self.matrix.rows(start, stop).astype(np.float64, copy=False)
                scores = self.coefs.T @ block.T
                combine = partial(_add_dense_combination, block)
            scores += self.shifts
            yield start, stop, scores, combine

    def zeros(self):
        """Return zeros (n_columns, width), until the reading ends."""
        array = self._take(self.matrix.shape[1], self.width)
        array[:] = 0.0
        return array

    def rows(self, sums):
        """Return the sums of each problem, (K, n_columns), until the reading ends."""
        rows = self._take(self.n_problems, sums.shape[0])
        separate(sums, rows)
        return rows

    def end(self):
        """Leave the memory of all arrays that the reading has made to the next one."""
        self.matrix.room.leave(self._used)

    def _take(self, *shape):
        array = self.matrix.room.take(*shape)
        self._used.append(array)
        return array


def _add_dense_combination(block, residuals, sums):
    sums += (residuals @ block).T
