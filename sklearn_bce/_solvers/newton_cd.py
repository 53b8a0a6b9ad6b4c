"""Newton's method with an L1 penalty, its steps by coordinate descent.

With few features a step has all of them. Dense data with more are solved on working sets: some
columns are chosen by the gradient, the problem restricted to them is solved, and the gradient at
its solution tells which are missing (Johnson and Guestrin, "Blitz", ICML 2015; Massias, Gramfort,
Salmon, "Celer", ICML 2018). With long sparse rows, or where a working set would be too large for a
Hessian, each step takes every column in use or in want, and works on the columns of X.
"""

import numpy as np

from .._objective import MAX_FACTOR_SIZE
from . import newton_cg, newton_cholesky
from ._certify import duality_gap
from ._gap import gap_at
from ._l1_model import MAX_FACTOR, ColumnModel, GramModel
from ._loop import ROUNDING, Control, Proposal, line_search, minimise
from ._own_proof import renew_every, slack

_FEW = 0.5  # of the rows: of more columns in want at the start, most will not be used
_STAGE = 10.0  # times as strong is one penalty as the next
_STAGE_TOL = 1e-4  # of what the value is above the lowest that losses can be
_ALL = 100  # features: as many always make one working set
_LONG_ROWS = 30  # entries of a sparse row: the Hessian of more takes longer than many sweeps
# Columns: of more, their own sweeps are faster than to make a Hessian and sweep over that.
_MAX_HESSIAN, _MAX_DENSE_HESSIAN = 800, 2000
_FIRST = 100  # features of the first working set
_MOST = 0.8  # share of the features: of more, all make up the working set
_SPARE = 1.5  # times the columns that are asked for: so many may be in a set that serves again
_INNER_ITERATIONS = 20
_INNER = 0.1  # a working set is left when a step promises a smaller share of the first one's
_ROUGH = 0.01  # of the value: a step that gains as much need not be exact
# Where a model promises more than there is, rows on the wrong side curve too little. Then all curve
# more, in units of their weights; at most it could be by 1/4.
_DAMPING = (0.0, 0.01, 0.1)
_GOOD = 0.3  # relative: by how much the gain of a step may differ from what was promised
_LEFT = 1e-3  # of tol, after the last step
_NOISE = 1e-13  # relative
_NEARLY, _SMALL = 1e3, 1e-3  # times tol, and at most: a gap that iterations will soon bring down


def solve(objective, theta, control, n_iter=0):
    """Minimise from ``theta``; see `_loop.minimise`."""
    if not objective.has_l1:
        newton = newton_cholesky if objective.size <= MAX_FACTOR_SIZE else newton_cg
        return (yield from newton.solve(objective, theta, control, n_iter))

    point, n_iter = yield from _start(objective, theta, control, n_iter)
    return (yield from _minimise(objective, point, control, n_iter))


def _start(objective, theta, control, n_iter):
    """The point to start from, and the iterations so far.

    With an L1 penalty alone no more coefficients than rows are of use. Where far more columns would
    be used at first, most of them only to be dropped one after another, stronger penalties come
    first, each from the solution for the one before: of these few columns are in use, and few
    change. The sweeps over sparse columns are so cheap that it does not pay for them.
    """
    point = yield objective.evaluate, theta
    if theta[:-1].any() or objective.l2.any() or objective.matrix.is_sparse:
        return point, n_iter
    slope, l1 = np.abs(point.gradient[:-1]), objective.l1[:-1]
    excess = np.divide(slope, l1, out=np.zeros_like(slope), where=l1 > 0.0)
    if np.count_nonzero(excess > 1.0) <= _FEW * objective.n_rows:
        return point, n_iter
    n_stages = int(np.log(np.max(excess)) / np.log(_STAGE))
    before = objective
    for factor in _STAGE ** np.arange(n_stages, 0.0, -1.0):
        if n_iter >= control.max_iter:
            break
        stage = objective.with_stronger_l1(factor)
        point = _under(stage, point, before)
        tol = max(control.tol, _STAGE_TOL * (point.value - stage.lowest) / point.value)
        solution = yield from _minimise(stage, point, Control(tol, control.max_iter), n_iter)
        point, n_iter, before = solution.point, solution.n_iter, stage
    return _under(objective, point, before), n_iter


def _under(objective, point, before):
    """A point of an objective that differs in nothing but its L1 penalty: it takes no reading."""
    return point._replace(value=point.value + (objective.l1 - before.l1) @ np.abs(point.theta))


