"""A grid of losses and penalties, fitted to folds and scored; and the choice among its points."""

import math
from typing import NamedTuple

import numpy as np

from ._path import fit_path


class Grid(NamedTuple):
    """What is known of every point of the grid (n_gammas, n_l1_ratios, n_Cs).

    Of points that a callback has kept from being fitted it is NaN, or 0 iterations.
    """

    scores: np.ndarray  # (n_folds, n_gammas, n_l1_ratios, n_Cs), as the next two
    n_iter: np.ndarray
    coefs: np.ndarray  # with axes (1, n_columns + 1) after them, intercepts last
    whole: dict  # (gamma, l1_ratio, C), by number: the Fitted of all rows


def fit_grid(estimator, X, targets, folds, score, task=None):
    """Fit every point of an estimator's grid to all rows and to every fold.

    Parameters
    ----------
    estimator : BCEClassifierCV
        With ``Cs_``, ``l1_ratios_`` and ``gammas_``.
    X : ndarray or CSR array of shape (n_rows, n_columns)
    targets : Targets
        Of all rows.
    folds : list of Fold
    score : callable(fold, points) -> scores
        ``points`` are pairs of a Fitted and the parameters of `BCEClassifier` that it belongs to.
    task : FitTask, optional
        Told of every point that all rows and folds have been fitted for; if it is told to stop
        then, the grid ends there.

    Returns
    -------
    Grid
    """
    Cs, ratios, gammas = estimator.Cs_, estimator.l1_ratios_.tolist(), estimator.gammas_
    shape = (len(folds), len(gammas), len(ratios), len(Cs))
    scores, n_iter, whole = np.full(shape, np.nan), np.zeros(shape, dtype=int), {}
    coefs = np.full((*shape, 1, X.shape[1] + 1), np.nan)
    for g, r in np.ndindex(len(gammas), len(ratios)):
        if task is not None and task.told_to_stop:
            break
        path = fit_path(estimator, X, targets, folds, Cs, ratios[r], gammas[g], task)
        done = [c for c, fits in enumerate(path) if fits]
        first, *others = zip(*[path[c] for c in done], strict=True)
        whole.update({(g, r, c): fitted for c, fitted in zip(done, first, strict=True)})
        for k, (fold, fits) in enumerate(zip(folds, others, strict=True)):
            points = [
                (fitted, {"C": float(Cs[c]), "l1_ratio": ratios[r], "gamma": gammas[g]})
                for c, fitted in zip(done, fits, strict=True)
            ]
            scores[k, g, r, done] = _checked(score(fold, points), k)
            for c, fitted in zip(done, fits, strict=True):
                n_iter[k, g, r, c] = fitted.solution.n_iter
                coefs[k, g, r, c, 0] = np.append(fitted.coef, fitted.intercept)
    return Grid(scores, n_iter, coefs, whole)


def choose(scores, Cs, selection):
    """Return the numbers (gamma, l1_ratio, C) of the point to choose.

    Parameters
    ----------
    scores : ndarray of shape (n_folds, n_gammas, n_l1_ratios, n_Cs)
    Cs : ndarray of shape (n_Cs,)
    selection : {"best", "1se"}
        See `BCEClassifierCV`. Of equal means the first C is taken, then the first gamma. Points
        without scores are not chosen.
    """
    means = scores.mean(axis=0)
    C_first = np.moveaxis(means, -1, 0)
    c, g, r = np.unravel_index(np.nanargmax(C_first), C_first.shape)
    if selection == "1se":
        error = scores[:, g, r, c].std(ddof=1) / np.sqrt(len(scores))
        close = np.flatnonzero(means[g, r] >= means[g, r, c] - error)
        c = close[np.argmin(Cs[close])]
    return int(g), int(r), int(c)


def _checked(scores, fold):
    for score in scores:
        try:
            is_finite = math.isfinite(score)
        except (TypeError, OverflowError):
            is_finite = False
        if not is_finite:
            raise ValueError(f"scoring must return finite numbers. Got {score!r} for fold {fold}.")
    return [float(score) for score in scores]
