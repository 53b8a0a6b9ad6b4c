"""Scores of fitted folds on the rows that they have not seen."""

import numpy as np
from scipy.special import logit
from sklearn.utils import _safe_indexing
from sklearn.utils.extmath import safe_sparse_dot

from ._binary import BCEClassifier
from ._kernels.pointwise import loss_of_rows
from ._threads import team_of_a_fit

_BLOCK_VALUES = 2**18  # entries of X that are fetched at a time
_MOST_ODDS = float(logit(1.0 - np.finfo(np.float64).eps))  # so that scores are finite


class FoldModel(BCEClassifier):
    """One fold's fit at one point of the grid, as scorers want it."""

    _held_out = None, None

    def remember(self, X, logits):
        """Take note of the logits of the rows that are to be scored."""
        self._held_out = X, logits[:, np.newaxis]

    def _logits(self, X):
        rows, logits = self._held_out
        return logits if X is rows else super()._logits(X)


def held_out_scores(models, X, rows, labels, targets, scorer, params):
    """Return the score of each model on rows that were held out.

    Parameters
    ----------
    models : list of FoldModel
    X : ndarray or CSR array of shape (n_rows, n_columns)
    rows : ndarray
        The rows to score.
    labels : ndarray of shape (n_rows,)
        As the user gave them.
    targets : tuple of two ndarrays of shape (n_rows,)
        The labels in [0, 1], and the weights.
    scorer : callable or None
        None is minus the log loss.
    params : dict
        For the scorer; what has one entry a row is cut down to the rows.

    Returns
    -------
    list of float
    """
    logits = _logits(X, rows, models)
    if scorer is None:
        y, weight = (each[rows] for each in targets)
        pairs = zip(models, logits, strict=True)
        return [-_mean_log_loss(model._log_odds(z), y, weight) for model, z in pairs]
    X_rows, labels = X[rows], labels[rows]
    params = {name: _of_rows(value, rows, X.shape[0]) for name, value in params.items()}
    scores = []
    for model, z in zip(models, logits, strict=True):
        model.remember(X_rows, z)
        scores.append(scorer(model, X_rows, labels, **params))
        model.remember(None, z[:0])
    return scores


def _logits(X, rows, models):
    """Logits of some rows for many models, (n_models, n_rows), block by block of rows."""
    coefs = np.vstack([model.coef_ for model in models]).T.astype(np.float64)
    logits = np.empty((len(models), rows.size))

    def part(start, stop):
        logits[:, start:stop] = safe_sparse_dot(X[rows[start:stop]], coefs).T

    length = max(64, _BLOCK_VALUES // max(1, X.shape[1]))
    starts = range(0, rows.size, length)
    with team_of_a_fit() as team, np.errstate(over="ignore", invalid="ignore"):
        team.map(part, [(start, min(start + length, rows.size)) for start in starts])
    return logits + np.vstack([model.intercept_ for model in models])


def _mean_log_loss(odds, y, weight):
    """Weighted mean log loss of log odds against labels in [0, 1].

    Probabilities stay off 0 and 1 by the precision of floats, as with scikit-learn's log loss.
    """
    odds = np.clip(odds, -_MOST_ODDS, _MOST_ODDS)
    weight = weight / weight.max()
    unused = np.empty((2, odds.size))
    total, _ = loss_of_rows(odds, weight * y, weight * (1.0 - y), 0.0, 0.0, *unused)
    return total / weight.sum()


def _of_rows(value, rows, n_rows):
    shape = (len(value),) if isinstance(value, (list, tuple)) else getattr(value, "shape", ())
    return _safe_indexing(value, rows) if shape[:1] == (n_rows,) else value
