"""Many problems over one X: what they ask of it is answered for all of them in one reading.

Coefficients of K problems are (n_columns, K), what belongs to rows is (K, n_block): a problem's
numbers lie together where the loss is worked out, and the problems' numbers lie together where an
entry of X meets them all.
"""

import numpy as np

from ._kernels import passes
from ._kernels.pointwise import loss_of_rows


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
    loss, total = np.zeros((2, n_problems))
    margin = np.full(n_problems, np.inf)
    for start, stop, z in reading.scores():
        slope = np.empty_like(z)
        for k, objective in enumerate(objectives):
            block_loss, block_margin = loss_of_rows(
                z[k],
                objective.positive[start:stop],
                objective.negative[start:stop],
                *objective.gammas,
                slope[k],
                weight[k][start:stop],
            )
            loss[k] += block_loss
            margin[k] = min(margin[k], block_margin)
        total += slope.sum(axis=1)
        reading.combine(slope)
    answers = zip(objectives, thetas, loss, reading.sums.T, total, weight, margin, strict=True)
    return [objective.point(*rest) for objective, *rest in answers]


def _hessian_product(matrix, objectives, points, directions):
    reading = _Reading(matrix, objectives, directions)
    total = np.zeros(len(objectives))
    for start, stop, change in reading.scores():
        for k, point in enumerate(points):
            weight = point.weight[start:stop]
            # A row that does not count may have an infinite score.
            change[k] = np.where(weight > 0.0, change[k] * weight, 0.0)
        total += change.sum(axis=1)
        reading.combine(change)
    return [
        objective.chain(sums, total_k) + objective.penalty * direction
        for objective, sums, total_k, direction in zip(
            objectives, reading.sums.T, total, directions, strict=True
        )
    ]


def _hessian_diagonal(matrix, objectives, points):
    center, unit = objectives[0].center, 1.0 / objectives[0].scale
    squares = np.zeros((matrix.shape[1], len(objectives)))
    for start, stop in matrix.blocks():
        weight = np.stack([point.weight[start:stop] for point in points])
        if matrix.is_sparse:
            passes.add_sparse_squares(matrix.layout, weight.T.copy(), unit, start, squares)
        else:
            scaled = (matrix.dense_block(start, stop) - center) * unit
            scaled[~weight.any(axis=0)] = 0.0  # such rows may hold anything
            squares += np.square(scaled).T @ weight.T
    return [
        objective.diagonal(point, column)
        for objective, point, column in zip(objectives, points, squares.T, strict=True)
    ]


_TOGETHER = {
    "evaluate": _evaluate,
    "hessian_product": _hessian_product,
    "hessian_diagonal": _hessian_diagonal,
}


class _Reading:
    """One reading of X, block by block: scores of all problems out, combinations of rows in."""

    def __init__(self, matrix, objectives, thetas):
        pairs = [o.from_theta(theta) for o, theta in zip(objectives, thetas, strict=True)]
        self.matrix = matrix
        self.coefs = np.stack([coef for coef, _ in pairs], axis=1)
        self.shifts = np.array([shift for _, shift in pairs])
        self.sums = np.zeros_like(self.coefs)

    def scores(self):
        """Yield (start, stop, scores) with scores (K, n_block), contiguous and ours to change."""
        for start, stop in self.matrix.blocks():
            self.start = start
            if self.matrix.is_sparse:
                scores = np.tile(self.shifts, (stop - start, 1))
                passes.add_sparse_scores(self.matrix.layout, self.coefs, start, scores)
                yield start, stop, np.ascontiguousarray(scores.T)
            else:
                self.block = self.matrix.dense_block(start, stop)
                yield start, stop, self.coefs.T @ self.block.T + self.shifts[:, np.newaxis]

    def combine(self, residuals):
        """Add X[block].T @ residuals.T to the sums, for the block that `scores` gave last."""
        if self.matrix.is_sparse:
            passes.add_sparse_combination(
                self.matrix.layout, residuals.T.copy(), self.start, self.sums
            )
        else:
            self.sums += self.block.T @ residuals.T
