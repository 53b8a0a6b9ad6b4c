"""What the displays of fitted models read from them: the last step, a label's row, names."""

import numpy as np
import scipy.sparse as sp
from sklearn.pipeline import Pipeline


def last_step(estimator):
    """Return the model at the end of a pipeline, or the estimator itself."""
    while isinstance(estimator, Pipeline):
        estimator = estimator[-1]
    return estimator


def steps_before(estimator):
    """Return the fitted steps before the model, or None if there are none."""
    if isinstance(estimator, Pipeline) and len(estimator) > 1:
        return estimator[:-1]
    return None


def attribute(model, name):
    """Return a fitted attribute, or raise ValueError."""
    if not hasattr(model, name):
        raise ValueError(
            f"estimator must be fitted and have {name}; this {type(model).__name__} has not."
        )
    return getattr(model, name)


def label_row(model, n_rows, label):
    """Return which of ``n_rows`` rows of ``coef_`` belongs to ``label``."""
    classes = np.asarray(attribute(model, "classes_")).tolist()
    names = classes if n_rows == len(classes) else classes[-1:]
    if label is None and n_rows == 1:
        return 0
    if label is None or label not in names:
        raise ValueError(
            f"label must be one of {names}, the labels that have coefficients. Got {label!r} "
            "instead."
        )
    return names.index(label)


def dense_coef(model):
    """Return ``coef_`` as a float64 ndarray of shape (n_labels, n_features)."""
    coef = attribute(model, "coef_")
    coef = coef.toarray() if sp.issparse(coef) else np.asarray(coef)
    return np.atleast_2d(coef).astype(np.float64)


def names_of_features(estimator, n_features, given=None):
    """Return the names given, those that the pipeline or the model knows, or x0, x1, ..."""
    names = given if given is not None else _known_names(estimator)
    if names is None:
        names = [f"x{j}" for j in range(n_features)]
    if len(names) != n_features:
        raise ValueError(
            f"feature_names must have one name for each of {n_features} features. Got {len(names)}."
        )
    return np.asarray(names, dtype=object)


def _known_names(estimator):
    before = steps_before(estimator)
    if before is not None:
        try:
            return before.get_feature_names_out()
        except (AttributeError, ValueError):  # a step that cannot tell
            pass
    return getattr(last_step(estimator), "feature_names_in_", None)
