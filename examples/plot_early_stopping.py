"""
Early stopping, and what it can replace
=======================================

With a weak penalty and many features a fit goes on to learn what the training rows have by chance.
``early_stopping=True`` judges every iteration by rows that are held out, and keeps the best. Here
7,520 words, rated by ten people each, are judged by their letters as in :doc:`plot_soft_labels`;
the validation rows have soft labels and votes as the others.

A penalty chosen by the same rows does the same job, for more fits. Which one is better?
"""

import ast
import timeit
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import vaderSentiment
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import train_test_split

from sklearn_bce import BCEClassifier
from sklearn_bce.display import LossCurveDisplay
from sklearn_bce.metrics import binary_cross_entropy

lexicon = Path(vaderSentiment.__file__).with_name("vader_lexicon.txt")
entries = [line.split("\t") for line in lexicon.read_text(encoding="utf-8").splitlines()]
ratings = np.array([ast.literal_eval(entry[3]) for entry in entries])
n_votes, n_positive = (ratings != 0).sum(axis=1), (ratings > 0).sum(axis=1)
y = n_positive / np.maximum(n_votes, 1)
X = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=5).fit_transform(
    entry[0] for entry in entries
)
rows, test = train_test_split(np.arange(len(y)), test_size=0.3, random_state=0)
train, validation = train_test_split(rows, test_size=0.15, random_state=0)


def test_loss(clf):
    """Mean log loss a vote, on rows that had no part in the fit."""
    z = clf.decision_function(X[test])
    return binary_cross_entropy(y[test], z, sample_weight=n_votes[test], from_logits=True)


# %%
# Every way gets the same validation rows. Early stopping is tried with two solvers, for the road
# they take differs: L-BFGS makes more and shorter steps.

judges = {"X_val": X[validation], "y_val": y[validation], "sample_weight_val": n_votes[validation]}
data = (X[train], y[train], n_votes[train])
Cs = np.logspace(-2, 3, 11)


def best_penalty():
    """Fit every C to its optimum and return the model that the validation rows like best."""
    fits = [BCEClassifier(C=C).fit(*data, **judges) for C in Cs]
    return max(fits, key=lambda clf: clf.validation_scores_[-1])


weak = {"C": 1000.0}
ways = {
    "C = 1000, to the optimum": lambda: BCEClassifier(**weak).fit(*data, **judges),
    "C = 1000, early stopping, lbfgs": lambda: BCEClassifier(
        **weak, solver="lbfgs", early_stopping=True
    ).fit(*data, **judges),
    "C = 1000, early stopping, newton-cg": lambda: BCEClassifier(
        **weak, solver="newton-cg", early_stopping=True
    ).fit(*data, **judges),
    f"the best of {len(Cs)} values of C": best_penalty,
}
models = {}
for name, way in ways.items():
    seconds = timeit.timeit(lambda: models.update({name: way()}), number=1)  # noqa: B023
    clf = models[name]
    print(
        f"{name:<36} C={clf.C:<7.3g} iterations kept {clf.n_iter_[0]:3d}  "
        f"sub-optimality {clf.optimality_:7.1e}  test loss {test_loss(clf):.4f}  {seconds:.2f} s"
    )

# %%
# The loss of both kinds of rows at every iteration. The dots mark the iterations that are kept.

figure, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
for axis, solver in zip(axes, ("lbfgs", "newton-cg"), strict=True):
    stopped = models[f"C = 1000, early stopping, {solver}"]
    to_the_end = clone(stopped).set_params(early_stopping=False).fit(*data, **judges)
    LossCurveDisplay.from_estimator(to_the_end, kind="loss", ax=axis)
    best = np.argmax(stopped.validation_scores_)
    axis.plot(best, -stopped.validation_scores_[best], "o", color="C1", markersize=10)
    axis.set(title=solver, xscale="symlog")
    axis.set_xticks([0, 1, 10, 100], ["0", "1", "10", "100"])
    axis.set_xlim(-0.2, 1.2 * len(to_the_end.loss_curve_))
plt.show()

# %%
# Early stopping undoes most of the harm of a penalty that is far too weak, in less time than one
# fit takes to its optimum: the test loss is half of that. But a few long steps are few points to
# choose from, and which they are depends on the solver. The penalty chosen by the same rows is
# better, and what it leads to is an optimum: the same for every solver, and known to the last
# digits.
