"""The outer loop that all solvers share, and the words they share it in.

A solver is a rule that proposes a direction. The loop takes the step, records the objective and
decides when to stop, so that there is one stopping rule (the user guide tells it in full):

1.  ask the rule for a direction, with an estimate of how far above the minimum the point is
2.  if the estimate is at most tol, but not certified: certify it
3.  step along the direction, or where that gains next to nothing, along a certified one; the step
    after a certified estimate within tol is the last, and one that is known to leave no more
4.  stop also where rows are separated and nothing is penalised, or where rounding ends progress

Readings of X that problems can share are not called but asked for, ``point = yield
objective.evaluate, theta``: solvers, and all that they are made of, are generators. `_together.py`
answers them, and lets many problems over one X share each reading.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .._objective import Point

_ARMIJO = 1e-4
_WOLFE = 0.9
_MAX_TRIALS = 200
_SHORTEN = (0.2, 0.5)  # least and greatest share of a trial step that the next one keeps
_DISAPPOINTING = 0.01  # share of the promised decrement
_VALUE_NOISE = 1e-14  # relative: changes of the value below it are rounding
LOOSEST_TOL = 1e-5  # further out the decrement is no bound of the distance to the minimum
ROUNDING = 1e-14  # relative: below it, an end of progress is rounding and no failure
_MAX_IDLE = 10  # steps in a row that change the value by no more than rounding


class Proposal(NamedTuple):
    """A direction from a point, and how far the point is above the minimum."""

    direction: np.ndarray
    decrement: float  # estimate of value - minimum, in the objective's own unit
    certified: bool  # made with the Hessian itself (or a duality gap), not a preconditioner
    complete: bool = True  # False where an inner iteration was given up
    ends: bool = True  # False where the step after a proof within tol had better not be the last
    end: Point | None = None  # the point a whole step away, where it is known
    left: float = np.inf  # bound on what the whole step leaves of that, if it may be the last


def unwatched(iteration, theta, value=np.nan, optimality=np.nan, progress=None):
    """The watch of a fit that nobody looks at; one that returns True ends the fit.

    It is told the iterations so far, the point they have come to, the objective there and the
    sub-optimality as in `Solution`. A solver that needs more than theta to go on from there to the
    same bits says so in ``progress``, a dict; one that goes on tells it to ``begin``, and an empty
    one if it does not.
    """


def all_of(*watches):
    """Return a watch that tells all of them, and ends the fit if one of them does."""
    return lambda *told, **more: any([watch(*told, **more) for watch in watches])


class Control(NamedTuple):
    """What the user asks of a solver."""

    tol: float
    max_iter: int
    watch: Callable = unwatched  # called after every iteration
    seed: int = 0  # for solvers that draw rows
    begin: Callable = unwatched  # called once, with the point that the iterations start from
    steps: object = None  # `_epochs.Steps`, for those that go row by row


class Solution(NamedTuple):
    """What a solver gives back. It never warns: whoever called it does."""

    point: Point
    n_iter: int
    optimality: float  # relative: (value - minimum) / value, before the last step or what that left
    loss_curve: list  # the objective's value at the start and after every iteration
    direction: np.ndarray  # of the last step
    is_early: bool = False  # whether a watch ended the fit, or likes an earlier iteration better
    is_done: bool = True  # False where a solver that claims no optimality had to give up


def minimise(objective, point, control, propose, certify, n_iter=0):
    """Run the loop from ``point``.

    Parameters
    ----------
    objective : Objective
    point : Point
    control : Control
    propose : generator function (point) -> Proposal
        The solver.
    certify : generator function (point) -> Proposal
        Called where the solver's own estimate is no proof.
    n_iter : int
        Iterations already spent; they count towards ``control.max_iter``.

    Returns
    -------
    Solution
    """
    curve = [point.value]
    previous = optimality = np.inf
    n_idle = 0
    proposal = Proposal(np.zeros_like(point.theta), np.inf, False)
    told_to_stop = control.begin(n_iter, point.theta)
    while not told_to_stop:
        proposal = yield from propose(point)
        close = proposal.decrement <= max(control.tol, ROUNDING) * point.value
        if not proposal.certified and (close or n_iter >= control.max_iter):
            proposal = yield from certify(point)
        optimality = relative(proposal.decrement, point.value)
        if n_iter >= control.max_iter:
            break
        trial = yield from line_search(objective, point, proposal)
        gain = 0.0 if trial is None else point.value - trial.value
        if gain < _DISAPPOINTING * proposal.decrement and not proposal.certified:
            # Nearly dependent features can mislead an approximate direction for ever.
            proposal = yield from certify(point)
            optimality = relative(proposal.decrement, point.value)
            trial = yield from line_search(objective, point, proposal)
        n_iter += 1
        gain = 0.0 if trial is None else point.value - trial.value
        if proposal.left < np.inf:
            optimality = min(optimality, relative(_left(proposal, gain), point.value))
        is_idle = gain <= _VALUE_NOISE * point.value
        n_idle = n_idle + 1 if is_idle else 0
        is_noise = optimality < ROUNDING or is_idle
        point = point if trial is None else trial
        curve.append(point.value)
        told_to_stop = control.watch(n_iter, point.theta, point.value, optimality)
        reached = proposal.certified and proposal.ends and optimality <= control.tol
        stalled = trial is None or (is_noise and optimality > 0.5 * previous)
        # A certificate may be beyond what rounding leaves of the slopes.
        stalled = stalled or n_idle == _MAX_IDLE
        previous = optimality if proposal.certified else np.inf
        if reached or stalled or told_to_stop or objective.is_separated(point):
            break
    return Solution(point, n_iter, optimality, curve, proposal.direction, bool(told_to_stop))


def _left(proposal, gain):
    """What a step has left: by the model, and by how much its gain was not what that promised."""
    return proposal.left + abs(gain - (proposal.decrement - proposal.left))


def relative(decrement, value):
    """The decrement in units of the objective's value."""
    if math.isnan(decrement):  # NumPy's takes as long as half a step
        return np.inf
    return float(max(0.0, decrement) / value) if value > 0.0 else 0.0


