"""
Which C? A path and its folds
=============================

:class:`~sklearn_bce.BCEClassifierCV` on the breast cancer data: 30 values of C in ten folds, 300
fits besides the path on all rows. The picture shows how the coefficients grow with C, what the
rows held out say about it, and two answers: the best mean score, and the smallest C that is within
one standard error of it.
"""

import timeit

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegressionCV
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_bce import BCEClassifierCV
from sklearn_bce.display import RegularizationPathDisplay

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

# %%
# Two rules
# ---------

Cs = np.logspace(-4, 3, 30)
models = {
    rule: make_pipeline(StandardScaler(), BCEClassifierCV(Cs=Cs, cv=10, selection=rule))
    for rule in ("best", "1se")
}
for rule, model in models.items():
    model.fit(X_train, y_train)
    clf = model[-1]
    held_out = -clf.scores_[:, 0].mean(axis=0)[clf.Cs_ == clf.C_][0]
    tested = log_loss(y_test, model.predict_proba(X_test))
    print(
        f"{rule:<5} C = {clf.C_:<8.3g} |w| = {np.linalg.norm(clf.coef_):<6.3g} "
        f"log loss: {held_out:.4f} in the folds, {tested:.4f} on test rows"
    )

# %%
# The path is the same for both; only the C chosen differs. The band is one standard error either
# side of the mean score.

figure, axes = plt.subplots(2, 1, figsize=(9, 7), sharex=True, layout="constrained")
display = RegularizationPathDisplay.from_estimator(
    models["best"], feature_names=X.columns, score_name="Minus the log loss, held out", ax=axes
)
simplest = models["1se"][-1].C_
for axis in axes:
    axis.axvline(simplest, color="C3", linestyle=":", label=f"1se: C = {simplest:.3g}")
axes[1].set_ylim(-0.35, 0.0)
axes[1].legend(fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5))
plt.show()

# %%
# In how much time
# ----------------
#
# The same Cs and folds by scikit-learn, with the fastest of its solvers for few features.

scaled = StandardScaler().fit_transform(X_train)
theirs = LogisticRegressionCV(Cs=Cs, cv=10, solver="newton-cholesky", scoring="neg_log_loss")
if "use_legacy_attributes" in theirs.get_params():  # scikit-learn 1.9 warns of its next release
    theirs.set_params(use_legacy_attributes=False, l1_ratios=(0.0,))


def least_seconds(model):
    """Return the least time of three fits."""
    return min(timeit.repeat(lambda: clone(model).fit(scaled, y_train), number=1, repeat=3))


for clf in (BCEClassifierCV(Cs=Cs, cv=10), theirs):
    print(f"{type(clf).__name__:<22} least of three fits {least_seconds(clf):.3f} s")
