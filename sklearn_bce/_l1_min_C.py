"""The smallest C that is worth trying with an L1 penalty."""

import numpy as np

from ._binary import BCEClassifier
from ._exceptions import InvalidParameterError
from ._inputs import check_X
from ._parameters import check_parameters, is_real
from ._targets import binary_targets


def l1_min_C(
    X,
    y,
    sample_weight=None,
    *,
    l1_ratio=1.0,
    gamma=0.0,
    label_smoothing=0.0,
    class_weight=None,
    pos_weight=None,
    fit_intercept=True,
):
    r"""Return the largest C at which all coefficients of `BCEClassifier` are 0.

    Below it a fit with an L1 penalty is nothing but the best intercept; a regularisation path
    starts here. With that intercept, and the slopes :math:`s_i` of the weighted losses at it, the
    coefficients are 0 as long as :math:`C\,|\sum_i s_i x_{ij}|` is at most ``l1_ratio`` for all
    columns j. For focal losses this says when zero is a stationary point.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Features.
    y : array-like of shape (n_samples,)
        Two hard labels of any type, or floats in [0, 1].
    sample_weight : float or array-like of shape (n_samples,), default=None
        Weights of the rows, >= 0. None is 1 for all.
    l1_ratio : float, default=1.0
        Share of the L1 penalty, in (0, 1].
    gamma, label_smoothing, class_weight, pos_weight, fit_intercept
        As in `BCEClassifier`.

    Returns
    -------
    C : float
        In (0, inf]; ``np.inf`` if no feature helps at all.

    Raises
    ------
    ValueError
        If a parameter or the data are not as described.

    See Also
    --------
    sklearn.svm.l1_min_c : The same for LIBLINEAR's objective, which penalises the intercept.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_bce import BCEClassifier, l1_min_C
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> C = l1_min_C(X, y)
    >>> BCEClassifier(C=0.99 * C, l1_ratio=1.0).fit(X, y).coef_.any()
    np.False_
    >>> BCEClassifier(C=1.01 * C, l1_ratio=1.0).fit(X, y).coef_.any()
    np.True_
    """
    # These bring Numba, which a mere import should not wait for.
    from ._fit import Problem, objective_of, shared_matrix
    from ._intercept import best_constant

    model = BCEClassifier(
        l1_ratio=l1_ratio,
        gamma=gamma,
        label_smoothing=label_smoothing,
        class_weight=class_weight,
        pos_weight=pos_weight,
        fit_intercept=fit_intercept,
    )
    if is_real(l1_ratio) and not 0.0 < l1_ratio <= 1.0:
        raise InvalidParameterError(
            "The 'l1_ratio' parameter of l1_min_C must be a float in the range (0.0, 1.0]: without "
            f"an L1 penalty no C makes coefficients 0. Got {l1_ratio!r} instead."
        )
    check_parameters(model, name="l1_min_C")
    X, y = check_X(model, X, y, reset=True)
    targets = binary_targets(y, sample_weight, model)
    with shared_matrix(X, "newton-cd") as matrix:
        objective = objective_of(model, matrix, Problem(lambda: targets))  # with C = 1
        point = objective.evaluate(best_constant(objective))
        return float(np.min(objective.l1[:-1] / np.abs(point.gradient[:-1])))
