"""GainLiftDisplay."""

import numpy as np

from .._parameters import one_of
from ._axes import axes_of, require_matplotlib, styled
from ._predictions import (
    check_predictions,
    counts_by_threshold,
    positive_class_note,
    predictions_of,
)

_CHANCE = "Chance"


class GainLiftDisplay:
    r"""Share of all positives among the rows that score best (gain), or its ratio to chance (lift).

    With weights w and labels y, the best rows, of a share s of all weight, hold the share g of
    :math:`\sum w y`. The gain chart draws g over s, the lift chart g / s over s. Rows with the same
    score enter together.

    It is recommended to use `from_estimator` or `from_predictions` to make one. All parameters are
    stored as attributes.

    Parameters
    ----------
    share : ndarray of shape (n_thresholds + 1,)
        Share of the weight of the rows targeted, from 0 to 1, rising.
    gain : ndarray of shape (n_thresholds + 1,)
        Share of the positives among them, from 0 to 1.
    name : str, default=None
        Name of the model, for the legend.
    pos_label : int, float, bool or str, default=None
        The positive class, for the labels of the axes.

    Attributes
    ----------
    lift : ndarray of shape (n_thresholds,)
        ``gain / share``, without the point at 0.
    line_ : matplotlib Artist
        The curve.
    chance_line_ : matplotlib Artist or None
        What targeting at random would give.
    ax_ : matplotlib Axes
        Axes with the curve.
    figure_ : matplotlib Figure
        Figure that holds them.

    Examples
    --------
    >>> from sklearn_bce.display import GainLiftDisplay
    >>> display = GainLiftDisplay.from_predictions([1, 1, 0, 0], [0.9, 0.4, 0.6, 0.1])
    >>> display.share
    array([0.  , 0.25, 0.5 , 0.75, 1.  ])
    >>> display.gain
    array([0. , 0.5, 0.5, 1. , 1. ])
    """

    def __init__(self, *, share, gain, name=None, pos_label=None):
        self.share = share
        self.gain = gain
        self.name = name
        self.pos_label = pos_label

    @property
    def lift(self):
        """Gain over share, without the point at 0."""
        return self.gain[1:] / self.share[1:]

    def plot(self, ax=None, *, kind="gain", name=None, ref_line=True, line_kw=None):
        """Draw the curve.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.
        kind : {"gain", "lift"}, default="gain"
            What to draw.
        name : str, default=None
            Name for the legend. None is the ``name`` of the display.
        ref_line : bool, default=True
            Whether to draw what chance would give: a gain equal to the share, a lift of 1.
        line_kw : dict, default=None
            Passed to matplotlib's ``plot``.

        Returns
        -------
        display : GainLiftDisplay
            Itself.
        """
        one_of("kind", kind, ("gain", "lift"))
        self.ax_ = axes_of(self, ax)
        self.figure_ = self.ax_.figure
        x, y = (self.share, self.gain) if kind == "gain" else (self.share[1:], self.lift)
        line_kw = styled({"label": self.name if name is None else name}, line_kw)
        (self.line_,) = self.ax_.plot(x, y, **line_kw)
        self.chance_line_ = None
        if ref_line and _CHANCE not in self.ax_.get_legend_handles_labels()[1]:
            (self.chance_line_,) = self.ax_.plot(
                [0, 1], [0, 1] if kind == "gain" else [1, 1], color="0.4", ls=":", label=_CHANCE
            )
        note = positive_class_note(self.pos_label)
        self.ax_.set(
            xlabel="Share of rows targeted, best scores first",
            ylabel=f"Share of positives reached{note}" if kind == "gain" else f"Lift{note}",
        )
        if self.ax_.get_legend_handles_labels()[1]:
            self.ax_.legend(loc="lower right" if kind == "gain" else "upper right")
        return self

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        sample_weight=None,
        response_method="auto",
        pos_label=None,
        kind="gain",
        name=None,
        ax=None,
        **plot_kw,
    ):
        """Draw the gain or lift of a classifier on given rows.

        Parameters
        ----------
        estimator : estimator instance
            Fitted classifier, or a pipeline that ends in one.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows, best such that it was not fitted to.
        y : array-like of shape (n_samples,)
            Their labels: hard ones, or probabilities in [0, 1].
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, >= 0.
        response_method : {"auto", "predict_proba", "decision_function"}, default="auto"
            What gives the score. "auto" is predict_proba where there is one.
        pos_label : int, float, bool or str, default=None
            The positive class. None is the second of two classes.
        kind : {"gain", "lift"}, default="gain"
            What to draw.
        name : str, default=None
            Name for the legend. None is the name of the class.
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.
        **plot_kw : dict
            Passed to `plot`.

        Returns
        -------
        display : GainLiftDisplay
            The display, drawn.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        method = response_method
        predictions, pos_label = predictions_of(estimator, X, y, sample_weight, pos_label, method)
        name = type(estimator).__name__ if name is None else name
        return cls._of(predictions, name, pos_label).plot(ax, kind=kind, **plot_kw)

    @classmethod
    def from_predictions(
        cls,
        y_true,
        y_score,
        *,
        sample_weight=None,
        pos_label=None,
        kind="gain",
        name=None,
        ax=None,
        **plot_kw,
    ):
        """Draw the gain or lift of scores.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            Hard labels, or probabilities of the positive class in [0, 1].
        y_score : array-like of shape (n_samples,)
            Scores, greater where the positive class is predicted.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, >= 0.
        pos_label : int, float, bool or str, default=None
            The positive class. None is 1.
        kind : {"gain", "lift"}, default="gain"
            What to draw.
        name : str, default=None
            Name for the legend.
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.
        **plot_kw : dict
            Passed to `plot`.

        Returns
        -------
        display : GainLiftDisplay
            The display, drawn.
        """
        require_matplotlib(f"{cls.__name__}.from_predictions")
        predictions = check_predictions(y_true, y_score, sample_weight, pos_label)
        return cls._of(predictions, name, pos_label).plot(ax, kind=kind, **plot_kw)

    @classmethod
    def _of(cls, predictions, name, pos_label):
        _, true_positive, false_positive = counts_by_threshold(predictions)
        targeted = true_positive + false_positive
        return cls(
            share=np.append(0.0, targeted / targeted[-1]),
            gain=np.append(0.0, true_positive / true_positive[-1]),
            name=name,
            pos_label=pos_label,
        )
