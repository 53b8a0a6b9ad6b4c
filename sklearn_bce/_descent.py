"""Stochastic steps over the rows of any X: what is known of K problems, and how they learn more.

`solver="sgd"` and `partial_fit` both go through `Descent.learn`.
"""

import numpy as np
import scipy.sparse as sp

from ._kernels.dense_steps import dense_steps
from ._kernels.sparse_steps import sparse_steps
from ._kernels.stochastic import (
    CENTER,
    CURVATURE,
    DUAL,
    N_TOTALS,
    POINTS,
    Rule,
    State,
    fill_coefs,
)
from ._matrix import Matrix
from ._state_axes import SPARSE_FEATURES, axes_of, by_place

_ETA0 = {"adaptive": 2.0, "constant": 0.1, "invscaling": 0.1}
_POWER = {"adaptive": 0.0, "constant": 0.0, "invscaling": 0.5}
# values of X times problems: a call of a kernel takes some hundredths of a second
_CALL_VALUES = 2**20
_COPY_PAYS = 8  # a state is copied for safety where that many times its values are read


def rule_of(estimator):
    """Return the Rule that an estimator's parameters mean."""
    kind = estimator.learning_rate
    return Rule(
        is_adaptive=kind == "adaptive",
        eta0=float(_ETA0[kind] if estimator.eta0 is None else estimator.eta0),
        power=_POWER[kind],
        batch_size=int(estimator.batch_size),
        average=bool(estimator.average),
        fit_intercept=bool(estimator.fit_intercept),
        l1_ratio=float(estimator.l1_ratio),
    )


