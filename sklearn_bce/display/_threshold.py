"""ThresholdDisplay."""

import math

import numpy as np

from .._parameters import is_real
from ._axes import axes_of, require_matplotlib, styled
from ._predictions import (
    check_predictions,
    counts_by_threshold,
    positive_class_note,
    predictions_of,
)


class ThresholdDisplay:
    """Precision, recall and expected cost over the threshold of the decision.

    Rows with a score of at least the threshold are predicted positive. The threshold that costs
    least is marked.

    It is recommended to use `from_estimator` or `from_predictions` to make one. All parameters are
    stored as attributes.

    Parameters
    ----------
    thresholds : ndarray of shape (n_thresholds,)
        Rising; from `from_predictions` the distinct scores, and the next number above all of them,
        at which no row is predicted positive.
    precision : ndarray of shape (n_thresholds,)
        Share of positives among the rows predicted positive; 1 where there are none.
    recall : ndarray of shape (n_thresholds,)
        Share of the positives that are predicted positive.
    cost : ndarray of shape (n_thresholds,)
        Mean cost a row.
    name : str, default=None
        Name of the model, for the legend.
    pos_label : int, float, bool or str, default=None
        The positive class, for the label of the axis.

    Attributes
    ----------
    best_threshold : float
        The threshold of the least cost, the smallest if there are several.
    best_cost : float
        That cost.
    precision_line_, recall_line_, cost_line_ : matplotlib Artist
        The curves.
    threshold_line_ : matplotlib Artist
        The vertical line at ``best_threshold``.
    ax_ : matplotlib Axes
        Axes with precision and recall.
    cost_ax_ : matplotlib Axes
        Axes with the cost, which share the x-axis of ``ax_``.
    figure_ : matplotlib Figure
        Figure that holds them.

    See Also
    --------
    sklearn.model_selection.TunedThresholdClassifierCV : Chooses a threshold by cross-validation.

    Notes
    -----
    The least cost is least on the rows drawn, and so somewhat too good to be true: choose on
    validation rows, judge on others. Where the probabilities are right, the best threshold is
    cost_false_positive / (cost_false_positive + cost_false_negative).

    Examples
    --------
    >>> from sklearn_bce.display import ThresholdDisplay
    >>> display = ThresholdDisplay.from_predictions(
    ...     [1, 1, 0, 0], [0.9, 0.4, 0.6, 0.1], cost_false_negative=5.0
    ... )
    >>> display.best_threshold, display.best_cost
    (0.4, 0.25)
    """

    def __init__(self, *, thresholds, precision, recall, cost, name=None, pos_label=None):
        self.thresholds = thresholds
        self.precision = precision
        self.recall = recall
        self.cost = cost
        self.name = name
        self.pos_label = pos_label

    @property
    def best_threshold(self):
        """The threshold of the least cost."""
        return float(self.thresholds[np.argmin(self.cost)])

    @property
    def best_cost(self):
        """The least cost."""
        return float(np.min(self.cost))

    def plot(
        self,
        ax=None,
        *,
        name=None,
        precision_kw=None,
        recall_kw=None,
        cost_kw=None,
        threshold_kw=None,
    ):
        """Draw the curves; each is constant between two scores.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.
        name : str, default=None
            Name for the legend. None is the ``name`` of the display.
        precision_kw, recall_kw, cost_kw, threshold_kw : dict, default=None
            Passed to matplotlib's ``plot`` and, the last, ``axvline``.

        Returns
        -------
        display : ThresholdDisplay
            Itself.
        """
        self.ax_ = axes_of(self, ax)
        self.figure_ = self.ax_.figure
        self.cost_ax_ = twin = self.ax_.twinx()
        name = self.name if name is None else name
        curves = {}
        for axes, label, values, color, given in (
            (self.ax_, "Precision", self.precision, "C0", precision_kw),
            (self.ax_, "Recall", self.recall, "C2", recall_kw),
            (twin, "Expected cost", self.cost, "C3", cost_kw),
        ):
            style = styled({"drawstyle": "steps-pre", "label": label, "color": color}, given)
            (curves[label],) = axes.plot(self.thresholds, values, **style)
        self.precision_line_, self.recall_line_, self.cost_line_ = curves.values()
        chosen = f"Least cost, {self.best_cost:.3g}, at {self.best_threshold:.3g}"
        threshold_kw = styled({"color": "C3", "linestyle": "--", "label": chosen}, threshold_kw)
        self.threshold_line_ = twin.axvline(self.best_threshold, **threshold_kw)
        note = positive_class_note(self.pos_label)
        self.ax_.set(xlabel=f"Threshold{note}", ylabel="Precision, recall")
        self.ax_.set_ylim(-0.02, 1.02)
        twin.set_ylabel("Expected cost a row")
        largest = np.max(self.cost) or 1.0
        twin.set_ylim(-0.02 * largest, 1.02 * largest)  # 0 is where it is on the left
        twin.legend(  # above the axes: no corner is free of curves
            handles=[*curves.values(), self.threshold_line_],
            title=name,
            ncols=2,
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
        )
        return self

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        cost_false_positive=1.0,
        cost_false_negative=1.0,
        sample_weight=None,
        response_method="auto",
        pos_label=None,
        name=None,
        ax=None,
        **plot_kw,
    ):
        """Draw the thresholds of a classifier on given rows.

        Parameters
        ----------
        estimator : estimator instance
            Fitted classifier, or a pipeline that ends in one.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows, best such that it was not fitted to.
        y : array-like of shape (n_samples,)
            Their labels: hard ones, or probabilities in [0, 1].
        cost_false_positive, cost_false_negative : float, default=1.0
            What a wrong prediction costs, >= 0.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, >= 0.
        response_method : {"auto", "predict_proba", "decision_function"}, default="auto"
            What gives the score. "auto" is predict_proba where there is one.
        pos_label : int, float, bool or str, default=None
            The positive class. None is the second of two classes.
        name : str, default=None
            Name for the legend. None is the name of the class.
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.
        **plot_kw : dict
            Passed to `plot`.

        Returns
        -------
        display : ThresholdDisplay
            The display, drawn.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        method = response_method
        predictions, pos_label = predictions_of(estimator, X, y, sample_weight, pos_label, method)
        name = type(estimator).__name__ if name is None else name
        display = cls._of(predictions, cost_false_positive, cost_false_negative, name, pos_label)
        return display.plot(ax, **plot_kw)

    @classmethod
    def from_predictions(
        cls,
        y_true,
        y_score,
        *,
        cost_false_positive=1.0,
        cost_false_negative=1.0,
        sample_weight=None,
        pos_label=None,
        name=None,
        ax=None,
        **plot_kw,
    ):
        """Draw the thresholds of scores.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            Hard labels, or probabilities of the positive class in [0, 1]: then all counts are
            expected ones.
        y_score : array-like of shape (n_samples,)
            Scores, greater where the positive class is predicted.
        cost_false_positive, cost_false_negative : float, default=1.0
            What a wrong prediction costs, >= 0.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, >= 0.
        pos_label : int, float, bool or str, default=None
            The positive class. None is 1.
        name : str, default=None
            Name for the legend.
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.
        **plot_kw : dict
            Passed to `plot`.

        Returns
        -------
        display : ThresholdDisplay
            The display, drawn.
        """
        require_matplotlib(f"{cls.__name__}.from_predictions")
        predictions = check_predictions(y_true, y_score, sample_weight, pos_label)
        display = cls._of(predictions, cost_false_positive, cost_false_negative, name, pos_label)
        return display.plot(ax, **plot_kw)

    @classmethod
    def _of(cls, predictions, cost_false_positive, cost_false_negative, name, pos_label):
        _check_cost("cost_false_positive", cost_false_positive)
        _check_cost("cost_false_negative", cost_false_negative)
        counts = counts_by_threshold(predictions)
        curves = _curves(*counts, cost_false_positive, cost_false_negative)
        return cls(**curves, name=name, pos_label=pos_label)


def _check_cost(name, cost):
    if not (is_real(cost) and 0.0 <= cost < math.inf):
        raise ValueError(f"{name} must be a float in the range [0, inf). Got {cost!r} instead.")


def _curves(thresholds, true_positive, false_positive, cost_false_positive, cost_false_negative):
    """Precision, recall and cost, by rising threshold."""
    predicted = true_positive + false_positive
    missed = true_positive[-1] - true_positive
    cost = cost_false_positive * false_positive + cost_false_negative * missed
    nobody = cost_false_negative * true_positive[-1]
    return {
        "thresholds": np.append(thresholds[::-1], np.nextafter(thresholds[0], np.inf)),
        "precision": np.append((true_positive / predicted)[::-1], 1.0),
        "recall": np.append((true_positive / true_positive[-1])[::-1], 0.0),
        "cost": np.append(cost[::-1], nobody) / predicted[-1],
    }
