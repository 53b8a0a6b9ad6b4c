"""Many problems over one X: what they ask of it is answered for all of them in one reading.

Coefficients of K problems are (n_columns, K), what belongs to rows is (K, n_block): a problem's
numbers lie together where the loss is worked out, and the problems' numbers lie together where an
entry of X meets them all.
"""

from functools import partial

import numpy as np

from ._kernels import passes
from ._kernels.pointwise import loss_of_rows
from ._objective import Objective


def answer_together(name, questions):
    """Answer the same verb of many objectives; see `_solvers._together.run_together`.

    Each question is (objective, *arguments). Objectives over another X than most, such as those of
    row samples, and verbs that gain nothing from company are answered one by one.
    """
    matrix = questions[0][0].matrix
    alike = all(question[0].matrix is matrix for question in questions)
    if len(questions) > 1 and alike and name in _TOGETHER:
        return _TOGETHER[name](matrix, *zip(*questions, strict=True))
    return [getattr(objective, name)(*arguments) for objective, *arguments in questions]


def _evaluate(matrix, objectives, thetas):
    reading = _Reading(matrix, objectives, thetas)
    n_problems = len(objectives)
    # One array each: a problem that keeps its point for long must not keep those of all others.
    weight = [np.empty(matrix.shape[0]) for _ in objectives]

    def part(first, last):
        sums = np.zeros_like(reading.coefs)
        loss, total = np.zeros((2, n_problems))
        n_wrong = np.zeros(n_problems, dtype=int)
        for start, stop, z, combine in reading.blocks(first, last):
            slope = np.empty_like(z)
            for k, objective in enumerate(objectives):
                block_loss, block_wrong = loss_of_rows(
                    z[k],
                    objective.positive[start:stop],
                    objective.negative[start:stop],
                    *objective.gammas,
                    slope[k],
                    weight[k][start:stop],
                )
                loss[k] += block_loss
                n_wrong[k] += block_wrong
            total += slope.sum(axis=1)
            combine(slope, sums)
        return loss, sums, total, n_wrong

    loss, sums, total, n_wrong = reading.fold(part)
    answers = zip(objectives, thetas, loss, sums.T, total, n_wrong, weight, strict=True)
    return [objective.point(*rest) for objective, *rest in answers]


def _hessian_product(matrix, objectives, points, directions):
    reading = _Reading(matrix, objectives, directions)

    def part(first, last):
        sums = np.zeros_like(reading.coefs)
        total = np.zeros(len(objectives))
        for start, stop, change, combine in reading.blocks(first, last):
            for k, point in enumerate(points):
                weight = point.weight[start:stop]
                # A row that does not count may have an infinite score.
                change[k] = np.where(weight > 0.0, change[k] * weight, 0.0)
            total += change.sum(axis=1)
            combine(change, sums)
        return sums, total

    sums, total = reading.fold(part)
    return [
        objective.chain(sums_k, total_k) + objective.penalty * direction
        for objective, sums_k, total_k, direction in zip(
            objectives, sums.T, total, directions, strict=True
        )
    ]


def _hessian_diagonal(matrix, objectives, points):
    center, unit = objectives[0].center, 1.0 / objectives[0].scale

    def part(first, last):
        squares = np.zeros((matrix.shape[1], len(objectives)))
        for start, stop in matrix.blocks(first, last):
            weight = np.stack([point.weight[start:stop] for point in points])
            if matrix.is_sparse:
                weight = weight.T.copy()
                passes.add_sparse_squares(matrix.layout, start, weight, unit, squares)
            else:
                scaled = (matrix.dense_block(start, stop) - center) * unit
                scaled[~weight.any(axis=0)] = 0.0  # such rows may hold anything
                squares += np.square(scaled).T @ weight.T
        return (squares,)

    (squares,) = matrix.fold(part, matrix.parts(len(objectives)))
    return [
        objective.diagonal(point, column)
        for objective, point, column in zip(objectives, points, squares.T, strict=True)
    ]


def _hessian(matrix, objectives, points):
    # Nothing is shared but the threads.
    return matrix.team.map(Objective.hessian, list(zip(objectives, points, strict=True)))


_TOGETHER = {
    "evaluate": _evaluate,
    "hessian_product": _hessian_product,
    "hessian_diagonal": _hessian_diagonal,
    "hessian": _hessian,
}


class _Reading:
    """One reading of X, block by block: scores of all problems out, combinations of rows in."""

    def __init__(self, matrix, objectives, thetas):
        pairs = [o.from_theta(theta) for o, theta in zip(objectives, thetas, strict=True)]
        self.matrix = matrix
        self.coefs = np.stack([coef for coef, _ in pairs], axis=1)
        self.shifts = np.array([shift for _, shift in pairs])

    def fold(self, part):
        """Fold over parts of the rows that are worth a thread's while; see `Matrix.fold`."""
        return self.matrix.fold(part, self.matrix.parts(self.shifts.size))

    def blocks(self, first, last):
        """Yield (start, stop, scores, combine) for one block of rows after another.

        The scores (K, n_block) are ours to change; ``combine(residuals, sums)`` adds
        X[start:stop].T @ residuals.T to the sums (n_columns, K).
        """
        layout = self.matrix.layout
        for start, stop in self.matrix.blocks(first, last):
            if self.matrix.is_sparse:
                scores = np.tile(self.shifts, (stop - start, 1))
                passes.add_sparse_scores(layout, start, self.coefs, scores)
                combine = partial(_combine_sparse, layout, start)
                yield start, stop, np.ascontiguousarray(scores.T), combine
            else:
                block = self.matrix.dense_block(start, stop)
                scores = self.coefs.T @ block.T + self.shifts[:, np.newaxis]
                yield start, stop, scores, partial(_combine_dense, block)


def _combine_sparse(layout, start, residuals, sums):
    passes.add_sparse_combination(layout, start, residuals.T.copy(), sums)


def _combine_dense(block, residuals, sums):
    sums += block.T @ residuals.T
