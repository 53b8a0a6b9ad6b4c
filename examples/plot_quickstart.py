"""
Quickstart
==========

A :class:`~sklearn_bce.BCEClassifier` in a pipeline, its parameters chosen by cross-validation, and
a report on rows that it has not seen, beside scikit-learn's
:sklearn:`linear_model.LogisticRegression` on the same rows.

The data are 569 tumours with 30 measurements each. "Yes" is a malignant tumour.
"""

import sys
import timeit
from pathlib import Path

import numpy as np
from sklearn.base import clone
from sklearn.calibration import calibration_curve
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    average_precision_score,
    log_loss,
    make_scorer,
    roc_auc_score,
    roc_curve,
)
from sklearn.model_selection import GridSearchCV, TunedThresholdClassifierCV, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_bce import BCEClassifier

data = load_breast_cancer()
X, is_malignant = data.data, 1 - data.target
X_train, X_test, y_train, y_test = train_test_split(
    X, is_malignant, test_size=0.4, stratify=is_malignant, random_state=0
)

# %%
# Fit
# ---
#
# The fit itself needs no scaling, but the penalty depends on the units of the features: hence the
# ``StandardScaler``. Both models search the same values of C with the same folds. The first fit of
# all compiles the kernels, which takes some seconds; the next run finds them in a cache.

Cs = [0.01, 0.1, 1.0, 10.0, 100.0]
gammas = [0.0, 1.0, 2.0]
smoothings = [0.0, 0.01, 0.05]


def search(classifier, **grid):
    """Return the best pipeline that cross-validation finds."""
    pipeline = Pipeline([("scale", StandardScaler()), ("model", classifier)])
    grid = {f"model__{name}": values for name, values in grid.items()}
    searched = GridSearchCV(pipeline, grid, scoring="neg_log_loss").fit(X_train, y_train)
    return searched.best_estimator_


models = {
    "BCEClassifier": search(BCEClassifier(), C=Cs, gamma=gammas, label_smoothing=smoothings),
    "LogisticRegression": search(LogisticRegression(max_iter=1000), C=Cs),
}

# %%
# Report
# ------
#
# To miss a malignant tumour is worse than a false alarm: here, by assumption, ten times as bad.
# :sklearn:`model_selection.TunedThresholdClassifierCV` finds the threshold on the probability that
# costs least, by cross-validation on the training rows. The cost is then counted on the test rows.
# The seconds are the least of five fits of the chosen pipeline.


def cost(y_true, y_predicted):
    """Mean cost: 1 for a false alarm, 10 for a missed malignant tumour."""
    return np.mean(np.where(y_true == 1, 10 * (y_predicted == 0), y_predicted == 1))


def report(model):
    """Return the lines of the table for one fitted pipeline."""
    classifier = model.named_steps["model"]
    p = model.predict_proba(X_test)[:, 1]
    tuned = TunedThresholdClassifierCV(model, scoring=make_scorer(cost, greater_is_better=False))
    tuned.fit(X_train, y_train)
    seconds = timeit.repeat(lambda: clone(model).fit(X_train, y_train), number=1, repeat=5)
    parameters = classifier.get_params()
    is_bce = isinstance(classifier, BCEClassifier)
    return {
        "C": f"{parameters['C']}",
        "gamma": f"{parameters.get('gamma', '-')}",
        "label_smoothing": f"{parameters.get('label_smoothing', '-')}",
        "solver": classifier.solver_ if is_bce else classifier.solver,
        "log loss": f"{log_loss(y_test, p):.4f}",
        "ROC AUC": f"{roc_auc_score(y_test, p):.4f}",
        "average precision": f"{average_precision_score(y_test, p):.4f}",
        "expected accuracy": f"{model.score(X_test, y_test):.4f}",
        "cost at 0.5": f"{cost(y_test, p > 0.5):.3f}",
        "tuned threshold": f"{tuned.best_threshold_:.3f}",
        "cost at tuned": f"{cost(y_test, tuned.predict(X_test)):.3f}",
        "iterations": f"{classifier.n_iter_[0]}",
        "optimality_": format(classifier.optimality_, ".0e") if is_bce else "-",
        "seconds of a fit": f"{min(seconds):.4f}",
    }


reports = {name: report(model) for name, model in models.items()}
print(f"{len(y_test)} held-out rows" + "".join(f"{name:>20}" for name in reports))
for line in reports["BCEClassifier"]:
    print(f"{line:<17}" + "".join(f"{column[line]:>20}" for column in reports.values()))

# %%
# Picture
# -------
#
# The loss curve is the objective over C times the total weight: the mean loss and the penalty's
# share. Reliability is the share of malignant tumours among test rows of similar probability.


def draw(plt):
    """Return a figure of both models on the test rows."""
    figure, axes = plt.subplots(2, 2, figsize=(10, 8), layout="constrained")
    (curve, roc), (reliability, coefficients) = axes

    curve.plot(models["BCEClassifier"].named_steps["model"].loss_curve_, "o-")
    curve.set(title="Loss curve of BCEClassifier", xlabel="iteration", ylabel="mean loss + penalty")
    curve.set_ylim(bottom=0.0)

    first = models["BCEClassifier"].named_steps["model"].coef_[0]
    largest = np.argsort(np.abs(first))[-10:]
    for (name, model), marker, line in zip(models.items(), "ox", ("-", "--"), strict=True):
        p = model.predict_proba(X_test)[:, 1]
        roc.plot(*roc_curve(y_test, p)[:2], line, label=name)
        observed, predicted = calibration_curve(y_test, p, n_bins=6, strategy="quantile")
        reliability.plot(predicted, observed, marker + line, label=name)
        coef = model.named_steps["model"].coef_[0]
        coefficients.plot(coef[largest], np.arange(10), marker, label=name)

    roc.set(title="ROC", xlabel="false positive rate", ylabel="true positive rate")
    reliability.axline((0, 0), slope=1, color="0.7", linewidth=1, zorder=0)
    reliability.set(title="Reliability", xlabel="mean probability", ylabel="share malignant")
    coefficients.axvline(0.0, color="0.7", linewidth=1, zorder=0)
    coefficients.set_yticks(np.arange(10), data.feature_names[largest])
    coefficients.set(title="Ten largest coefficients", xlabel="coefficient per standard deviation")
    for axis in (roc, reliability, coefficients):
        axis.legend(loc="best")
    return figure


try:
    import matplotlib.pyplot as plt
except ImportError:
    print("No picture: matplotlib is not installed (pip install matplotlib).")
else:
    figure = draw(plt)
    if "sphinx_gallery" not in sys.modules:
        figure.savefig("quickstart.png")
        print(f"Picture: {Path('quickstart.png').resolve()}")

# %%
# Cross-validation chooses plain cross-entropy here, without focal exponent and smoothing, so that
# both columns are the same model, and agree in every figure of the predictions; the tuned threshold
# lowers the cost from 0.316 to 0.232.
