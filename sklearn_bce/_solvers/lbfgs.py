"""L-BFGS preconditioned by a Hessian, on large data by that of a sample of the rows.

L-BFGS (Nocedal and Wright, "Numerical Optimization", chapter 7) with a Hessian as the metric needs
a handful of readings of X where plain L-BFGS needs hundreds. On large data that Hessian and the
start come from a Newton fit of some random rows (20 p, or a sixteenth). Else the metric is the
whole Hessian, see `_own_proof.py`; with more than `MAX_FACTOR_SIZE` features it is a diagonal, see
`Objective.metric`.
"""

import numpy as np

from .._intercept import constant_value
from .._objective import MAX_FACTOR_SIZE
from . import newton_cholesky
from ._certify import certifier
from ._conjugate_gradient import Diagonal, cg_step
from ._limited_memory import LimitedMemory
from ._loop import Control, Proposal, minimise
from ._newton_step import Factor, newton_step
from ._own_proof import OwnProofRule, renew_every

_ROWS_PER_FEATURE = 20
_MIN_SAMPLE = 5_000
_ROWS_PER_SAMPLED_ROW = 16  # a larger sample costs more than the readings of X that it saves
# All rows per sampled row from which a sample pays: by its optimum it saves a few readings of X,
# for three Hessians of its own. Where every reading means to fetch X again it pays sooner.
WORTH_A_SAMPLE = 8
_WORTH_A_SAMPLE_OF_BLOCKS = 2
_FACTOR_FLOPS = 30  # of a factorisation, in the time of one of a sparse Hessian
_PRODUCTS_PAY = 256  # features: with more, the whole Hessian takes longer than products with it
# A sample's optimum may be so good on the sample that its rows curve several times too little.
_TRUSTED = 2.0
_FORCING = 1e-3  # for the step after the certificate is the last, and as good as Newton's


def solve(objective, theta, control, n_iter=0):
    """Minimise from ``theta``; see `_loop.minimise`."""
    sample = objective
    n_sample = _sample_size(objective)
    if _sample_pays(objective, n_sample) and n_iter < control.max_iter:
        sample = yield objective.draw, n_sample, control.seed
        tol = objective.size / sample.n_rows  # the subsample's optimum is hardly better than that
        sample_control = Control(tol, control.max_iter)
        start = yield from newton_cholesky.solve(sample, theta, sample_control, n_iter)
        n_iter = start.n_iter
        point = yield objective.evaluate, start.point.theta
        if theta[:-1].any() or not point.value <= constant_value(objective, theta):
            first = yield objective.evaluate, theta
            point = point if point.value < first.value else first
    else:
        point = yield objective.evaluate, theta
    if sample is objective and objective.size <= MAX_FACTOR_SIZE and objective.n_rows_held:
        rule = OwnProofRule(objective, control.tol)
        certify = rule.by_own_hessian
    else:
        rule = _Rule(objective, sample)
        certify = rule.certify(control.tol)
    return (yield from minimise(objective, point, control, rule.propose, certify, n_iter))


def _sample_size(objective):
    share = objective.n_rows // _ROWS_PER_SAMPLED_ROW
    return max(_ROWS_PER_FEATURE * objective.size, _MIN_SAMPLE, min(share, objective.n_rows_held))


def _sample_pays(objective, n_sample):
    if objective.size > MAX_FACTOR_SIZE:
        return False
    if not objective.n_rows_held:
        return objective.n_rows >= _WORTH_A_SAMPLE_OF_BLOCKS * n_sample
    # The Hessian of all rows, which would be the metric without, against factors of the sample's.
    hessian = objective.matrix.n_values**2 / objective.n_rows
    is_long = hessian * _FACTOR_FLOPS >= objective.size**3
    return is_long and objective.n_rows >= WORTH_A_SAMPLE * n_sample


class _Rule:
    """Directions from a memory whose metric is renewed now and then."""

    def __init__(self, objective, sample):
        self.objective = objective
        self.sample = sample
        self.memory = None
        self.has_factor = objective.size <= MAX_FACTOR_SIZE
        self.renew_every = renew_every(objective) if self.has_factor else np.inf

    def propose(self, point):
        if self.memory is None or self.age >= self.renew_every:
            self._renew((yield from self._metric_at(point)))
        self.age += 1
        direction = self.memory.direction(point)
        return Proposal(direction, -0.5 * (point.gradient @ direction), False)

    def certify(self, tol):
        """The certificate; where it is a whole Hessian, that becomes the metric.

        Products with the Hessian are to show that the end is reached. Who asks a second time has
        been misled by the sample's metric: from then on all rows make it.
        """
        if not self.has_factor:
            return certifier(self.objective, tol)
        is_sampled = self.sample is not self.objective
        products_pay = is_sampled and self.objective.size > _PRODUCTS_PAY

        def certify(point):
            nonlocal products_pay
            metric = self.memory.metric
            if products_pay and metric.is_regular:
                products_pay = False
                step = cg_step(self.objective, point, _FORCING, tol * point.value, factor=metric)
                proposal = yield from step
                if proposal.certified:
                    return proposal
            proposal, factor = yield from newton_step(self.objective, point)
            self._renew(factor)
            self.sample = self.objective
            self.memory.direction(point)  # the next pair starts here
            return proposal

        return certify

    def _metric_at(self, point):
        if not self.has_factor:
            return Diagonal(self.objective.metric(point))
        if self.sample is not self.objective:
            point = yield self.sample.evaluate, point.theta
        return Factor((yield self.sample.hessian, point))

    def _renew(self, metric):
        # A new factor knows better than pairs from further away.
        self.memory = LimitedMemory(metric, trusted=_TRUSTED if self.has_factor else 1.0)
        self.age = 0
