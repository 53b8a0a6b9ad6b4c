"""Stochastic steps over the rows of any X: what is known of K problems, and how they learn more.

`solver="sgd"` and `partial_fit` both go through `Descent.learn`.
"""

import numpy as np
import scipy.sparse as sp

from ._kernels import ordinary
from ._kernels.dense_steps import dense_steps
from ._kernels.orders import are_rising, shuffle
from ._kernels.prefetch import LINE
from ._kernels.sparse_steps import sparse_steps
from ._kernels.stochastic import (
    BEFORE_AVERAGE,
    CENTER,
    DUAL,
    N_DUALS,
    N_TOTALS,
    POINTS,
    WORK,
    Rule,
    State,
    fill_coefs,
)
from ._matrix import Matrix
from ._state_axes import axes_of, by_column, by_place, coefs_in

_ETA0 = {"adaptive": 2.0, "constant": 0.1, "invscaling": 0.1}
_POWER = {"adaptive": 0.0, "constant": 0.0, "invscaling": 0.5}
_BATCH = 16  # rows
# Sparse rows with adaptive steps each take one of their own, from a slope at the coefficients
# before the batch. It must not be too old: steps of thousands of rows at once would lead away.
_SPARSE_BATCH, _LARGEST_SPARSE_BATCH = 8, 64
# values of X times problems: a call of a kernel takes some hundredths of a second
_CALL_VALUES = 2**20
_COPY_PAYS = 8  # a state is copied for safety where that many times its values are read


def rule_of(estimator, *, is_sparse):
    """Return the Rule that an estimator's parameters mean for rows of a kind."""
    kind, batch_size = estimator.learning_rate, estimator.batch_size
    if is_sparse and kind == "adaptive":
        batch_size = _SPARSE_BATCH if batch_size == "auto" else _largest_part(batch_size)
    elif batch_size == "auto":
        batch_size = _BATCH
    return Rule(
        is_adaptive=kind == "adaptive",
        eta0=float(_ETA0[kind] if estimator.eta0 is None else estimator.eta0),
        power=_POWER[kind],
        batch_size=int(batch_size),
        average=bool(estimator.average),
        fit_intercept=bool(estimator.fit_intercept),
        l1_ratio=float(estimator.l1_ratio),
    )


def _largest_part(batch_size):
    """The most rows, within bounds, that a batch is a multiple of: where it ends, a part does."""
    return max(n for n in range(1, _LARGEST_SPARSE_BATCH + 1) if batch_size % n == 0)


