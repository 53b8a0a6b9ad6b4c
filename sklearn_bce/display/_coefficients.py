"""CoefficientDisplay."""

import numpy as np
from sklearn.preprocessing import StandardScaler

from .._parameters import is_int
from ._axes import axes_of, require_matplotlib, styled
from ._model import dense_coef, label_row, last_step, names_of_features, steps_before


class CoefficientDisplay:
    """The largest coefficients of a linear model, with the names of their features.

    A coefficient is a change of the logit for one unit of its feature, so that coefficients of
    features of different units cannot be compared. The standardised effect can: the coefficient
    times the standard deviation of its feature, a change of the logit for one standard deviation.

    It is recommended to use `from_estimator` to make one. All parameters are stored as attributes.

    Parameters
    ----------
    effects : ndarray of shape (n_features,)
        Coefficients or standardised effects.
    feature_names : array-like of shape (n_features,)
        Names of the features.
    is_standardised : bool, default=False
        Which of the two they are, for the label of the axis.
    name : str, default=None
        Name of the model or label, for the title.

    Attributes
    ----------
    shown_ : ndarray of shape (n_shown,)
        Which features are drawn, from the top down: the largest first, whatever their sign.
    bars_ : matplotlib BarContainer
        Their bars.
    ax_ : matplotlib Axes
        Axes with the bars.
    figure_ : matplotlib Figure
        Figure that holds them.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_bce import BCEClassifier
    >>> from sklearn_bce.display import CoefficientDisplay
    >>> X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    >>> clf = BCEClassifier().fit(X, y)
    >>> display = CoefficientDisplay.from_estimator(clf, X, n_features=3)
    >>> display.feature_names[display.shown_].tolist()
    ['mean area', 'worst area', 'mean perimeter']
    """

    def __init__(self, *, effects, feature_names, is_standardised=False, name=None):
        self.effects = effects
        self.feature_names = feature_names
        self.is_standardised = is_standardised
        self.name = name

    def plot(self, ax=None, *, n_features=20, name=None, bar_kw=None):
        """Draw the bars.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.
        n_features : int, default=20
            How many features to draw at most. Coefficients of 0 are never drawn.
        name : str, default=None
            Name for the title. None is the ``name`` of the display.
        bar_kw : dict, default=None
            Passed to matplotlib's ``barh``.

        Returns
        -------
        display : CoefficientDisplay
            Itself.
        """
        if not is_int(n_features):
            raise ValueError(f"n_features must be an int. Got {n_features!r} instead.")
        if n_features < 1:
            raise ValueError(f"n_features must be in the range [1, inf). Got {n_features!r}.")
        effects = np.asarray(self.effects)
        order = np.argsort(-np.abs(effects), kind="stable")[:n_features]
        self.shown_ = order[effects[order] != 0.0]
        shown = effects[self.shown_]
        self.ax_ = axes_of(self, ax)
        self.figure_ = self.ax_.figure
        positions = np.arange(len(shown))
        bar_kw = styled({"color": np.where(shown > 0.0, "C0", "C3")}, bar_kw, "Patch")
        self.bars_ = self.ax_.barh(positions, shown, **bar_kw)
        self.ax_.set_yticks(positions, np.asarray(self.feature_names, dtype=object)[self.shown_])
        self.ax_.invert_yaxis()
        self.ax_.axvline(0.0, color="0.4", linewidth=1)
        what = "Coefficient times standard deviation" if self.is_standardised else "Coefficient"
        self.ax_.set(xlabel=what, title=(self.name if name is None else name) or "")
        return self

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X=None,
        *,
        sample_weight=None,
        label=None,
        feature_names=None,
        n_features=20,
        name=None,
        ax=None,
        **plot_kw,
    ):
        """Draw the largest coefficients of a fitted linear model.

        Parameters
        ----------
        estimator : estimator instance
            Fitted linear classifier with ``coef_``, or a pipeline that ends in one.
        X : {array-like, sparse matrix} of shape (n_samples, n_features), default=None
            Rows as the estimator takes them, a pipeline from its first step on. If given,
            standardised effects are drawn.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows of X, in their standard deviations.
        label : int, str, default=None
            The label whose coefficients are drawn, if each has its own.
        feature_names : array-like of shape (n_features,), default=None
            Names of the features that the model sees. None is those that the pipeline or the model
            knows, else x0, x1, ...
        n_features : int, default=20
            How many features to draw at most.
        name : str, default=None
            Name for the title. None is "Label" and ``label``, if there is one.
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.
        **plot_kw : dict
            Passed to `plot`.

        Returns
        -------
        display : CoefficientDisplay
            The display, drawn.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        model = last_step(estimator)
        coef = dense_coef(model)
        effects = coef[label_row(model, len(coef), label)]
        if X is not None:
            effects = effects * _standard_deviations(estimator, X, sample_weight, len(effects))
        display = cls(
            effects=effects,
            feature_names=names_of_features(estimator, len(effects), feature_names),
            is_standardised=X is not None,
            name=f"Label {label}" if name is None and label is not None else name,
        )
        return display.plot(ax, n_features=n_features, **plot_kw)


def _standard_deviations(estimator, X, sample_weight, n_features):
    """Standard deviation of every feature that the model sees, (n_features,)."""
    before = steps_before(estimator)
    X = X if before is None else before.transform(X)
    scaler = StandardScaler(with_mean=False).fit(X, sample_weight=sample_weight)
    if scaler.n_features_in_ != n_features:
        raise ValueError(f"X has {scaler.n_features_in_} features, but the model has {n_features}.")
    return np.sqrt(scaler.var_)
