"""
XOR: what a linear model cannot see
===================================

Four rows, of which those with exactly one feature switched on are "yes". No straight line
separates them, and the best that a linear model can do is to say one half everywhere: a mean loss
of ln 2. With the product of the two features as a third one the same model solves it.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures

from sklearn_bce import BCEClassifier

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = np.array([0, 1, 1, 0])

# %%
# ``loss_curve_`` is the objective over C times the total weight: the mean loss plus the penalty's
# share. A large C makes that share small.

products = PolynomialFeatures(degree=2, interaction_only=True, include_bias=False)
models = {
    "x1, x2": BCEClassifier(C=1000.0).fit(X, y),
    "x1, x2, x1 x2": make_pipeline(products, BCEClassifier(C=1000.0)).fit(X, y),
}
print(f"ln 2 = {np.log(2):.6f}")
for name, model in models.items():
    classifier = model if name == "x1, x2" else model[-1]
    print(
        f"features {name:<14} mean loss + penalty {classifier.loss_curve_[-1]:.6f}  "
        f"coefficients {np.round(classifier.coef_[0], 2) + 0.0}  "
        f"P(yes) {np.round(model.predict_proba(X)[:, 1], 3)}"
    )

# %%
# The probability of "yes" over the plane, and the four rows.

grid = np.linspace(-0.3, 1.3, 161)
plane = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
figure, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained", sharey=True)
for axis, (name, model) in zip(axes, models.items(), strict=True):
    p = model.predict_proba(plane)[:, 1].reshape(grid.size, grid.size)
    picture = axis.pcolormesh(grid, grid, p, cmap="RdBu_r", vmin=0.0, vmax=1.0, rasterized=True)
    for label, marker in ((0, "o"), (1, "^")):
        rows = X[y == label]
        name_of = ("no", "yes")[label]
        axis.plot(*rows.T, marker, color="k", markerfacecolor="w", markersize=10, label=name_of)
    axis.set(title=f"features {name}", xlabel="x1", aspect="equal")
axes[0].set_ylabel("x2")
axes[1].legend(loc="center")
figure.colorbar(picture, ax=axes, label="P(yes)")
plt.show()

# %%
# From the two features the fit stays at ln 2 = 0.693 with both coefficients 0; with their product
# the objective falls to 0.065, and every row gets its label with a probability above 0.96.
