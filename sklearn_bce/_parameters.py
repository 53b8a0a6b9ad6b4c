"""The estimators' parameters: what each may be, and the error that says so."""

import math
import numbers
from collections.abc import Sequence

import numpy as np

from ._exceptions import InvalidParameterError
from ._posterior import check_invertible

PROBABILITIES = ("sigmoid", "posterior")
MAX_BATCH = 2**16
_MOST_CS = 10**6
SOLVERS = ("auto", "lbfgs", "newton-cg", "newton-cholesky", "newton-cd", "sgd")
BATCH_SOLVERS = tuple(name for name in SOLVERS if name != "sgd")
L1_SOLVERS = ("auto", "newton-cd", "sgd")
SELECTIONS = ("best", "1se")
LEARNING_RATES = ("adaptive", "constant", "invscaling")


def has_l1(C, l1_ratio):
    """Whether there is an L1 penalty; without any penalty the ratio does not matter."""
    return l1_ratio > 0 and not math.isinf(C)


def is_real(value):
    """Whether it is a real number, no bool and no NaN, within the range of floats."""
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        return False
    try:
        return not math.isnan(value)
    except OverflowError:  # an int beyond all floats
        return False


def is_int(value):
    """Whether it is an int and no bool."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def one_of(name, value, allowed):
    """Raise ValueError unless ``value`` is among the strings allowed."""
    if not (isinstance(value, str) and value in allowed):
        raise ValueError(f"{name} must be one of {', '.join(allowed)}. Got {value!r} instead.")


def gamma_pair(gamma):
    """Return the focal exponents on "yes" and on "no", floats, of one number or two.

    Raises
    ------
    ValueError
        If they are not finite numbers >= 0.
    """
    pair = [gamma, gamma] if np.ndim(gamma) == 0 else list(gamma)
    if len(pair) != 2 or not all(is_real(each) and 0.0 <= each < math.inf for each in pair):
        raise ValueError(f"gamma must be one or two finite numbers >= 0. Got {gamma!r}.")
    return float(pair[0]), float(pair[1])


def _is_flag(value):
    return isinstance(value, (bool, np.bool_, numbers.Integral)) and value in (0, 1)


def _is_gamma(value):
    values = value if isinstance(value, tuple) and len(value) == 2 else (value,)
    return all(is_real(g) and 0.0 <= g < math.inf for g in values)


def _is_positive(value):
    return is_real(value) and 0 < value < math.inf


def _is_balanced(value):
    return isinstance(value, str) and value == "balanced"


def _is_seed(value):
    if value is None or is_int(value):
        return value is None or 0 <= value < 2**32
    return isinstance(value, np.random.RandomState) or value is np.random


# name: (test, what it must be)
RULES = {
    "C": (lambda v: is_real(v) and v > 0, "a float in the range (0.0, inf]"),
    "l1_ratio": (lambda v: is_real(v) and 0 <= v <= 1, "a float in the range [0.0, 1.0]"),
    "gamma": (_is_gamma, "a float in the range [0.0, inf) or a tuple of two of them"),
    "label_smoothing": (lambda v: is_real(v) and 0 <= v <= 1, "a float in the range [0.0, 1.0]"),
    "class_weight": (
        lambda v: v is None or _is_balanced(v) or isinstance(v, dict),
        "a dict, 'balanced' or None",
    ),
    "pos_weight": (
        lambda v: v is None or _is_balanced(v) or _is_positive(v),
        "a float in the range (0.0, inf), 'balanced' or None",
    ),
    "probability": (
        lambda v: isinstance(v, str) and v in PROBABILITIES,
        f"one of {', '.join(PROBABILITIES)}",
    ),
    "fit_intercept": (_is_flag, "a bool"),
    "solver": (lambda v: isinstance(v, str) and v in SOLVERS, f"one of {', '.join(SOLVERS)}"),
    "tol": (_is_positive, "a float in the range (0.0, inf)"),
    "max_iter": (lambda v: is_int(v) and v >= 1, "an int in the range [1, inf)"),
    "warm_start": (_is_flag, "a bool"),
    "early_stopping": (_is_flag, "a bool"),
    "validation_fraction": (
        lambda v: is_real(v) and 0 < v < 1,
        "a float in the range (0.0, 1.0)",
    ),
    "n_iter_no_change": (lambda v: is_int(v) and v >= 1, "an int in the range [1, inf)"),
    "learning_rate": (
        lambda v: isinstance(v, str) and v in LEARNING_RATES,
        f"one of {', '.join(LEARNING_RATES)}",
    ),
    "eta0": (
        lambda v: v is None or _is_positive(v),
        "a float in the range (0.0, inf) or None",
    ),
    "batch_size": (
        lambda v: (isinstance(v, str) and v == "auto") or (is_int(v) and 1 <= v <= MAX_BATCH),
        f"an int in the range [1, {MAX_BATCH}] or 'auto'",
    ),
    "shuffle": (_is_flag, "a bool"),
    "average": (_is_flag, "a bool"),
    "random_state": (_is_seed, "an int in the range [0, 2**32), a RandomState or None"),
    "verbose": (
        lambda v: isinstance(v, (bool, np.bool_, numbers.Integral)) and v >= 0,
        "an int in the range [0, inf)",
    ),
}


def _all_in(values, is_valid):
    """Whether it is a list, a range, a series or the like of at least one value, all valid."""
    if isinstance(values, (str, bytes)):
        return False
    is_sequence = isinstance(values, Sequence) or (
        hasattr(values, "__array__") and np.ndim(values) == 1
    )
    return is_sequence and len(values) > 0 and all(map(is_valid, values))


# Rules of OneVsRestBCEClassifier that differ.
ONE_VS_REST_RULES = {
    **RULES,
    "normalize": (_is_flag, "a bool"),
    "pos_weight": (
        lambda v: RULES["pos_weight"][0](v) or _all_in(v, _is_positive),
        "a float in the range (0.0, inf), one for each label, 'balanced' or None",
    ),
}


def _is_values_of_C(value):
    if is_int(value):
        return 1 <= value <= _MOST_CS
    return _all_in(value, lambda C: is_real(C) and C > 0)


def _is_scoring(value):
    return value is None or callable(value) or (isinstance(value, str) and value in _scorers())


def _scorers():
    from sklearn.metrics import get_scorer_names  # the rest of a fit may not need it

    return get_scorer_names()


def _is_cv(value):
    if is_int(value):
        return value >= 2
    if isinstance(value, (str, bytes)):  # which have a split of their own
        return False
    is_iterable = hasattr(value, "__iter__") and getattr(value, "ndim", 1) > 0
    return value is None or hasattr(value, "split") or is_iterable


VALUES_OF_C = (
    f"values in the range (0.0, inf], or their number, an int in the range [1, {_MOST_CS}]"
)

_OF_SINGLE_FITS = (
    *("warm_start", "early_stopping", "validation_fraction", "n_iter_no_change"),
    *("learning_rate", "eta0", "batch_size", "shuffle", "average"),
)

# Rules of BCEClassifierCV that differ. It has no C, l1_ratio and gamma, but values of them.
CV_RULES = {
    "Cs": (_is_values_of_C, VALUES_OF_C),
    "l1_ratios": (
        lambda v: _all_in(v, RULES["l1_ratio"][0]),
        "values in the range [0.0, 1.0], at least one",
    ),
    "gammas": (
        lambda v: v is None or _all_in(v, _is_gamma),
        "values in the range [0.0, inf) or tuples of two of them, at least one, or None",
    ),
    **{
        name: rule
        for name, rule in RULES.items()
        if name not in ("C", "l1_ratio", "gamma", *_OF_SINGLE_FITS)
    },
    "solver": (
        lambda v: isinstance(v, str) and v in BATCH_SOLVERS,
        f"one of {', '.join(BATCH_SOLVERS)}",
    ),
    "cv": (_is_cv, "an int in the range [2, inf), a splitter, splits or None"),
    "scoring": (_is_scoring, "the name of a scorer, a callable or None"),
    "refit": (_is_flag, "a bool"),
    "selection": (
        lambda v: isinstance(v, str) and v in SELECTIONS,
        f"one of {', '.join(SELECTIONS)}",
    ),
}


PATH_RULES = {**RULES, "solver": CV_RULES["solver"]}


def check_values_of_C(Cs, name):
    """Raise `InvalidParameterError` if Cs is neither values of C nor their number."""
    if not _is_values_of_C(Cs):
        raise InvalidParameterError(
            f"The 'Cs' parameter of {name} must be {VALUES_OF_C}. Got {Cs!r} instead."
        )


def values_of_C(Cs):
    """Return the values of C that checked Cs stand for, float64 of shape (n_Cs,)."""
    return np.logspace(-4.0, 4.0, Cs) if is_int(Cs) else np.array(Cs, dtype=np.float64)


def check_parameters(estimator, rules=RULES, name=None):
    """Raise `InvalidParameterError` for the first parameter that breaks its rule.

    It names ``name`` as what has the parameters, by default the estimator's class.
    """
    name = name or type(estimator).__name__
    for parameter, (is_valid, must_be) in rules.items():
        value = getattr(estimator, parameter)
        if not is_valid(value):
            raise InvalidParameterError(
                f"The '{parameter}' parameter of {name} must be {must_be}. Got {value!r} instead."
            )
    l1 = "l1_ratio" if "l1_ratio" in rules else "l1_ratios"
    ratios = getattr(estimator, l1)
    ratio = ratios if is_real(ratios) else max(ratios)
    if has_l1(getattr(estimator, "C", 1.0), ratio) and estimator.solver not in L1_SOLVERS:
        allowed = filter(rules["solver"][0], L1_SOLVERS)
        raise InvalidParameterError(
            f"The 'solver' parameter of {name} must be one of {', '.join(allowed)} for "
            f"{l1}={getattr(estimator, l1)!r}, an L1 penalty; the others take 0.0. Got "
            f"{estimator.solver!r} instead."
        )
    if estimator.probability == "posterior":
        check_invertible(estimator.label_smoothing)
