"""
Label smoothing and over-confidence
===================================

Label smoothing moves every label towards one half: y becomes y (1 - e) + e / 2. A model that fits
such labels best never says more than 1 - e / 2, however weak its penalty. This helps a model that
is too sure of itself, and may hurt one that is not.

The data are 569 tumours with 30 measurements, on which a fit without a penalty separates the
classes. Every model is fitted on four fifths of the rows and judged on the rest, for ten such
splits. In the second half of the comparison 10 % of the training labels, drawn at random, are
wrong; the labels that judge stay right.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import RepeatedStratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_bce import BCEClassifier, SeparationWarning, loss

X, y = load_breast_cancer(return_X_y=True)
y = 1.0 - y  # "yes" is malignant
splits = list(RepeatedStratifiedKFold(n_splits=5, n_repeats=2, random_state=0).split(X, y))
smoothings = [0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3]
Cs = {"C = 1": 1.0, "C = 100": 100.0, "no penalty": np.inf}

# %%
# Over-confidence is the mean probability that the model gives to its own decision, less the share
# of decisions that are right. Without penalty and without smoothing no finite coefficients are the
# best; the fit warns (``SeparationWarning``) and returns some that separate the classes.


def judge(C, label_smoothing, wrong):
    """Return the held-out log loss and the over-confidence, each the mean over the splits."""
    model = make_pipeline(StandardScaler(), BCEClassifier(C=C, label_smoothing=label_smoothing))
    results = []
    for seed, (train, test) in enumerate(splits):
        is_wrong = np.random.default_rng(seed).random(train.size) < wrong
        model.fit(X[train], np.where(is_wrong, 1.0 - y[train], y[train]))
        confidence = model.predict_proba(X[test]).max(axis=1).mean()
        log_loss = loss.value(y[test], model.decision_function(X[test])).mean()
        results.append((log_loss, confidence - model.score(X[test], y[test])))
    return np.mean(results, axis=0)


warnings.simplefilter("ignore", SeparationWarning)
results = {}
for wrong in (0.0, 0.1):
    print(f"\n{wrong:.0%} of the training labels wrong: held-out log loss (over-confidence)")
    print("smoothing" + "".join(f"{name:>18}" for name in Cs))
    for smoothing in smoothings:
        row = results[wrong, smoothing] = [judge(C, smoothing, wrong) for C in Cs.values()]
        print(f"{smoothing:<9}" + "".join(f"{a:>9.4f} ({b:+.3f})" for a, b in row))

# %%
# The same figures as a picture.

figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained", sharey=True)
places = np.arange(len(smoothings))
for axis, wrong in zip(axes, (0.0, 0.1), strict=True):
    for k, name in enumerate(Cs):
        log_loss = [results[wrong, smoothing][k][0] for smoothing in smoothings]
        axis.plot(places, log_loss, "os^"[k] + "-", label=name)
    axis.set_xticks(places, smoothings)
    axis.set(title=f"{wrong:.0%} of the training labels wrong", xlabel="label_smoothing")
    axis.set(yscale="log")
axes[0].set_ylabel("held-out log loss")
axes[0].set_yticks([0.1, 0.2, 0.5, 1.0], ["0.1", "0.2", "0.5", "1"])
axes[0].minorticks_off()
axes[0].legend()
plt.show()

# %%
# With right labels smoothing mends the fits whose penalty is too weak: the log loss falls from 0.23
# to 0.11 at C = 100, and from more than 0.5 to 0.12 without a penalty. The fit with C = 1 is better
# than all of these (0.07), and there every smoothing makes it worse. Wrong labels have already made
# every fit under-confident, and smoothing makes that worse too.