def _minimise(objective, point, control, n_iter):
    if objective.size <= _ALL or objective.n_rows_held == 0:
        rule = _HessianSteps(objective, control.tol)
    else:
        rule = _WorkingSets(objective, control.tol)

    def propose(at):
        proof = yield from duality_gap(objective, at, control.tol)
        if proof is not None:
            if objective.lowest == 0.0:
                return proof
            # Most of the value of soft labels is entropy, of which tol is a share too: what
            # Newton's step gains is little beside it, and much beside the penalty.
            step = yield from rule.certify(at)
            return step._replace(decrement=proof.decrement, certified=True)
        proposal = yield from rule.propose(at)
        # A step that promises next to nothing needs a certificate: the gap may be loose for long.
        is_long = proposal.decrement > control.tol * at.value
        if is_long and not proposal.certified and not any(objective.gammas):
            gap = gap_at(objective, at)
            if gap <= min(_NEARLY * control.tol, _SMALL) * at.value:
                return proposal._replace(decrement=gap, certified=True)
        return proposal

    return (yield from minimise(objective, point, control, propose, rule.certify, n_iter))


class _HessianSteps:
    """Steps in all features, with a Hessian that is kept up to date by BFGS.

    As it was made, it may prove the end elsewhere too. Where no row curves less than 1 / r of what
    it did, the Hessian is at least that one over r, and the gain of its model at most r times
    that of the other: penalties are convex.
    """

    def __init__(self, objective, tol):
        self.objective, self.tol = objective, tol
        self.hessian = self.made = self.start = self.last = None
        # Where rows are not held, a Hessian comes with every reading.
        self.renew_every = renew_every(objective) if objective.n_rows_held else 1

    def propose(self, point):
        if self.hessian is None or self.age >= self.renew_every or not self._is_good(point):
            return (yield from self.certify(point))
        self._update(point)
        proposal = self._step(point)
        is_close = proposal.decrement <= self.tol * point.value
        return self._with_proof(proposal, point) if is_close else proposal

    def certify(self, point):
        objective, curvature = self.objective, point.curvature
        self.hessian = yield objective.hessian, point
        self.age = 0
        proposal = self._step(point)
        if proposal.decrement > point.value and objective.n_rows_held:
            mass = objective.positive + objective.negative
            curvature = point.curvature + _DAMPING[-1] * mass
            self.hessian = yield objective.hessian, point._replace(curvature=curvature)
            proposal = self._step(point)
        if objective.n_rows_held and not any(objective.gammas):
            self.made = self.hessian.copy(), curvature
        return proposal

    def _with_proof(self, proposal, point):
        """The proposal, if it can be with a bound by the last Hessian that was made.

        The step after a proof within tol is the last, so it has to gain nearly all that is left:
        while it does not, the bound is not to end the fit.
        """
        if self.made is None:
            return proposal
        hessian, curvature = self.made
        factor = slack(curvature, point)
        model = GramModel(hessian, self.objective, point)
        wanted = self.tol * point.value
        if factor is None or not model.minimise_to_prove(point.value, wanted):
            return proposal
        bound = factor * max(model.promise, proposal.decrement)
        if bound > wanted and proposal.decrement <= _NOISE * point.value:
            return proposal  # steps cannot improve it
        ends = self.gained * proposal.decrement <= max(_LEFT * wanted, ROUNDING * point.value)
        return proposal._replace(decrement=bound, certified=True, ends=ends)

    def _step(self, point):
        model = GramModel(self.hessian, self.objective, point)
        done = model.minimise_to_prove(point.value, self.tol * point.value)
        self.gained = model.gain / self.last.decrement if self.last and self.last.decrement else 1.0
        self.last = Proposal(model.direction(), model.gain, done and self.age == 0)
        self.start = point
        self.age += 1
        return self.last._replace(decrement=model.promise)

    def _is_good(self, point):
        """Whether the last step has gained about what the Hessian promised."""
        gain = self.start.value - point.value
        return abs(gain - self.last.decrement) <= _GOOD * self.last.decrement

    def _update(self, point):
        step = point.theta - self.start.theta
        change = point.gradient - self.start.gradient
        product = self.hessian @ step
        curvature, modelled = step @ change, step @ product
        if curvature > 1e-10 * np.linalg.norm(step) * np.linalg.norm(change) and modelled > 0.0:
            self.hessian += np.outer(change / curvature, change)
            self.hessian -= np.outer(product / modelled, product)