class Descent:
    """K problems over rows of one kind, dense or sparse.

    Attributes
    ----------
    state : State
    is_sparse : bool
    """

    def __init__(self, state, is_sparse):
        self.state = state
        self.is_sparse = is_sparse

    @classmethod
    def start(cls, coefs, intercepts, rule, *, is_sparse, penalty, prior):
        """Begin from coefficients (K, n_columns) and intercepts (K,).

        ``penalty`` and ``prior`` (K,) are the penalty's factor and the rows that count as seen.
        """
        n_problems, n_columns = coefs.shape
        l1, l2 = rule.l1_ratio * penalty, (1.0 - rule.l1_ratio) * penalty
        if is_sparse:
            features = np.zeros((n_columns, SPARSE_FEATURES.size(n_problems)))
            places, moments = by_place(features), np.zeros((2, 0))
        else:
            features = places = np.zeros((3, n_problems, n_columns))
            moments = np.zeros((2, n_columns))
        places[CURVATURE] = 1.0  # whatever; the first gradient sets it
        places[DUAL] = -((1.0 + l2) * coefs.T + l1 * np.sign(coefs.T)).T
        average = np.zeros((n_columns, n_problems) if is_sparse else (n_problems, n_columns))
        state = State(
            features=features,
            moments=moments,
            coefs=np.zeros((n_columns if is_sparse else 0, n_problems)),
            coefs_penalty=np.full(n_problems, np.nan),
            average=average,
            intercept=np.vstack([intercepts, np.zeros((2, n_problems))]),
            row_weight=np.zeros(n_problems),
            prior=np.array(prior, dtype=np.float64),
            penalty=np.array(penalty, dtype=np.float64),
            totals=np.zeros(N_TOTALS),
        )
        return cls(state, is_sparse)

    @classmethod
    def from_dict(cls, arrays):
        """Return the Descent that `as_dict` has described; what else ``arrays`` holds is let be."""
        state = State(*(arrays[name] for name in State._fields))
        return cls(state, arrays["is_sparse"])

    def as_dict(self):
        """Return all there is to know, as plain arrays."""
        return {"is_sparse": self.is_sparse, **self.state._asdict()}

    @classmethod
    def join(cls, descents):
        """Return problems that have learned from the same rows as one Descent."""
        first, *others = descents
        if not others:
            return first
        arrays = {
            name: axis.join([getattr(each.state, name) for each in descents])
            for name, axis in axes_of(first.is_sparse).items()
        }
        return cls(first.state._replace(**arrays), first.is_sparse)

    def part(self, k):
        """Return problem k as a Descent by itself."""
        if self.n_problems == 1:
            return self
        axes = axes_of(self.is_sparse)
        arrays = (
            axes[name].part(array, k) if name in axes else array.copy()
            for name, array in self.state._asdict().items()
        )
        return Descent(State(*arrays), self.is_sparse)

    @property
    def n_problems(self):
        """Number of problems."""
        return self.state.penalty.size

    def copy(self):
        """Return the same with arrays of its own."""
        return Descent(State(*(array.copy() for array in self.state)), self.is_sparse)

    def copy_before(self, n_values):
        """Return a copy to learn from X with, or itself where so few values are not worth one."""
        size = self.state.features.size + self.state.average.size
        return self.copy() if n_values * self.n_problems >= _COPY_PAYS * size else self

    def learn(self, X, rows, positive, negative, gammas, rule, *, share, factor=1.0):
        """Take steps over some rows, once each.

        Parameters
        ----------
        X : ndarray or CSR array of shape (n_rows, n_columns)
            Sparse if this Descent is; a dense one takes sparse rows too.
        rows : ndarray of int, or None for all
            Their numbers, in the order to learn them.
        positive, negative : ndarray of shape (K, n_rows)
            The weights u and v.
        gammas : ndarray of shape (K, 2)
        rule : Rule
        share : ndarray of shape (K,)
            What each row adds to the penalty.
        factor : float
            On all weights.

        Returns
        -------
        ndarray of shape (K,)
            The sum of the losses, each from before its row was learned.
        """
        losses = np.zeros(self.n_problems)
        n_rows = X.shape[0] if rows is None else rows.size
        length = self._rows_of_a_call(X, rule.batch_size)
        if share.any():
            self.state.coefs_penalty[:] = np.nan
        elif self.is_sparse:
            self._keep_coefs(rule)
        for start in range(0, n_rows, length):
            stop = min(start + length, n_rows)
            some = slice(start, stop) if rows is None else rows[start:stop]
            order = np.arange(start, stop) if rows is None else some
            u, v = positive.take(order, axis=1), negative.take(order, axis=1)
            if factor != 1.0:
                u *= factor
                v *= factor
            told = order, u, v, gammas, share, rule, self.state, losses
            if self.is_sparse:
                sparse_steps(Matrix(X).layout, *told)
            elif sp.issparse(X) or X.dtype != np.float64 or not X.flags.c_contiguous:
                part = X[some].toarray() if sp.issparse(X) else X[some]
                part = np.ascontiguousarray(part, dtype=np.float64)
                dense_steps(Matrix(part).layout.values, np.arange(order.size), *told[1:])
            else:
                dense_steps(Matrix(X).layout.values, *told)
        return losses

    def _rows_of_a_call(self, X, batch_size):
        n_values = X.nnz / X.shape[0] if sp.issparse(X) else X.shape[1]
        length = _CALL_VALUES / max(n_values, 1.0) / max(4, self.n_problems)
        return batch_size * max(1, int(length / batch_size))

    def n_points(self, rule):
        """Return the number of points whose average the coefficients are; 0 if they are another."""
        return int(self.state.totals[POINTS]) if rule.average and rule.l1_ratio == 0.0 else 0

    def coefficients(self, rule):
        """Return coefficients (K, n_columns) and intercepts (K,): the average, if there is one."""
        state = self.state
        averages = rule.average and state.totals[POINTS] > 0.0
        if averages:
            coefs = (state.average.T if self.is_sparse else state.average).copy("C")
            if rule.l1_ratio > 0.0:
                # An average forgets zeros: what the L1 penalty holds at zero now is zero.
                coefs[self._last(rule) == 0.0] = 0.0
        else:
            coefs = self._last(rule)
            coefs += 0.0  # of zeros, the positive one
        intercepts = state.intercept[2 if averages else 0].copy()
        if not self.is_sparse:
            intercepts -= coefs @ state.moments[CENTER]
        return coefs, intercepts

    def _last(self, rule):
        """The coefficients after the last step, (K, n_columns)."""
        if self.is_sparse:
            self._keep_coefs(rule)
            return self.state.coefs.T.copy("C")
        return _fill(self.state.features, self.state.penalty, rule)

    def _keep_coefs(self, rule):
        """Work out ``state.coefs`` if the penalty is another than theirs."""
        state = self.state
        if not np.array_equal(state.coefs_penalty, state.penalty):
            state.coefs[:] = _fill(by_place(state.features), state.penalty, rule).T
            state.coefs_penalty[:] = state.penalty


def _fill(places, penalty, rule):
    coefs = np.empty(places.shape[1:])
    fill_coefs(places, penalty, rule.l1_ratio, coefs)
    return coefs
