"""RegularizationPathDisplay."""

import numpy as np
from sklearn.base import clone

from .._parameters import is_int, is_real, values_of_C
from ._axes import axes_of, require_matplotlib, styled
from ._model import attribute, dense_coef, label_row, last_step, names_of_features

_MOST_TICKS = 8  # for the numbers of nonzeros


class RegularizationPathDisplay:
    r"""Coefficients over C, the number of them that are not zero, and cross-validated scores.

    It is recommended to use `from_estimator` or `from_path` to make one. All parameters are stored
    as attributes.

    Parameters
    ----------
    Cs : array-like of shape (n_Cs,)
        Values of C, in (0, inf).
    coefs : array-like of shape (n_Cs, n_features) or (n_folds, n_Cs, n_features)
        Coefficients at each C, of one fit or of every fold. Of folds, means are drawn.
    scores : array-like of shape (n_folds, n_Cs), default=None
        Held-out scores. None draws none.
    C : float, default=None
        The C chosen. None marks none.
    feature_names : array-like of shape (n_features,), default=None
        Names of the features. None is x0, x1, ...
    score_name : str, default=None
        Name of the score, for the label of the axis.
    name : str, default=None
        Name of the model, for the title.

    Attributes
    ----------
    n_nonzero : ndarray of shape (n_Cs,)
        Coefficients that are not zero; of folds, the mean.
    score_mean : ndarray of shape (n_Cs,) or None
        Means of the scores over the folds.
    score_error : ndarray of shape (n_Cs,) or None
        Their standard errors, :math:`s / \sqrt{n_{folds}}` with the standard deviation s (divisor
        n_folds - 1); None for a single fold.
    lines_ : list of matplotlib Artist
        The coefficients, one line a feature.
    nonzero_ax_ : matplotlib Axes
        The axis at the top, which tells ``n_nonzero``.
    score_line_ : matplotlib Artist or None
        The mean scores.
    score_band_ : matplotlib Artist or None
        The band of one standard error either side.
    C_lines_ : list of matplotlib Artist
        The vertical lines at the chosen C, one in each axes.
    ax_ : matplotlib Axes
        Axes with the coefficients.
    score_ax_ : matplotlib Axes or None
        Axes with the scores.
    figure_ : matplotlib Figure
        Figure that holds them.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_bce import BCEClassifier
    >>> from sklearn_bce.display import RegularizationPathDisplay
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> display = RegularizationPathDisplay.from_path(BCEClassifier(), X, y, Cs=[0.1, 1.0, 10.0])
    >>> display.coefs.shape
    (3, 30)
    """

    def __init__(
        self,
        *,
        Cs,
        coefs,
        scores=None,
        C=None,
        feature_names=None,
        score_name=None,
        name=None,
    ):
        self.Cs = Cs
        self.coefs = coefs
        self.scores = scores
        self.C = C
        self.feature_names = feature_names
        self.score_name = score_name
        self.name = name

    @property
    def n_nonzero(self):
        """Coefficients that are not zero, (n_Cs,); of folds, the mean. NaN without a fit."""
        coefs = np.asarray(self.coefs)
        counts = np.count_nonzero(coefs, axis=-1)
        return self._mean_over_folds(np.where(np.isnan(coefs).any(axis=-1), np.nan, counts))

    @property
    def score_mean(self):
        """Means of the scores over the folds, (n_Cs,)."""
        return None if self.scores is None else np.mean(self.scores, axis=0)

    @property
    def score_error(self):
        """Standard errors of these means, (n_Cs,); None for a single fold."""
        if self.scores is None or len(self.scores) < 2:
            return None
        return np.std(self.scores, axis=0, ddof=1) / np.sqrt(len(self.scores))

    def _mean_over_folds(self, values):
        return np.mean(values, axis=0) if np.ndim(self.coefs) == 3 else np.asarray(values)

    def plot(
        self,
        ax=None,
        *,
        n_named=8,
        name=None,
        line_kw=None,
        score_kw=None,
        band_kw=None,
        C_kw=None,
    ):
        """Draw the coefficients, and the scores below them.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of two of them, default=None
            Axes for the coefficients, or for the coefficients and the scores. A single one has no
            scores. None makes a new figure.
        n_named : int, default=8
            How many features have a colour and a name: those with the largest coefficients at the
            chosen C, or else at the largest. The others are grey.
        name : str, default=None
            Name for the title. None is the ``name`` of the display.
        line_kw, score_kw, band_kw, C_kw : dict, default=None
            Passed to matplotlib's ``plot`` (coefficients, scores), ``fill_between`` and
            ``axvline``.

        Returns
        -------
        display : RegularizationPathDisplay
            Itself.
        """
        self._check()
        if not (is_int(n_named) and n_named >= 0):
            raise ValueError(f"n_named must be an int in the range [0, inf). Got {n_named!r}.")
        axes = axes_of(self, ax, n_rows=1 if self.scores is None else 2)
        axes = np.atleast_1d(np.asarray(axes, dtype=object)).tolist()
        if len(axes) > 2:
            raise ValueError(f"ax must be one axes or two of them. Got {len(axes)}.")
        self.ax_ = axes[0]
        self.score_ax_ = axes[1] if len(axes) == 2 and self.scores is not None else None
        self.figure_ = self.ax_.figure
        self._order = np.argsort(self.Cs)
        self._x = np.asarray(self.Cs, dtype=np.float64)[self._order]
        self._plot_coefficients(n_named, line_kw)
        self._plot_nonzeros()
        self._plot_scores(score_kw, band_kw)
        drawn = [each for each in (self.ax_, self.score_ax_) if each is not None]
        C_kw = styled({"color": "0.3", "linestyle": "--", "linewidth": 1}, C_kw)
        chosen = [] if self.C is None else drawn
        self.C_lines_ = [each.axvline(self.C, label=f"C = {self.C:.3g}", **C_kw) for each in chosen]
        drawn[-1].set_xlabel("C")
        self.ax_.set_title((self.name if name is None else name) or "")
        self._plot_legends(drawn)
        return self

    def _check(self):
        Cs = _check_values_of_C(self.Cs)
        shape = np.shape(self.coefs)
        if len(shape) not in (2, 3) or shape[-2] != Cs.size:
            raise ValueError(
                f"coefs must have shape (n_Cs, n_features) or (n_folds, n_Cs, n_features) with "
                f"n_Cs = {Cs.size}. Got {shape}."
            )
        shape = (1, Cs.size) if self.scores is None else np.shape(self.scores)
        if len(shape) != 2 or shape[1] != Cs.size:
            raise ValueError(
                f"scores must have shape (n_folds, n_Cs) with n_Cs = {Cs.size}. Got {shape}."
            )

    def _plot_coefficients(self, n_named, line_kw):
        coefs = self._mean_over_folds(self.coefs)[self._order]
        names = names_of_features(None, coefs.shape[1], self.feature_names)
        at = len(coefs) - 1 if self.C is None else np.argmin(np.abs(np.log(self._x / self.C)))
        self._by_size = np.argsort(-np.abs(coefs[at]), kind="stable")
        styles = [{"color": "0.75", "linewidth": 0.8, "zorder": 1}] * coefs.shape[1]
        for place, j in enumerate(self._by_size[:n_named]):
            styles[j] = {"color": f"C{place % 10}", "label": names[j]}
        self.lines_ = [
            self.ax_.plot(self._x, coefs[:, j], **styled(style, line_kw))[0]
            for j, style in enumerate(styles)
        ]
        self.ax_.set(xscale="log", ylabel="Coefficient")

    def _plot_nonzeros(self):
        step = -(-len(self._x) // _MOST_TICKS)  # rounded up
        counts = self.n_nonzero[self._order]
        self.nonzero_ax_ = self.ax_.secondary_xaxis("top")
        labels = ["" if np.isnan(count) else f"{count:.3g}" for count in counts[::step]]
        self.nonzero_ax_.set_xticks(self._x[::step], labels)
        self.nonzero_ax_.minorticks_off()
        self.nonzero_ax_.set_xlabel("Coefficients that are not zero")

    def _plot_scores(self, score_kw, band_kw):
        self.score_line_ = self.score_band_ = None
        if self.score_ax_ is None:
            return
        mean, error = self.score_mean[self._order], self.score_error
        score_kw = styled({"marker": ".", "color": "C0"}, score_kw)
        (self.score_line_,) = self.score_ax_.plot(self._x, mean, **score_kw)
        if error is not None:
            error = error[self._order]
            defaults = {"color": self.score_line_.get_color(), "alpha": 0.2, "linewidth": 0}
            defaults["label"] = "± 1 standard error"
            band_kw = styled(defaults, band_kw, "Collection")
            self.score_band_ = self.score_ax_.fill_between(
                self._x, mean - error, mean + error, **band_kw
            )
        self.score_ax_.set(xscale="log", ylabel=self.score_name or "Cross-validated score")

    def _plot_legends(self, drawn):
        """Beside the axes, since lines go everywhere; the largest coefficients first."""
        for each in drawn:
            handles, labels = each.get_legend_handles_labels()
            if each is self.ax_:
                named = [self.lines_[j] for j in self._by_size if self.lines_[j] in handles]
                handles = named + [handle for handle in handles if handle not in named]
            if labels:
                each.legend(
                    handles=handles, fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5)
                )

    @classmethod
    def from_estimator(
        cls,
        estimator,
        *,
        label=None,
        feature_names=None,
        score_name=None,
        name=None,
        ax=None,
        **plot_kw,
    ):
        """Draw the path of a fitted cross-validated classifier.

        Parameters
        ----------
        estimator : estimator instance
            Fitted, with ``Cs_``, ``C_``, ``scores_`` of shape (n_folds, n_l1_ratios, n_Cs) and
            ``coefs_paths_`` of shape (n_folds, n_l1_ratios, n_Cs, n_labels, n_features + 1), as
            ``BCEClassifierCV`` and, without its legacy attributes,
            :class:`sklearn.linear_model.LogisticRegressionCV` have; or a pipeline that ends in one.
            Of several l1_ratios the chosen one is drawn; of several gammas, on an axis after the
            folds, too. An infinite C is left out.
        label : int, str, default=None
            The label whose coefficients are drawn, if each has its own.
        feature_names : array-like of shape (n_features,), default=None
            Names of the features that the model sees. None is those that it knows, else x0, x1, ...
        score_name : str, default=None
            Name of the score. None is ``estimator.scoring``, if that is a string.
        name : str, default=None
            Name for the title.
        ax : matplotlib Axes or array-like of two of them, default=None
            As in `plot`.
        **plot_kw : dict
            Passed to `plot`.

        Returns
        -------
        display : RegularizationPathDisplay
            The display, drawn.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        model = last_step(estimator)
        scores, coefs = _of_chosen_parameters(model)
        Cs = np.asarray(attribute(model, "Cs_"))
        is_finite = np.isfinite(Cs)  # fits without a penalty have no place on an axis of log C
        n_features = dense_coef(model).shape[1]
        row = label_row(model, coefs.shape[2], label)
        chosen = np.ravel(attribute(model, "C_"))  # one, or one for each label
        chosen = float(chosen[row if chosen.size > 1 else 0])
        scoring = getattr(model, "scoring", None)
        display = cls(
            Cs=Cs[is_finite],
            coefs=coefs[:, is_finite, row, :n_features],
            scores=scores[:, is_finite],
            C=chosen if np.isfinite(chosen) else None,
            feature_names=names_of_features(estimator, n_features, feature_names),
            score_name=scoring if score_name is None and isinstance(scoring, str) else score_name,
            name=name,
        )
        return display.plot(ax, **plot_kw)

    @classmethod
    def from_path(
        cls,
        estimator,
        X,
        y,
        *,
        Cs=20,
        sample_weight=None,
        label=None,
        feature_names=None,
        name=None,
        ax=None,
        **plot_kw,
    ):
        """Fit a linear classifier at every C, and draw its path.

        Parameters
        ----------
        estimator : estimator instance
            Linear classifier with a parameter ``C``, such as `BCEClassifier`. It is cloned, not
            changed, and fitted from the smallest C to the largest, each time from the last
            coefficients if it has ``warm_start``.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,)
            Their labels.
        Cs : int or array-like of shape (n_Cs,), default=20
            Values of C, in (0, inf). An int is the number of them, from 1e-4 to 1e4.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.
        label, feature_names, name, ax
            As in `from_estimator`.
        **plot_kw : dict
            Passed to `plot`.

        Returns
        -------
        display : RegularizationPathDisplay
            The display, drawn.
        """
        require_matplotlib(f"{cls.__name__}.from_path")
        Cs = np.sort(_check_values_of_C(values_of_C(Cs) if is_int(Cs) and Cs >= 1 else Cs))
        model = clone(estimator)
        if "C" not in model.get_params():
            raise ValueError(f"estimator must have a parameter C; {model!r} has not.")
        if "warm_start" in model.get_params():
            model.set_params(warm_start=True)
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        coefs = []
        for C in Cs:
            coef = dense_coef(model.set_params(C=C).fit(X, y, **weights))
            coefs.append(coef[label_row(model, len(coef), label)])
        names = names_of_features(model, len(coefs[0]), feature_names)
        display = cls(Cs=Cs, coefs=np.array(coefs), feature_names=names, name=name)
        return display.plot(ax, **plot_kw)


def _check_values_of_C(Cs):
    """Return values of C as float64 of shape (n_Cs,), all finite: the axis is one of log C."""
    if np.ndim(Cs) != 1 or len(Cs) == 0 or not all(is_real(C) and 0 < C < np.inf for C in Cs):
        raise ValueError(f"Cs must be values in the range (0, inf). Got {Cs!r}.")
    return np.asarray(Cs, dtype=np.float64)


def _of_chosen_parameters(model):
    """Scores (n_folds, n_Cs) and coefficients (n_folds, n_Cs, n_labels, n_columns)."""
    scores = np.asarray(attribute(model, "scores_"))
    coefs = np.asarray(attribute(model, "coefs_paths_"))
    if scores.ndim == 4 and coefs.ndim == 6:  # an axis of gammas after the folds
        gamma = list(attribute(model, "gammas_")).index(attribute(model, "gamma_"))
        scores, coefs = scores[:, gamma], coefs[:, gamma]
    if scores.ndim != 3 or coefs.ndim != 5:
        raise ValueError(
            "scores_ must have shape (n_folds, n_l1_ratios, n_Cs) and coefs_paths_ (n_folds, "
            f"n_l1_ratios, n_Cs, n_labels, n_features + 1). They have {scores.shape} and "
            f"{coefs.shape}."
        )
    if scores.shape[1] == 1:
        return scores[:, 0], coefs[:, 0]
    ratios, ratio = (np.ravel(attribute(model, name)) for name in ("l1_ratios_", "l1_ratio_"))
    chosen = np.argmin(np.abs(ratios - ratio[0]))
    return scores[:, chosen], coefs[:, chosen]
