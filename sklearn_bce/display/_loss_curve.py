"""LossCurveDisplay."""

import numpy as np

from .._parameters import one_of
from ._axes import axes_of, require_matplotlib, styled
from ._model import attribute, label_row, last_step


class LossCurveDisplay:
    r"""Loss by iteration, on training and validation rows, and how far it is above the minimum.

    It is recommended to use `from_estimator` to make one. All parameters are stored as attributes.

    Parameters
    ----------
    loss_curve : array-like of shape (n_points,)
        The objective at the start and after each iteration.
    validation_scores : array-like of shape (n_validation_points,), default=None
        Minus the loss of the validation rows, as ``validation_scores_`` has it: after each
        iteration; one value more if at the start too.
    optimality : float, default=None
        Relative sub-optimality that was measured. None draws none.
    measured_at : int, default=-1
        The point of the loss curve where it was: by default the last; after early stopping the
        best.
    name : str, default=None
        Name of the model, for the legend.

    Attributes
    ----------
    suboptimality : ndarray of shape (n_points,)
        The estimate that is drawn, see Notes.
    line_ : matplotlib Artist or None
        The training loss.
    validation_line_ : matplotlib Artist or None
        The validation loss.
    suboptimality_line_ : matplotlib Artist or None
        The sub-optimality.
    ax_ : matplotlib Axes
        Axes with the losses, or with the sub-optimality if that is all there is.
    suboptimality_ax_ : matplotlib Axes or None
        Axes with the sub-optimality, logarithmic.
    figure_ : matplotlib Figure
        Figure that holds them.

    Notes
    -----
    A fit measures how far it is above the minimum where its coefficients are (``optimality_``, o),
    not at every iteration. For the others, the distance to the objective there, :math:`F_n`, stands
    in for it:

    .. math::

        \frac{F_i - (1 - o) F_n}{F_i},

    which is o itself there. It is an estimate; values below 2e-16 cannot be told from a curve
    of double precision and are drawn at 2e-16.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_bce import BCEClassifier
    >>> from sklearn_bce.display import LossCurveDisplay
    >>> clf = BCEClassifier().fit(*load_breast_cancer(return_X_y=True))
    >>> display = LossCurveDisplay.from_estimator(clf)
    >>> bool(display.suboptimality[-1] < 1e-8)
    True
    """

    def __init__(
        self, *, loss_curve, validation_scores=None, optimality=None, measured_at=-1, name=None
    ):
        self.loss_curve = loss_curve
        self.validation_scores = validation_scores
        self.optimality = optimality
        self.measured_at = measured_at
        self.name = name

    @property
    def suboptimality(self):
        """Estimate of the relative distance to the minimum, for each point of the loss curve."""
        curve = np.asarray(self.loss_curve, dtype=np.float64)
        epsilon = np.finfo(np.float64).eps
        there = curve[self.measured_at]
        # Far from the minimum o is an order of magnitude, and the curve may go on below it.
        least = max(self.optimality * there, there - np.min(curve))
        # F_i - F_n first: the difference is exact where they are close, and o may be tiny.
        distance = (curve - there) + least
        return np.maximum(distance / np.maximum(curve, np.finfo(np.float64).tiny), epsilon)

    def plot(
        self,
        ax=None,
        *,
        kind="both",
        name=None,
        line_kw=None,
        validation_kw=None,
        suboptimality_kw=None,
    ):
        """Draw the losses, the sub-optimality, or both.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.
        kind : {"loss", "suboptimality", "both"}, default="both"
            What to draw. "both" has the sub-optimality, if it is known, on a second y-axis.
        name : str, default=None
            Name for the legend. None is the ``name`` of the display.
        line_kw, validation_kw, suboptimality_kw : dict, default=None
            Passed to matplotlib's ``plot``.

        Returns
        -------
        display : LossCurveDisplay
            Itself.
        """
        one_of("kind", kind, ("loss", "suboptimality", "both"))
        if kind == "suboptimality" and self.optimality is None:
            raise ValueError("kind='suboptimality' needs optimality, which is None.")
        self.ax_ = axes_of(self, ax)
        self.figure_ = self.ax_.figure
        name = self.name if name is None else name
        suffix = "" if name is None else f" ({name})"
        self.line_ = self.validation_line_ = self.suboptimality_line_ = None
        self.suboptimality_ax_ = None
        if kind != "suboptimality":
            self._plot_losses(suffix, line_kw, validation_kw)
        if kind != "loss" and self.optimality is not None:
            self.suboptimality_ax_ = self.ax_ if kind == "suboptimality" else self.ax_.twinx()
            self._plot_suboptimality(suffix, suboptimality_kw)
        self.ax_.set_xlabel("Iteration")
        self.ax_.xaxis.get_major_locator().set_params(integer=True)
        lines = [self.line_, self.validation_line_, self.suboptimality_line_]
        if self.suboptimality_ax_ in (None, self.ax_):
            self.ax_.legend()
        else:
            self.suboptimality_ax_.legend(handles=[line for line in lines if line is not None])
        return self

    def _plot_losses(self, suffix, line_kw, validation_kw):
        n_points = len(self.loss_curve)
        line_kw = styled({"marker": ".", "label": f"Training loss{suffix}"}, line_kw)
        (self.line_,) = self.ax_.plot(np.arange(n_points), self.loss_curve, **line_kw)
        if self.validation_scores is not None:
            n_validated = len(self.validation_scores)
            iterations = np.arange(n_points - n_validated, n_points)
            defaults = {"marker": ".", "label": f"Validation loss{suffix}"}
            validation_kw = styled(defaults, validation_kw)
            losses = -np.asarray(self.validation_scores, dtype=np.float64)
            (self.validation_line_,) = self.ax_.plot(iterations, losses, **validation_kw)
        self.ax_.set_ylabel("Loss")

    def _plot_suboptimality(self, suffix, suboptimality_kw):
        ax, values = self.suboptimality_ax_, self.suboptimality
        color = {} if ax is self.ax_ else {"color": "0.5"}
        style = styled(
            {"marker": ".", "linestyle": "--", "label": f"Sub-optimality{suffix}", **color},
            suboptimality_kw,
        )
        (self.suboptimality_line_,) = ax.plot(np.arange(len(values)), values, **style)
        ax.set_yscale("log")
        ax.set_ylabel("Relative sub-optimality (estimate)")

    @classmethod
    def from_estimator(cls, estimator, *, label=None, kind="both", name=None, ax=None, **plot_kw):
        """Draw the loss curve of a fitted model.

        Parameters
        ----------
        estimator : estimator instance
            Fitted, with ``loss_curve_``, and if it has them ``validation_scores_`` and
            ``optimality_``; or a pipeline that ends in one.
        label : int, str, default=None
            The label whose curve is drawn, if there is one for each label.
        kind : {"loss", "suboptimality", "both"}, default="both"
            What to draw.
        name : str, default=None
            Name for the legend.
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.
        **plot_kw : dict
            Passed to `plot`.

        Returns
        -------
        display : LossCurveDisplay
            The display, drawn.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        model = last_step(estimator)
        curve, optimality = attribute(model, "loss_curve_"), getattr(model, "optimality_", None)
        scores = getattr(model, "validation_scores_", None)
        if len(curve) and np.ndim(curve[0]):  # one for each label
            row = label_row(model, len(curve), label)
            curve, optimality = curve[row], None if optimality is None else optimality[row]
            scores = scores[row] if scores is not None and np.ndim(scores[0]) else scores
        if len(curve) == 0:
            raise ValueError("loss_curve_ is empty: a label that is constant is not iterated on.")
        is_known = optimality is not None and not np.isnan(optimality)  # not of "sgd"
        display = cls(
            loss_curve=np.asarray(curve),
            validation_scores=None if scores is None else np.asarray(scores),
            optimality=float(optimality) if is_known else None,
            measured_at=_best(scores) if getattr(model, "early_stopping", False) else -1,
            name=name,
        )
        return display.plot(ax, kind=kind, **plot_kw)


def _best(scores):
    """Where the validation scores are best, the last time, counted from the end."""
    return -1 if scores is None else -1 - int(np.argmax(np.asarray(scores)[::-1]))
