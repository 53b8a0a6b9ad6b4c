"""`partial_fit`, and what is kept between calls.

That is a dict of plain arrays, in the private attribute ``_stream`` of the estimator.
"""

import numpy as np
import scipy.sparse as sp
from sklearn.utils.extmath import safe_sparse_dot

from ._inputs import check_X, flat_if_one_column, refuse_infinite
from ._posterior import check_closed_form, loss_parameters
from ._progress import forget_progress
from ._stream_labels import columns_of, first_classes, same_classes, weigh_stream
from ._streamed import forget_coefficients

_LARGEST_PENALTY, _LARGEST_WEIGHT = 1e100, 1e140


def end_stream(estimator, n_rows):
    """Note a fit to ``n_rows`` rows: a stream that follows starts from its coefficients."""
    vars(estimator).pop("_stream", None)
    estimator.n_samples_seen_ = n_rows


def learn_stream(estimator, X, y, classes, sample_weight, *, many=False):
    """Let an estimator learn some rows; see `BCEClassifier.partial_fit`.

    With ``many`` there may be more than two classes, or a column for each label.
    """
    _refuse_what_needs_all_rows(estimator)
    is_first = not hasattr(estimator, "classes_")
    X, y = check_X(estimator, X, y, reset=is_first, multi_output=many, finite=False)
    y = flat_if_one_column(y)
    if is_first:
        classes, is_multilabel = first_classes(y, classes, many), y.ndim == 2
    else:
        is_multilabel = getattr(estimator, "multilabel_", False)
        classes = same_classes(y, classes, estimator.classes_, is_multilabel)
    columns, codes, form = columns_of(y, classes, is_multilabel)
    positive, negative, factors = weigh_stream(
        estimator, columns, codes, classes, is_multilabel, sample_weight, X.shape[0]
    )
    if estimator.probability == "posterior":
        check_closed_form(factors is not None)

    losses = _learn(estimator, X, positive, negative)
    gammas = np.full((len(columns), 2), estimator.gamma, dtype=np.float64)
    estimator.classes_ = classes
    if many:
        estimator.multilabel_, estimator.indicator_form_ = is_multilabel, form
    estimator.loss_parameters_ = (
        None if factors is None else loss_parameters(gammas, factors, estimator.label_smoothing)
    )
    estimator.n_iter_ = np.ones(len(columns), dtype=int)
    estimator.solver_ = "sgd"
    estimator.validation_scores_ = None
    _note_losses(estimator, losses)
    forget_progress(estimator)


def _note_losses(estimator, losses):
    is_one = len(losses) == 1
    estimator.optimality_ = np.nan if is_one else np.full(len(losses), np.nan)
    curves = estimator.loss_curve_
    for curve, loss in zip([curves] if is_one else curves, losses.tolist(), strict=True):
        curve.append(loss)


def _refuse_what_needs_all_rows(estimator):
    reason = "it needs all rows at once, and a stream shows one part after another"
    if estimator.early_stopping:
        raise ValueError(f"early_stopping=True is not supported by partial_fit: {reason}.")
    for name in ("class_weight", "pos_weight"):
        if isinstance(getattr(estimator, name), str):
            raise ValueError(
                f"{name}='balanced' is not supported by partial_fit: {reason}. Compute the weights "
                "from what you know of the classes, and pass them as numbers."
            )


def _learn(estimator, X, positive, negative):
    """Take the steps; return the mean losses of all problems."""
    # This brings Numba, which a mere import should not wait for.
    from ._descent import are_ordinary, rule_of

    n_problems = len(positive)
    weight = positive + negative
    total = _total(weight)
    gammas = np.full((n_problems, 2), estimator.gamma, dtype=np.float64)
    penalty = np.full(n_problems, min(1.0 / float(estimator.C), _LARGEST_PENALTY))
    n_seen = getattr(estimator, "n_samples_seen_", 0)
    stream = getattr(estimator, "_stream", {})
    is_sparse = stream["is_sparse"] if stream else sp.issparse(X)
    rule = rule_of(estimator, is_sparse=is_sparse)
    is_ordinary = are_ordinary(X, weight, gammas, np.array([rule.eta0]))
    if not is_ordinary:  # and perhaps not even numbers
        refuse_infinite(estimator, X)
    if stream:
        descent, was_ordinary = _go_on(estimator, X, stream, is_ordinary)
    else:
        start = _start_of(estimator, X, n_problems, rule)
        prior = _prior(X, start, rule, positive, negative, gammas, n_seen)
        descent, was_ordinary = _begin(estimator, start, rule, is_sparse, penalty, prior)
    is_ordinary = is_ordinary and was_ordinary
    if is_sparse and not sp.issparse(X):
        X = sp.csr_array(X)
    # All rows so far together have one penalty: the share of a row is 1 / (C n_rows).
    descent.set_penalty(penalty, rule)
    rows = _rows_in_order(estimator, weight, n_seen)
    losses = descent.learn(X, rows, positive, negative, gammas, rule, share=np.zeros(n_problems))
    if not is_ordinary:
        _refuse_overflow(losses, descent.state.intercept, *descent.coefficients(rule))
    settled = {"rule": tuple(rule), "dtype": X.dtype.char, "is_ordinary": is_ordinary}
    estimator._stream = settled | descent.as_dict()
    estimator.n_samples_seen_ = n_seen + X.shape[0]
    forget_coefficients(estimator)
    return losses / np.where(total > 0.0, total, 1.0)


