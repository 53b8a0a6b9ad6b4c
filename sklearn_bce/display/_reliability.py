"""ReliabilityDisplay."""

import numpy as np
from scipy.stats import norm

from .._parameters import is_real
from ..metrics._calibration import bin_of_rows, check_bins
from ._axes import axes_of, require_matplotlib, styled, twin_below
from ._predictions import check_predictions, positive_class_note, predictions_of

_DIAGONAL = "Perfectly calibrated"


class ReliabilityDisplay:
    r"""Observed share of the positive class over its predicted probability, in bins.

    What :class:`sklearn.calibration.CalibrationDisplay` draws, for soft labels and weights too,
    with a confidence band and the histogram of the probabilities.

    It is recommended to use `from_estimator` or `from_predictions` to make one. All parameters are
    stored as attributes.

    Parameters
    ----------
    prob_true : ndarray of shape (n_bins,)
        Weighted mean of the labels in each bin that has rows.
    prob_pred : ndarray of shape (n_bins,)
        Weighted mean of the probabilities in each bin.
    lower, upper : ndarray of shape (n_bins,), default=None
        The ends of the confidence interval of each ``prob_true``. None draws no band.
    y_prob : ndarray of shape (n_samples,), default=None
        The probabilities, for the histogram. None draws none.
    sample_weight : ndarray of shape (n_samples,), default=None
        Their weights.
    name : str, default=None
        Name of the model, for the legend.
    pos_label : int, float, bool or str, default=None
        The positive class, for the labels of the axes.

    Attributes
    ----------
    line_ : matplotlib Artist
        The curve.
    band_ : matplotlib Artist or None
        The confidence band.
    histogram_ : matplotlib Artist or None
        The bars of the histogram.
    ax_ : matplotlib Axes
        Axes with the curve.
    histogram_ax_ : matplotlib Axes or None
        Axes with the histogram, which share the x-axis of ``ax_``.
    figure_ : matplotlib Figure
        Figure that holds them.

    Notes
    -----
    The band is the Wilson score interval of each bin by itself, not of the whole curve at once:
    with the share :math:`\hat p` observed, the normal quantile :math:`t` and n rows it is

    .. math::

        \frac{\hat p + \frac{t^2}{2n} \pm
        t \sqrt{\frac{\hat p (1 - \hat p)}{n} + \frac{t^2}{4 n^2}}}{1 + t^2 / n}.

    For weighted rows n is the effective number :math:`(\sum w)^2 / \sum w^2` (Kish). A soft label
    varies less than a hard one of the same mean (at most :math:`\hat p (1 - \hat p)`), so for soft
    labels the band is too wide rather than too narrow.

    References
    ----------
    E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", Journal of
    the American Statistical Association 22, 1927.

    L. Kish, "Survey Sampling", Wiley, 1965.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_bce import BCEClassifier
    >>> from sklearn_bce.display import ReliabilityDisplay
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> clf = BCEClassifier().fit(X[:300], y[:300])
    >>> display = ReliabilityDisplay.from_estimator(clf, X[300:], y[300:], n_bins=3)
    >>> display.prob_true.round(2)
    array([0.1 , 0.86, 1.  ])
    """

    def __init__(
        self,
        *,
        prob_true,
        prob_pred,
        lower=None,
        upper=None,
        y_prob=None,
        sample_weight=None,
        name=None,
        pos_label=None,
    ):
        self.prob_true = prob_true
        self.prob_pred = prob_pred
        self.lower = lower
        self.upper = upper
        self.y_prob = y_prob
        self.sample_weight = sample_weight
        self.name = name
        self.pos_label = pos_label

    def plot(
        self,
        ax=None,
        *,
        name=None,
        ref_line=True,
        histogram=True,
        line_kw=None,
        band_kw=None,
        histogram_kw=None,
    ):
        """Draw the curve, its band and the histogram.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.
        name : str, default=None
            Name for the legend. None is the ``name`` of the display.
        ref_line : bool, default=True
            Whether to draw the diagonal.
        histogram : bool, default=True
            Whether to draw the histogram, in twenty bins, along the bottom.
        line_kw, band_kw, histogram_kw : dict, default=None
            Passed to matplotlib's ``plot``, ``fill_between`` and ``hist``.

        Returns
        -------
        display : ReliabilityDisplay
            Itself.
        """
        self.ax_ = axes_of(self, ax)
        self.figure_ = self.ax_.figure
        name = self.name if name is None else name
        if ref_line and _DIAGONAL not in self.ax_.get_legend_handles_labels()[1]:
            self.ax_.plot([0, 1], [0, 1], color="0.4", linestyle=":", label=_DIAGONAL)
        line_kw = styled({"marker": "s", "markersize": 4, "label": name}, line_kw)
        (self.line_,) = self.ax_.plot(self.prob_pred, self.prob_true, **line_kw)
        self.band_ = None
        if self.lower is not None:
            defaults = {"color": self.line_.get_color(), "alpha": 0.2, "linewidth": 0}
            band_kw = styled(defaults, band_kw, "Collection")
            self.band_ = self.ax_.fill_between(self.prob_pred, self.lower, self.upper, **band_kw)
        self.histogram_ = self.histogram_ax_ = None
        if histogram and self.y_prob is not None:
            self._plot_histogram(histogram_kw)
        note = positive_class_note(self.pos_label)
        self.ax_.set(xlabel=f"Mean predicted probability{note}", ylabel=f"Share observed{note}")
        self.ax_.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        if self.ax_.get_legend_handles_labels()[1]:
            self.ax_.legend(loc="upper left")
        return self

    def _plot_histogram(self, histogram_kw):
        self.histogram_ax_ = twin_below(self.ax_)
        weight = np.ones(len(self.y_prob)) if self.sample_weight is None else self.sample_weight
        defaults = {"bins": np.linspace(0.0, 1.0, 21), "color": "0.85"}
        histogram_kw = styled(defaults, histogram_kw, "Patch")
        shares, _, self.histogram_ = self.histogram_ax_.hist(
            self.y_prob, weights=weight / np.sum(weight), **histogram_kw
        )
        largest = np.max(shares)
        self.histogram_ax_.set_ylim(0.0, 5.0 * largest)
        self.histogram_ax_.set_yticks([0.0, largest], ["0", f"{largest:.0%}"])
        of = "rows" if self.sample_weight is None else "weight"
        self.histogram_ax_.set_ylabel(f"Share of {of}", loc="bottom")

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        sample_weight=None,
        n_bins=10,
        strategy="uniform",
        confidence_level=0.95,
        pos_label=None,
        name=None,
        ax=None,
        **plot_kw,
    ):
        """Draw the reliability of a classifier on given rows.

        Parameters
        ----------
        estimator : estimator instance
            Fitted classifier with ``predict_proba``, or a pipeline that ends in one.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows, best such that it was not fitted to.
        y : array-like of shape (n_samples,)
            Their labels: hard ones, or probabilities in [0, 1].
        sample_weight, n_bins, strategy, confidence_level
            As in `from_predictions`.
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
        display : ReliabilityDisplay
            The display, drawn.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        predictions, pos_label = predictions_of(estimator, X, y, sample_weight, pos_label)
        name = type(estimator).__name__ if name is None else name
        bins = n_bins, strategy, confidence_level
        display = cls._of(predictions, bins, sample_weight is not None, name, pos_label)
        return display.plot(ax, **plot_kw)

    @classmethod
    def from_predictions(
        cls,
        y_true,
        y_prob,
        *,
        sample_weight=None,
        n_bins=10,
        strategy="uniform",
        confidence_level=0.95,
        pos_label=None,
        name=None,
        ax=None,
        **plot_kw,
    ):
        """Draw the reliability of probabilities.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            Hard labels, or probabilities of the positive class in [0, 1].
        y_prob : array-like of shape (n_samples,)
            Predicted probabilities of the positive class, in [0, 1].
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, >= 0.
        n_bins : int, default=10
            Number of bins. Those without rows are left out.
        strategy : {"uniform", "quantile"}, default="uniform"
            Bins of the same width, or of the same weight as far as ties allow.
        confidence_level : float or None, default=0.95
            Of the band, in (0, 1). None draws no band.
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
        display : ReliabilityDisplay
            The display, drawn.
        """
        require_matplotlib(f"{cls.__name__}.from_predictions")
        predictions = check_predictions(y_true, y_prob, sample_weight, pos_label, "y_prob")
        bins = n_bins, strategy, confidence_level
        display = cls._of(predictions, bins, sample_weight is not None, name, pos_label)
        return display.plot(ax, **plot_kw)

    @classmethod
    def _of(cls, predictions, bins, is_weighted, name, pos_label):
        n_bins, strategy, confidence_level = bins
        _check_bins(n_bins, strategy, confidence_level)
        y, p, weight = predictions
        if p.min() < 0.0 or p.max() > 1.0:
            raise ValueError(f"y_prob must be in [0, 1]. It goes from {p.min():g} to {p.max():g}.")
        prob_true, prob_pred, n_effective = _bin_means(y, p, weight, n_bins, strategy)
        lower = upper = None
        if confidence_level is not None:
            lower, upper = wilson_interval(prob_true, n_effective, confidence_level)
        return cls(
            prob_true=prob_true,
            prob_pred=prob_pred,
            lower=lower,
            upper=upper,
            y_prob=p,
            sample_weight=weight if is_weighted else None,
            name=name,
            pos_label=pos_label,
        )


def _check_bins(n_bins, strategy, confidence_level):
    check_bins(n_bins, strategy)
    is_level = is_real(confidence_level) and 0.0 < confidence_level < 1.0
    if not (confidence_level is None or is_level):
        raise ValueError(
            "confidence_level must be None or a float in the range (0, 1). Got "
            f"{confidence_level!r} instead."
        )


def _bin_means(y, p, weight, n_bins, strategy):
    """Mean label, mean probability and effective number of rows, of each bin that has rows."""
    index = bin_of_rows(p, weight, n_bins, strategy)
    largest = np.zeros(index.max() + 1)  # of a bin: squares of weights may be 0
    np.maximum.at(largest, index, weight)
    weight = weight / np.where(largest > 0.0, largest, 1.0)[index]
    mass, of_y, of_p, squares = (
        np.bincount(index, weights=each) for each in (weight, weight * y, weight * p, weight**2)
    )
    filled = mass > 0.0
    mass = mass[filled]
    return of_y[filled] / mass, of_p[filled] / mass, mass**2 / squares[filled]


def wilson_interval(share, n, confidence_level):
    """Return the ends of Wilson's interval for shares observed among n rows each."""
    t = norm.isf((1.0 - confidence_level) / 2.0)
    centre = share + t**2 / (2.0 * n)
    half = t * np.sqrt(np.maximum(share * (1.0 - share), 0.0) / n + (t / (2.0 * n)) ** 2)
    scale = 1.0 + t**2 / n
    return np.maximum((centre - half) / scale, 0.0), np.minimum((centre + half) / scale, 1.0)