def in_random_order(rows, *seed):
    """Return numbers of rows in an order that the seeds, ints, settle."""
    rows = rows.copy()
    pairs = np.random.PCG64(seed).random_raw((rows.size + 1) // 2)
    shuffle(rows, pairs.view(np.uint32))
    return rows


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
        axes = axes_of(is_sparse)
        if is_sparse:
            features = _aligned(n_columns, axes["features"].size(n_problems))
            if coefs.any():
                coefs_in(features)[:] = coefs.T
            duals, moments = np.zeros((0, axes["duals"].size(n_problems))), np.zeros((2, 0))
        else:
            features = np.zeros((n_problems, n_columns))
            duals, moments = _duals(coefs, penalty, rule), np.zeros((2, n_columns))
        average = np.zeros((n_columns, n_problems) if is_sparse else (n_problems, n_columns))
        totals = np.zeros(N_TOTALS)
        if is_sparse:
            totals[WORK] = -BEFORE_AVERAGE * n_columns
        state = State(
            features=features,
            duals=duals,
            moments=moments,
            average=average,
            intercept=np.vstack([intercepts, np.zeros((2, n_problems))]),
            squared_weight=np.zeros(n_problems),
            prior=np.array(prior, dtype=np.float64),
            penalty=np.array(penalty, dtype=np.float64),
            totals=totals,
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
        state = State(*(array.copy() for array in self.state))
        if self.is_sparse:
            state = state._replace(features=_aligned(*state.features.shape))
            state.features[:] = self.state.features
        return Descent(state, self.is_sparse)

    def takes_less_to_copy(self, n_values):
        """Whether a copy takes a small part of the time that X with so many values takes."""
        size = self.state.features.size + self.state.average.size
        return n_values * self.n_problems >= _COPY_PAYS * size

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
        if self.is_sparse:
            self._keep(rule, duals=rule.l1_ratio > 0.0 or bool(share.any()))
            layout = _layout_without_repeated(X)
        for start in range(0, n_rows, length):
            stop = min(start + length, n_rows)
            some = slice(start, stop) if rows is None else rows[start:stop]
            order = np.arange(start, stop) if rows is None else some
            u, v = positive.take(order, axis=1), negative.take(order, axis=1)
            if factor != 1.0:
                u *= factor
                v *= factor
            told = u, v, gammas, share, rule, self.state
            if self.is_sparse:
                sparse_steps(layout, order, *told, losses)
            elif sp.issparse(X) or X.dtype != np.float64 or not X.flags.c_contiguous:
                part = X[some].toarray() if sp.issparse(X) else X[some]
                part = np.ascontiguousarray(part, dtype=np.float64)
                dense_steps(Matrix(part).layout.values, np.arange(order.size), *told, losses)
            else:
                dense_steps(Matrix(X).layout.values, order, *told, losses)
        return losses

    def _rows_of_a_call(self, X, batch_size):
        n_values = X.nnz / X.shape[0] if sp.issparse(X) else X.shape[1]
        length = _CALL_VALUES / max(n_values, 1.0) / max(4, self.n_problems)
        return batch_size * max(1, int(length / batch_size))

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

    def set_penalty(self, penalty, rule):
        """Let another penalty (K,) count from now on; the coefficients stay as they are."""
        if np.array_equal(penalty, self.state.penalty):
            return
        coefs, has_duals = self._last(rule), self._has_duals
        self.state = self.state._replace(penalty=np.array(penalty))
        if has_duals:
            self._set_duals(coefs, rule)

    def _keep(self, rule, *, duals):
        """Have duals of sparse rows, or else the coefficients themselves."""
        if duals and not self._has_duals:
            self._set_duals(self._last(rule), rule)
        elif self._has_duals and not duals:
            coefs_in(self.state.features)[:] = self._last(rule).T
            self.state = self.state._replace(duals=self.state.duals[:0])

    @property
    def _has_duals(self):
        return self.state.duals.size > 0

    def _set_duals(self, coefs, rule):
        duals = _duals(coefs, self.state.penalty, rule)
        self.state = self.state._replace(duals=by_column(duals) if self.is_sparse else duals)

    def _last(self, rule):
        """The coefficients after the last step, (K, n_columns)."""
        if not self._has_duals:
            return coefs_in(self.state.features).T.copy("C")
        duals = by_place(self.state.duals) if self.is_sparse else self.state.duals
        coefs = np.empty(duals.shape[1:])
        fill_coefs(duals, self.state.penalty, rule.l1_ratio, coefs)
        return coefs


def are_ordinary(*arrays):
    """Whether all numbers of arrays or sparse X are such that steps stay within the floats.

    Numbers from 1e-30 to 1e30 in size, and 0, do whatever the rule.
    """
    return all(ordinary.are_ordinary(Matrix(X).layout.values.reshape(-1)) for X in arrays)


def _aligned(n_rows, n_columns):
    """Zeros that begin where a line of memory does, so that no short row lies in two."""
    room = np.zeros(n_rows * n_columns + LINE)
    first = -room.ctypes.data // room.itemsize % LINE
    return room[first : first + n_rows * n_columns].reshape(n_rows, n_columns)


def _duals(coefs, penalty, rule):
    """The duals (2, K, n_columns) of coefficients. Their curvature is whatever: a step sets it."""
    penalty = penalty[:, np.newaxis]
    l1, l2 = rule.l1_ratio * penalty, (1.0 - rule.l1_ratio) * penalty
    duals = np.ones((N_DUALS, *coefs.shape))
    duals[DUAL] = -((1.0 + l2) * coefs + l1 * np.sign(coefs))
    return duals


def _layout_without_repeated(X):
    """The layout of CSR X, or of a copy in which each row has a column once."""
    layout = Matrix(X).layout
    if are_rising(layout.indices, layout.indptr):
        return layout
    X = X.copy()
    X.sum_duplicates()
    return Matrix(X).layout