def _begin(estimator, start, rule, is_sparse, penalty, prior):
    """A new Descent, and whether its numbers are ordinary ones."""
    from ._descent import Descent, are_ordinary

    n_problems = len(prior)
    estimator.loss_curve_ = [] if n_problems == 1 else [[] for _ in range(n_problems)]
    descent = Descent.start(*start, rule, is_sparse=is_sparse, penalty=penalty, prior=prior)
    return descent, are_ordinary(*start)


def _go_on(estimator, X, stream, is_ordinary):
    """The Descent of the calls before, and whether their numbers were ordinary ones."""
    from ._descent import Descent, Rule

    _refuse_another_intercept(estimator, Rule(*stream["rule"]))
    was_ordinary = stream["is_ordinary"]
    descent = Descent.from_dict(stream)
    # Steps that may fail must leave no trace, nor should one that is broken off after long.
    may_fail = not (is_ordinary and was_ordinary)
    if may_fail or descent.takes_less_to_copy(X.nnz if sp.issparse(X) else X.size):
        descent = descent.copy()
    return descent, was_ordinary


def _rows_in_order(estimator, weight, n_seen):
    """The rows to learn, in their order; None for all as they come."""
    from ._descent import in_random_order
    from ._fit import seed_of

    n_rows = weight.shape[1]
    rows = np.arange(n_rows) if weight.all() else np.flatnonzero(weight.any(axis=0))
    if estimator.shuffle:
        return in_random_order(rows, seed_of(estimator), n_seen)
    return None if rows.size == n_rows else rows


def _refuse_another_intercept(estimator, rule):
    if bool(estimator.fit_intercept) != rule.fit_intercept:
        raise ValueError(
            "fit_intercept cannot change in the middle of a stream. Got "
            f"{estimator.fit_intercept!r}, and the calls before had {rule.fit_intercept!r}."
        )


def _refuse_overflow(*learned):
    if not all(np.isfinite(numbers).all() for numbers in learned):
        raise ValueError(
            "The steps have left the range of floating point numbers: features, eta0 or weights "
            "are too large, or weights too small. Scale them."
        )


def _total(weight):
    """The weight of all rows for each problem, which its square must not take beyond all floats."""
    with np.errstate(over="ignore", invalid="ignore"):
        total = weight.sum(axis=1)
    if not total.max() <= _LARGEST_WEIGHT:  # it may be NaN
        raise ValueError(
            "sample_weight is too large for partial_fit, which squares it: the weights of a call "
            f"sum to {total.max():g}, more than {_LARGEST_WEIGHT:g}. Scale them, and C with them."
        )
    return total


def _start_of(estimator, X, n_problems, rule):
    """Coefficients (n_problems, n_columns) and intercepts to begin with: those of a fit, or 0."""
    if not hasattr(estimator, "coef_"):
        return np.zeros((n_problems, X.shape[1])), np.zeros(n_problems)
    coefs = np.asarray(estimator.densify().coef_, dtype=np.float64)
    return coefs, np.asarray(estimator.intercept_, dtype=np.float64) * rule.fit_intercept


def _prior(X, start, rule, positive, negative, gammas, n_seen):
    """The number of rows that count as seen, for each problem: a batch, and those of a fit."""
    from ._kernels.pointwise import loss_of_rows

    prior = np.full(len(positive), float(rule.batch_size))
    if n_seen == 0:
        return prior
    # How steep the rows of the fit were is known from the first rows of the stream: slopes of
    # well-fitted rows have the curvature as their mean square.
    coefs, intercepts = start
    some = slice(0, rule.batch_size)
    z = safe_sparse_dot(X[some], coefs.T, dense_output=True).astype(np.float64) + intercepts
    for k, (u, v) in enumerate(zip(positive, negative, strict=True)):
        slope, weight = np.empty((2, z.shape[0]))
        loss_of_rows(z[:, k].copy(), u[some], v[some], *gammas[k], slope, weight)
        total = u[some].sum() + v[some].sum()
        prior[k] += n_seen * (weight.sum() / total if total > 0.0 else 0.25)
    return prior
