"""What a fit that was broken off has left behind in a saved model, for `warm_start` to go on from.

For each problem that is a dict of plain numbers and arrays, in the private attribute ``_progress``
of the models that callbacks are shown. A fitted estimator itself has none: it needs no more.
"""

SAME = 1e-9  # relative: a loss that is as close to a saved one is that of the same rows


def saved_progress(estimator):
    """Return what each problem of the estimator's next fit may go on from, by its index."""
    return dict(getattr(estimator, "_progress", {})) if estimator.warm_start else {}


def forget_progress(estimator):
    """Forget it, for the coefficients have gone on."""
    vars(estimator).pop("_progress", None)
