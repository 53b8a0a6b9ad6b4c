"""scikit-learn's own promise: every check, none skipped, none expected to fail.

The exceptions, where scikit-learn asks for what has no answer, are in `no_answer`."""

import os
from collections import Counter

import pytest
import sklearn
from sklearn.base import clone
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.fixes import parse_version

from sklearn_bce import BCEClassifier, OneVsRestBCEClassifier
from sklearn_bce._parameters import RULES
from tests.problems import SOLVERS, small_problem

CONFIGURATIONS = [
    {},
    {"gamma": 2.0},
    {"gamma": (1.0, 3.0)},
    {"label_smoothing": 0.1},
    # Not with weights or two gammas: the checks want `predict` to be "probability over 1/2".
    {"probability": "posterior"},
    {"probability": "posterior", "gamma": 2.0, "label_smoothing": 0.1},
    {"early_stopping": True},
    *({"solver": solver} for solver in SOLVERS),
    {"solver": "sgd"},
    {"l1_ratio": 1.0},
    {"l1_ratio": 0.5},
]
N_CHECKS = {  # with `sparsify`
    BCEClassifier: {(1, 7): 65, (1, 8): 65, (1, 9): 66},
    OneVsRestBCEClassifier: {(1, 7): 68, (1, 8): 68, (1, 9): 69},
}


# Reasons by check, and what the fit says: one check fits three classes with a dict of weights that
# differ, where posteriors have no closed form. Two check that a weight of 2 is two rows, on 15
# rows: validation rows are drawn one by one, whatever they weigh.
NO_POSTERIOR = {"check_class_weight_classifiers": "no closed form"}
DRAWN_ONE_BY_ONE = {
    f"check_sample_weight_equivalence_on_{kind}_data": "holds out" for kind in ("dense", "sparse")
}
# Early stopping needs all rows at once, and some checks call `partial_fit`.
NO_STREAM = {
    f"check_{check}": "is not supported by partial_fit"
    for check in (
        "fit_score_takes_y",
        "estimators_partial_fit_n_features",
        "n_features_in_after_fitting",
    )
}


# Two fits of other batches end close to each other, but not to the last digits.
NO_LAST_DIGITS = {
    f"check_sample_weight_equivalence_on_{kind}_data": "is not equivalent to fitting with removed"
    for kind in ("dense", "sparse")
}


def no_answer(kind, parameters):
    if parameters.get("early_stopping"):
        return DRAWN_ONE_BY_ONE | NO_STREAM
    if parameters.get("solver") == "sgd":
        return NO_LAST_DIGITS
    no_posterior = kind is OneVsRestBCEClassifier and parameters.get("probability") == "posterior"
    return NO_POSTERIOR if no_posterior else {}


@pytest.mark.parametrize("parameters", CONFIGURATIONS, ids=str)
@pytest.mark.parametrize("kind", [BCEClassifier, OneVsRestBCEClassifier])
def test_check_estimator(kind, parameters):
    expected = no_answer(kind, parameters)
    results = check_estimator(
        kind(**parameters), on_skip=None, expected_failed_checks=expected or None
    )
    status = Counter(result["status"] for result in results)
    skipped = [r["check_name"] for r in results if r["status"] == "skipped"]
    if os.environ.get("SCIPY_ARRAY_API") != "1":  # what scikit-learn needs for this one check
        assert skipped in ([], ["check_array_api_input"])
    else:
        assert skipped == []
    failed = [r for r in results if r["status"] == "xfail"]
    assert {r["check_name"] for r in failed} == set(expected)
    assert all(expected[r["check_name"]] in str(r["exception"]) for r in failed)
    assert status["passed"] + len(skipped) + len(failed) == len(results)
    version = parse_version(sklearn.__version__).release[:2]
    if version in N_CHECKS[kind]:
        assert len(results) == N_CHECKS[kind][version]
    else:  # newer than all of them
        assert len(results) >= max(N_CHECKS[kind].values())


@pytest.mark.parametrize(
    "check",
    [
        "check_dataframe_column_names_consistency",
        "check_inplace_ensure_writeable",
        "check_class_weight_balanced_linear_classifier",
    ],
)
@pytest.mark.parametrize("kind", [BCEClassifier, OneVsRestBCEClassifier])
def test_checks_that_the_list_leaves_out(kind, check):
    getattr(estimator_checks, check)(kind.__name__, kind())


class BadType:
    pass


BAD_VALUES = {
    "C": [0, -1.0, float("nan"), "1", None, True],
    "l1_ratio": [-0.1, 1.1, None, "l1"],
    "gamma": [-1.0, (1.0,), (1.0, -2.0), (1.0, 2.0, 3.0), [1.0, 2.0], float("inf"), None, "2"],
    "label_smoothing": [-0.1, 1.5, None],
    "class_weight": ["auto", 2.0, [1, 2]],
    "pos_weight": [0.0, -1.0, float("inf"), "auto", [1.0]],
    "probability": ["isotonic", None, 1],
    "fit_intercept": ["yes", 2, None],
    "solver": ["saga", None, 3],
    "tol": [0.0, -1e-3, float("inf"), None],
    "max_iter": [0, -5, 10.0, None],
    "warm_start": ["no", None],
    "early_stopping": ["auto", 2, None],
    "validation_fraction": [0.0, 1.0, -0.1, 10, None],
    "n_iter_no_change": [0, 2.0, None, True],
    "learning_rate": ["optimal", None, 1],
    "eta0": [0.0, -1.0, float("inf"), "auto"],
    "batch_size": [0, 2**17, 16.0, None],
    "shuffle": ["yes", None],
    "average": [10, None],
    "random_state": [-1, "seed", 1.5],
    "verbose": [-1, "much", None],
}


def test_every_parameter_has_a_rule():
    assert set(RULES) == set(BAD_VALUES) == set(BCEClassifier().get_params())


@pytest.mark.parametrize(
    ("name", "value"), [(n, v) for n, values in BAD_VALUES.items() for v in [*values, BadType()]]
)
def test_bad_parameter(name, value):
    X, y, _, _ = small_problem()
    clf = clone(BCEClassifier()).set_params(**{name: value})
    match = rf"The '{name}' parameter of BCEClassifier must be .* Got .* instead\."
    for kind in (ValueError, TypeError):  # as scikit-learn's own, it is both
        with pytest.raises(kind, match=match):
            clf.fit(X, y)
    assert not hasattr(clf, "classes_")