def line_search(objective, point, proposal):
    """Shorten the step until the value falls enough (Armijo); return the new point or None.

    The next step is where the parabola through what is known has its minimum. From a point where
    the curvature has all but vanished, a step may at first be too long by any power of ten; but a
    loss grows as a line there, and the parabola alone would make it far too short. Where
    the change of the value drowns in rounding, the slope decides instead (the approximate Wolfe
    condition of Hager and Zhang, SIAM J. Optim. 16, 2005).
    """
    direction = proposal.direction
    slope = point.gradient @ direction + objective.l1_change(point.theta, direction)
    if not slope < 0.0:
        return None
    step = 1.0
    trial = proposal.end
    for _ in range(_MAX_TRIALS):
        if trial is None:
            trial = yield objective.evaluate, point.theta + step * direction
        if trial.value <= point.value + _ARMIJO * step * slope:
            return trial
        flat = trial.value <= point.value * (1.0 + _VALUE_NOISE)
        if flat and _steepness(objective, trial, direction) <= _WOLFE * abs(slope):
            return trial
        excess = trial.value - point.value - step * slope
        lowest = -0.5 * step * slope / excess if 0.0 < excess < np.inf else 0.0
        step *= min(max(lowest, _SHORTEN[0]), _SHORTEN[1])
        trial = None
    return None


def _steepness(objective, point, direction):
    """Least size of a slope along the direction; at a kink there is a range of them."""
    smooth = point.gradient @ direction
    ahead = smooth + objective.l1_change(point.theta, direction)
    behind = smooth - objective.l1_change(point.theta, -direction)
    return max(behind, -ahead, 0.0)
