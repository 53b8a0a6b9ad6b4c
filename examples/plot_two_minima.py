"""
Two minima: focal loss is not convex
====================================

Cross-entropy with a penalty has one minimum, and a fit finds it. The focal loss bends the other way
on rows that are badly wrong, and a sum of such losses can have more than one minimum. This page
shows where it bends, a small problem with two minima, and what many starts find on real data.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import scale

from sklearn_bce import BCEClassifier, loss

# %%
# A problem made for the purpose: one "yes" at x = -1 against a crowd of 385 "no" at x = -0.01, no
# intercept, and next to no penalty (C = 1000). The crowd pulls the coefficient up, the single row
# pulls it down, and its pull is strongest where it is wrong by about three logits.

X = np.array([[-1.0], [-0.01]])
y = np.array([1, 0])
weight = np.array([1.0, 385.0])
C = 1000.0


def objective(w, gamma):
    """Mean loss plus the penalty's share, as ``loss_curve_`` has it."""
    losses = sum(
        each * loss.value(float(label), x * w, gamma=gamma)
        for each, label, x in zip(weight, y, X[:, 0], strict=True)
    )
    return (losses + w**2 / (2 * C)) / weight.sum()


# %%
# A fit starts from the solution for cross-entropy, or from the best constant, and goes downhill. To
# look for another minimum, give it a start of your own with ``warm_start``.

ends = {}
for start in (None, 1.0, 12.0):
    clf = BCEClassifier(C=C, gamma=2.0, fit_intercept=False, warm_start=True)
    if start is not None:
        clf.fit(X, y, weight)
        clf.coef_ = np.array([[start]])
    clf.fit(X, y, weight)
    ends[start] = clf.coef_[0, 0], clf.loss_curve_[-1]
    name = "its own choice" if start is None else f"w = {start:g}"
    print(
        f"start: {name:<15} end: w = {clf.coef_[0, 0]:.3f}  objective {clf.loss_curve_[-1]:.6f}  "
        f"optimality_ {clf.optimality_:.0e}"
    )

# %%
# Left, the curvature of the loss of one "yes" over its logit: below zero where the row is badly
# wrong. Right, the objective over the single coefficient.

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
z = np.linspace(-8.0, 5.0, 400)
for gamma in (0.0, 1.0, 2.0, 5.0):
    left.plot(z, loss.curvature(1.0, z, gamma=gamma), label=f"gamma = {gamma:g}")
left.axhline(0.0, color="0.7", linewidth=1, zorder=0)
left.set(xlabel="logit of a row that is yes", ylabel="curvature", title="Where the loss bends")
left.legend()

w = np.linspace(0.0, 16.0, 400)
right.plot(w, objective(w, 2.0), color="C2", label="gamma = 2")
for (w_end, value), marker, name in zip(
    (ends[None], ends[1.0], ends[12.0]),
    ("o", "v", "s"),
    ("the fit", "from w = 1", "from w = 12"),
    strict=True,
):
    right.plot(w_end, value, marker, color="k", markerfacecolor="none", markersize=10, label=name)
right.set(xlabel="coefficient w", ylabel="objective", title="Two minima", ylim=(0.1708, 0.1722))
right.legend(loc="upper center")
plt.show()

# %%
# On real data: 569 tumours, one label in ten made wrong, twenty starts, each coefficient of the fit
# multiplied by a random number between 0 and 2.

X, y = load_breast_cancer(return_X_y=True)
X = scale(X)
rng = np.random.default_rng(0)
y = np.where(rng.random(len(y)) < 0.1, 1 - y, y)
clf = BCEClassifier(gamma=2.0, warm_start=True).fit(X, y)
fitted, objective_of_fit = clf.coef_.copy(), clf.loss_curve_[-1]
started, ended = [], []
for _ in range(20):
    clf.coef_ = fitted * rng.uniform(0.0, 2.0, fitted.shape)
    clf.fit(X, y)
    started.append(clf.loss_curve_[0])
    ended.append(clf.loss_curve_[-1])
print(f"the fit            {objective_of_fit:.8f}")
print(f"the starts         {min(started):.8f} to {max(started):.8f}")
print(f"where they ended   {min(ended):.8f} to {max(ended):.8f}")

# %%
# In the made problem the fit ended in the higher of the two minima (0.171233 against 0.171052), and
# ``optimality_`` is as small in one as in the other: for a focal loss it says that the fit is at a
# stationary point, not that there is no lower one. On the real data all starts ended in the same
# minimum. :doc:`/user_guide/convexity` says when there can be only one.
