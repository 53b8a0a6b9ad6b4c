"""
A look inside: loss curve, path, coefficients
=============================================

What a fit does, what the penalty does to it, and what came of it, on 569 tumours with 30
measurements each. "Yes" is a malignant tumour.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import validation_curve
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_bce import BCEClassifier
from sklearn_bce.display import CoefficientDisplay, LossCurveDisplay, RegularizationPathDisplay

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
y = 1 - y
scaler = StandardScaler().set_output(transform="pandas")
X_scaled = scaler.fit_transform(X)

# %%
# The loss by iteration
# ---------------------
#
# On the left, the loss seems to stand still after a few iterations. The grey line shows on its
# logarithmic axis how far it still was from the minimum: an estimate, from the distance to the end
# and from ``optimality_``, which the fit measures where it ends.

figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
for ax, solver in zip(axes, ["newton-cholesky", "newton-cg"], strict=True):
    clf = BCEClassifier(solver=solver).fit(X_scaled, y)
    LossCurveDisplay.from_estimator(clf, ax=ax)
    ax.set_title(solver)
plt.show()

# %%
# The path over C
# ---------------
#
# Above, the coefficients at every C, with the names of those that are largest at the chosen one.
# Below, the held-out log loss (negative: more is better) of five folds, with a band of one standard
# error.

Cs = np.logspace(-4, 2, 19)
_, scores = validation_curve(
    make_pipeline(StandardScaler(), BCEClassifier()),
    X,
    y,
    param_name="bceclassifier__C",
    param_range=Cs,
    scoring="neg_log_loss",
)
best = Cs[np.argmax(scores.mean(axis=1))]
coefs = [BCEClassifier(C=C).fit(X_scaled, y).coef_[0] for C in Cs]

figure, axes = plt.subplots(2, sharex=True, figsize=(8, 7.5), layout="constrained")
RegularizationPathDisplay(
    Cs=Cs,
    coefs=coefs,
    scores=scores.T,
    C=best,
    feature_names=X.columns,
    score_name="negative log loss",
).plot(axes)
plt.show()

# %%
# The largest coefficients
# ------------------------
#
# A coefficient is a change of the logit for one unit of its feature. Those of a model that was
# fitted to features as they come cannot be compared (left). Multiplied by the standard deviation of
# their features they can (middle), and where the features were scaled first, the penalty treats
# all alike (right).

unscaled = BCEClassifier(C=best).fit(X, y)
scaled = make_pipeline(StandardScaler(), BCEClassifier(C=best)).fit(X, y)
figure, axes = plt.subplots(1, 3, figsize=(13, 4.5), layout="constrained")
for ax, model, rows, title in (
    (axes[0], unscaled, None, "as they come"),
    (axes[1], unscaled, X, "standardised effects"),
    (axes[2], scaled, X, "fitted to scaled features"),
):
    CoefficientDisplay.from_estimator(model, rows, n_features=10, ax=ax, name=title)
plt.show()

# %%
# As the features come, the largest coefficient is that of the worst concavity, whose unit is small
# and whose effect is not among the ten largest; those belong to areas and perimeters, of opposite
# signs, which nearly cancel: they measure the same thing. On scaled features the penalty shares the
# effect out among them, and all ten have the same sign.
