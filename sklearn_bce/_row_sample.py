"""A sample of the rows, half of it from each class.

A rare class would hardly be met by a draw from all rows (case-control sampling: Fithian and Hastie,
Annals of Statistics 42, 2014). Each drawn row gets a factor that makes up for the choice.
"""

import numpy as np
import scipy.sparse as sp


def draw_rows(positive, negative, n_sample, seed):
    """Draw about ``n_sample`` rows without replacement, and return them with their factors."""
    generator = np.random.default_rng(seed)
    strata = split_rows(positive, negative)
    drawn, factors = [], []
    for stratum, size in zip(strata, _sizes([len(rows) for rows in strata], n_sample), strict=True):
        drawn.append(generator.choice(stratum, size, replace=False))
        factors.append(np.full(size, stratum.size / max(size, 1)))
    rows = np.concatenate(drawn)
    order = np.argsort(rows)
    return rows[order], np.concatenate(factors)[order]


def split_rows(positive, negative):
    """Return the rows that count rather for "yes", and the others of any weight."""
    is_positive = positive > negative
    return np.flatnonzero(is_positive), np.flatnonzero((positive + negative > 0.0) & ~is_positive)


def _sizes(n_rows, n_sample):
    """How many rows to draw from strata of ``n_rows`` each."""
    n_rare = min(n_sample // 2, *n_rows)
    return [min(n, max(n_sample // 2, n_sample - n_rare)) for n in n_rows]


class Reservoir:
    """The same from blocks of rows that pass by once, in a number that nobody knows.

    Every row gets a random key. Of each class those with the smallest keys are kept (Fan, Muller
    and Rezucha, JASA 57, 1962).
    """

    def __init__(self, n_sample, seed):
        self.n_sample = n_sample
        self._generator = np.random.default_rng(seed)
        self._strata = _Stratum(), _Stratum()

    def add(self, X, positive, negative):
        """Let the rows of a block take part, with their weights u and v."""
        strata = split_rows(positive, negative)
        for stratum, rows in zip(self._strata, strata, strict=True):
            stratum.n_rows += rows.size
        # The more rows have passed by, the fewer of a class can still be wanted.
        for stratum, rows, size in zip(self._strata, strata, self._wanted(), strict=True):
            keys = self._generator.random(rows.size)
            stratum.keep(keys, rows, (X, positive, negative), size)

    def take(self):
        """Return X, u and v of the sample, the weights times their factors."""
        wanted = zip(self._strata, self._wanted(), strict=True)
        parts = [stratum.take(size) for stratum, size in wanted]
        return [_stack(arrays) for arrays in zip(*parts, strict=True)]

    def _wanted(self):
        return _sizes([stratum.n_rows for stratum in self._strata], self.n_sample)


class _Stratum:
    """The rows of one class in a reservoir: a tuple of arrays, and a key for each row."""

    def __init__(self):
        self.n_rows = 0  # that have passed by
        self._keys = np.empty(0)
        self._kept = None

    def keep(self, keys, rows, arrays, size):
        n_old = self._keys.size
        smallest = np.argsort(np.append(self._keys, keys))[:size]
        old, new = smallest[smallest < n_old], smallest[smallest >= n_old] - n_old
        if new.size or self._kept is None:
            kept = [array[rows[new]] for array in arrays]
            if n_old:
                kept = [_stack([a[old], b]) for a, b in zip(self._kept, kept, strict=True)]
            self._kept, self._keys = kept, np.append(self._keys[old], keys[new])

    def take(self, size):
        X, positive, negative = (array[np.argsort(self._keys)[:size]] for array in self._kept)
        factor = self.n_rows / max(size, 1)
        return X, positive * factor, negative * factor


def _stack(arrays):
    return sp.vstack(arrays, format="csr") if sp.issparse(arrays[0]) else np.concatenate(arrays)