class _WorkingSets:
    """Steps in the columns that are in use and those that the penalty does not hold at 0."""

    def __init__(self, objective, tol):
        self.objective, self.tol = objective, tol
        self.columns, self.kept = np.empty(0, dtype=int), None
        self.whole = None, None  # a point, and the step there that was not cut short

    def propose(self, point):
        used, wanted = np.flatnonzero(point.theta[:-1]), self._wanted(point)
        columns = np.append(used, wanted)
        # As many again as there are in use: the next gradient knows better.
        chosen = columns[: max(_FIRST, 2 * used.size)]
        if not self._affords_hessian(columns if self.objective.matrix.is_sparse else chosen):
            return self._step_on_columns(point, columns, _ROUGH * point.value)
        is_whole = chosen.size == used.size + wanted.size
        return (yield from self._solve_on(np.sort(chosen), point, is_whole))

    def certify(self, point):
        columns = np.append(np.flatnonzero(point.theta[:-1]), self._wanted(point))
        if self.objective.size <= MAX_FACTOR:  # others may be wanted on the way
            columns = np.arange(self.objective.size - 1)
        if not self._affords_hessian(columns):
            at, proposal = self.whole
            return proposal if at is point else self._step_on_columns(point, columns, np.inf)
        part, places, steps = yield from self._restrict(np.sort(columns))
        at = yield part.evaluate, point.theta[places]
        proposal = yield from steps.certify(at)
        return proposal._replace(direction=self._spread(proposal.direction, places))

    def _affords_hessian(self, columns):
        matrix = self.objective.matrix
        if not matrix.is_sparse:
            return columns.size <= _MAX_DENSE_HESSIAN
        if columns.size > _MAX_HESSIAN:
            return False
        return matrix.entries_of_columns[columns].sum() <= _LONG_ROWS * matrix.shape[0]

    def _step_on_columns(self, point, columns, enough):
        columns, mass = np.sort(columns), self.objective.positive + self.objective.negative
        for damping in _DAMPING:
            model = ColumnModel(self.objective, point, columns, point.curvature + damping * mass)
            done = model.minimise_to_prove(point.value, self.tol * point.value, enough)
            if model.gain <= point.value:  # more than everything cannot be gained
                break
        proposal = Proposal(model.direction(), model.promise, done and damping == 0.0)
        if model.gain < enough:
            self.whole = point, proposal
        return proposal

    def _wanted(self, point):
        """Columns not in use that would be, those that promise to gain the most first."""
        objective = self.objective
        excess = np.abs(point.gradient[:-1]) - objective.l1[:-1]
        found = np.flatnonzero((point.theta[:-1] == 0.0) & (excess > 0.0))
        promise = excess[found] ** 2 / objective.metric(point)[found]
        return found[np.argsort(-promise, kind="stable")]

    def _solve_on(self, columns, point, is_whole):
        """Newton steps on some columns, until they promise little."""
        part, places, steps = yield from self._restrict(columns)
        at = start = yield part.evaluate, point.theta[places]
        for k in range(_INNER_ITERATIONS):
            proposal = yield from steps.propose(at)
            if k == 0:
                enough = _INNER * proposal.decrement
                if is_whole and proposal.decrement <= self.tol * at.value:
                    return proposal._replace(direction=self._spread(proposal.direction, places))
            trial = yield from line_search(part, at, proposal)
            if trial is None:
                break
            at = trial
            if proposal.decrement <= enough:
                break
        direction = self._spread(at.theta - start.theta, places)
        return Proposal(direction, start.value - at.value, False)

    def _restrict(self, columns):
        """The objective of some columns, their places in theta, and steps in them.

        The last one serves again if it has these columns and not many more. Of most columns it is
        the whole objective.
        """
        has_room = self.kept is not None and self.columns.size <= _SPARE * columns.size
        if has_room and np.isin(columns, self.columns).all():
            return self.kept
        part, places = self.objective, slice(None)
        self.columns = np.arange(self.objective.size - 1)
        if columns.size <= _MOST * self.objective.size:
            part, places = (yield self.objective.restricted, columns), np.append(columns, -1)
            self.columns = columns
        self.kept = part, places, _HessianSteps(part, self.tol)
        return self.kept

    def _spread(self, step, places):
        direction = np.zeros(self.objective.size)
        direction[places] = step
        return direction
