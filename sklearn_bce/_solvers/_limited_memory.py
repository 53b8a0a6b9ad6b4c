"""The memory of L-BFGS: the last steps, and how they changed the gradient.

It is kept in compact form (Byrd, Nocedal, Schnabel, "Representations of quasi-Newton matrices and
their use in limited memory methods", Mathematical Programming 63, 1994, theorem 2.2). A direction
is then two products with all of its vectors at once; the two-loop recursion goes through each of
them several times, which takes most of a fit where they are long.
"""

import numpy as np
from scipy.linalg.lapack import dtrtrs

_LEAST_CURVATURE = 1e-10  # of a step against its length and the change of the gradient


class LimitedMemory:
    """Estimate of the inverse Hessian, from a metric and the pairs met since it was set.

    Parameters
    ----------
    metric : object with a method ``solve(vector)``
        The first estimate.
    n_pairs : int
        How many pairs of step and change are kept.
    is_rescaled : bool
        Whether the metric is right but for a factor, which the newest pair tells (Shanno and Phua,
        "Matrix conditioning and nonlinear optimization", Mathematical Programming 14, 1978).
    """

    def __init__(self, metric, n_pairs, is_rescaled):
        self.metric = metric
        self.is_rescaled = is_rescaled
        self.n_pairs = n_pairs
        self.order = []  # the places of the pairs, from the oldest to the newest
        self.steps = self.changes = None  # (n_pairs, size); changes of the gradient, solved for
        self.step_change = np.zeros((n_pairs, n_pairs))  # step i times change j
        self.change_change = np.zeros((n_pairs, n_pairs))  # in the metric
        self.last = None

    @property
    def solved(self):
        """metric^-1 @ gradient at the point of the last direction."""
        return self.last[2]

    def direction(self, point):
        """Return -inverse @ gradient at the point, which the next pair will start from."""
        gradient = point.gradient
        solved = self.metric.solve(gradient)
        along, across = np.zeros((2, self.n_pairs))
        n_kept = len(self.order)
        if n_kept:
            along[:n_kept] = self.steps[:n_kept] @ gradient
            across[:n_kept] = self.changes[:n_kept] @ gradient
        here = point.theta, gradient, solved, along, across
        if self.last is not None:
            self._remember(*here)
        self.last = here
        return -self._product(solved, along, across)

    def _remember(self, theta, gradient, solved, along, across):
        last_theta, last_gradient, last_solved, last_along, last_across = self.last
        step = theta - last_theta
        change = gradient - last_gradient
        curvature = step @ change
        # A focal loss may curve downwards along the step: such a pair would spoil the metric.
        if not curvature > _LEAST_CURVATURE * np.sqrt((step @ step) * (change @ change)):
            return
        if self.steps is None:
            self.steps, self.changes = np.empty((2, self.n_pairs, theta.size))
        is_full = len(self.order) == self.n_pairs
        place = self.order.pop(0) if is_full else len(self.order)
        self.order.append(place)
        solved_change = solved - last_solved
        self.steps[place] = step
        self.changes[place] = solved_change
        self.step_change[:, place] = along - last_along
        self.step_change[place, place] = curvature
        self.change_change[:, place] = self.change_change[place] = across - last_across
        self.change_change[place, place] = change @ solved_change
        along[place] = step @ gradient
        across[place] = solved_change @ gradient

    def _product(self, solved, along, across):
        """Return inverse @ gradient from the gradient's products with what is kept."""
        if not self.order:
            return solved
        order = np.array(self.order)
        triangle = self.step_change[order[:, np.newaxis], order]  # only its upper part is read
        changes = self.change_change[order[:, np.newaxis], order]
        curvatures = triangle.diagonal()
        scale = curvatures[-1] / changes[-1, -1] if self.is_rescaled else 1.0
        upper = dtrtrs(triangle, along[order])[0]
        middle = curvatures * upper + scale * (changes @ upper - across[order])
        of_steps, of_changes = np.empty((2, order.size))
        of_steps[order] = dtrtrs(triangle, middle, trans=1)[0]
        of_changes[order] = upper
        product = solved - of_changes @ self.changes[: order.size]
        product *= scale
        product += of_steps @ self.steps[: order.size]
        return product
