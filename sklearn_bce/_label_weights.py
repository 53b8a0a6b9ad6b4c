"""What class_weight, pos_weight and label_smoothing come to where the classes are known."""

import numbers

import numpy as np
from sklearn.utils.class_weight import compute_class_weight


class LabelWeights:
    """Factors on the weights of labels.

    Of two classes ``class_weight`` gives factors on "no" and "yes". Of more classes each row has
    the factor of its own, in all problems.

    Parameters
    ----------
    estimator : BCEClassifier
        Whose parameters these are; nothing is set.
    classes : ndarray
        Two for a problem, or one for each of many.
    is_multilabel : bool
        Whether a row may have several labels, or none.

    Attributes
    ----------
    class_weight : dict, "balanced" or None
    label_smoothing : float

    Raises
    ------
    ValueError
        If ``class_weight`` or ``pos_weight`` do not suit the labels.
    """

    def __init__(self, estimator, classes, is_multilabel=False):
        self.class_weight = estimator.class_weight
        self.label_smoothing = float(estimator.label_smoothing)
        is_one = len(classes) == 2 and not is_multilabel
        self._pos_weight = _one_each(estimator.pos_weight, 1 if is_one else len(classes))
        self._of_two, self._of_classes = np.ones(2), None
        if isinstance(self.class_weight, dict):
            if is_multilabel:
                raise ValueError(
                    "class_weight cannot be a dict for multilabel y, where a row has no one class. "
                    "Use pos_weight with one value for each label."
                )
            factors = _class_factors(self.class_weight, classes)
            if is_one:
                self._of_two = factors
            else:
                self._of_classes = factors

    @property
    def has_posterior(self):
        """Whether all rows that are "no" in a problem have the same factor."""
        return self._of_classes is None or bool(np.ptp(self._of_classes) == 0.0)

    def on_rows(self, weight, codes):
        """Return weights, (n_rows,) or (n_rows, n_problems), times the factors of the rows.

        ``codes`` (n_rows,) are the numbers of their classes; where labels have none, None.
        """
        if self._of_classes is None:
            return weight
        with np.errstate(over="ignore"):
            return (weight.T * self._of_classes[codes]).T

    def factors(self, k=0, mass=None):
        """Return the factors on [no, yes] of problem k, beside those on its rows.

        "balanced" makes the two weigh the same, by their ``mass`` (2,).
        """
        pos_weight = self._pos_weight[k]
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            is_balanced = isinstance(self.class_weight, str)
            factors = mass.sum() / (2.0 * mass) if is_balanced else self._of_two.copy()
            if pos_weight is not None:
                is_balanced = isinstance(pos_weight, str)
                factors[1] *= mass[0] / mass[1] if is_balanced else float(pos_weight)
        return factors


def _class_factors(class_weight, classes):
    if not all(isinstance(each, numbers.Real) for each in class_weight.values()):
        raise ValueError(f"class_weight must hold numbers. Got {class_weight!r}.")
    try:
        factors = np.asarray(compute_class_weight(class_weight, classes=classes, y=classes), float)
    except ValueError:
        raise ValueError(
            f"class_weight={class_weight!r} has keys that are no label, and none for some labels. "
            f"The classes are {classes.tolist()}."
        ) from None
    if not (np.isfinite(factors).all() and (factors >= 0.0).all()):
        raise ValueError(
            f"class_weight must hold finite weights that are not negative. Got {class_weight!r}."
        )
    return factors


def _one_each(pos_weight, n_problems):
    """Return a list of one value for each problem."""
    if pos_weight is None or np.ndim(pos_weight) == 0:
        return [pos_weight] * n_problems
    values = np.asarray(pos_weight, dtype=np.float64)
    if values.shape != (n_problems,):
        raise ValueError(
            f"pos_weight must have one value for each of the {n_problems} labels. Got shape "
            f"{values.shape}."
        )
    return values.tolist()
