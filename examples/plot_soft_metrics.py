"""
What probabilities are worth, in nats
=====================================

The log loss of soft labels has a floor: their entropy, the disagreement of the raters, which no
model can take away. What is above it is the Kullback-Leibler divergence, which a better model
could. This page takes both apart on the VADER lexicon (words rated by ten people; see
:doc:`plot_soft_labels`), with a cross-validated search over C, and then calibrates a model by way
of hard rows.
"""

import ast
import copy
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import sklearn
import vaderSentiment
from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    StratifiedGroupKFold,
    train_test_split,
)

from sklearn_bce import BCEClassifier, metrics
from sklearn_bce.model_selection import SoftStratifiedKFold, expand_soft_labels

lexicon = Path(vaderSentiment.__file__).with_name("vader_lexicon.txt")
entries = [line.split("\t") for line in lexicon.read_text(encoding="utf-8").splitlines()]
ratings = np.array([ast.literal_eval(entry[3]) for entry in entries])
votes = (ratings != 0).sum(axis=1)
share = (ratings > 0).sum(axis=1) / np.maximum(votes, 1)

X = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), min_df=5).fit_transform(
    entry[0] for entry in entries
)
train, test = train_test_split(np.arange(len(share)), test_size=0.3, random_state=0)

# %%
# A search with soft labels
# -------------------------
#
# ``SoftStratifiedKFold`` makes folds with the same distribution of shares. The scorers take the
# votes as weights if metadata routing sends them; ``set_score_request`` changes a scorer in place,
# so that it is asked of a copy.

sklearn.set_config(enable_metadata_routing=True)
scorer = copy.deepcopy(metrics.neg_soft_log_loss).set_score_request(sample_weight=True)
search = GridSearchCV(
    BCEClassifier().set_fit_request(sample_weight=True),
    {"C": np.logspace(-2, 2, 9)},
    scoring=scorer,
    cv=SoftStratifiedKFold(5, shuffle=True, random_state=0),
    return_train_score=True,
).fit(X[train], share[train], sample_weight=votes[train])

weight = votes[train]
floor = metrics.entropy(share[train], sample_weight=weight)
base_rate = metrics.entropy([np.average(share[train], weights=weight)])
print(f"entropy of the votes {floor:.4f}, of the base rate {base_rate:.4f}")
print(f"C = {search.best_params_['C']:.3g} has log loss {-search.best_score_:.4f} in the folds")

# %%
# On the test rows: the log loss is entropy plus divergence, and the gain over the base rate is the
# share of its loss that the model saves.

y, w, p = share[test], votes[test], search.predict_proba(X[test])[:, 1]
for name in ("soft_log_loss", "kl_divergence", "information_gain", "soft_brier_score"):
    print(f"{name:<20}{getattr(metrics, name)(y, p, sample_weight=w):8.4f}")
print(f"{'entropy':<20}{metrics.entropy(y, sample_weight=w):8.4f}")
print(f"{'D2':<20}{metrics.information_gain(y, p, sample_weight=w, normalize=True):8.4f}")

# %%
# Calibration by way of hard rows
# -------------------------------
#
# A focal loss bends probabilities towards 1/2. ``CalibratedClassifierCV`` would bend them back, but
# refuses soft labels. ``expand_soft_labels`` turns each row into weighted hard rows, and ``groups``
# says which belong together: without them a fold is tested on rows whose other half was trained on.

focal = BCEClassifier(gamma=3.0, C=search.best_params_["C"]).set_fit_request(sample_weight=True)
X2, y2, w2, groups = expand_soft_labels(X[train], share[train], votes[train])
splits = {
    "focal, calibrated by groups": StratifiedGroupKFold(5, shuffle=True, random_state=0).split(
        X2, y2, groups
    ),
    "focal, calibrated without": KFold(5, shuffle=True, random_state=0).split(X2),
}
models = {
    "cross-entropy": search.best_estimator_,
    "focal": focal.fit(X[train], share[train], votes[train]),
}
for name, folds in splits.items():
    models[name] = CalibratedClassifierCV(focal, cv=list(folds)).fit(X2, y2, sample_weight=w2)

probabilities = {name: model.predict_proba(X[test])[:, 1] for name, model in models.items()}
print(f"{'':<28}{'log loss':>9}{'Brier':>9}{'ECE':>9}{'ROC AUC':>9}")
for name, p in probabilities.items():
    figures = [
        metrics.soft_log_loss(y, p, sample_weight=w),
        metrics.soft_brier_score(y, p, sample_weight=w),
        metrics.expected_calibration_error(y, p, strategy="quantile", sample_weight=w),
        metrics.soften(sklearn.metrics.roc_auc_score)(y, p, sample_weight=w),
    ]
    print(f"{name:<28}" + "".join(f"{figure:9.4f}" for figure in figures))
sklearn.set_config(enable_metadata_routing=False)

# %%
# Both in one picture: grey is the entropy, which stays; blue on the right is the divergence; the
# dashed line is the loss of the base rate.

figure, (over_C, of_models) = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained")
Cs = search.cv_results_["param_C"].astype(float)
over_C.fill_between(Cs, 0.0, floor, color="0.85", label="entropy of the votes")
for part, marker in (("train", "s"), ("test", "o")):
    mean_loss = -search.cv_results_[f"mean_{part}_score"]
    over_C.plot(Cs, mean_loss, marker + "-", label=f"log loss, {part} rows of the folds")
over_C.axvline(search.best_params_["C"], color="0.6", linewidth=1)
over_C.axhline(
    base_rate, color="black", linestyle="--", linewidth=1, label="log loss of the base rate"
)
over_C.set(xscale="log", xlabel="C", ylabel="nats a vote", ylim=(0.0, 1.1), title="Search")
over_C.legend(loc="upper center")

entropy = metrics.entropy(y, sample_weight=w)
divergence = [metrics.kl_divergence(y, p, sample_weight=w) for p in probabilities.values()]
of_models.barh(list(probabilities), entropy, color="0.85")
bars = of_models.barh(list(probabilities), divergence, left=entropy)
of_models.bar_label(bars, fmt="%.3f", label_type="center", color="white")
of_models.axvline(metrics.entropy([np.average(y, weights=w)]), color="black", ls="--", lw=1)
of_models.invert_yaxis()
of_models.set(xlabel="nats a vote", title="Entropy and divergence, test rows")
plt.show()

# %%
# At the best C the divergence on the folds' test rows is twice the entropy: the raters agree better
# than the letters tell. To their training rows the fits come nearer and nearer as C grows, to the
# others they do not.
#
# The focal fit ranks as well as the other, but its probabilities are far off. Calibrated by groups
# it is nearly as good as the fit of cross-entropy; without groups it is a little worse on every
# count.
