"""What the tables of the benchmarks have in common: rows, numbers, and the machine's state."""

import os
import platform
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter

import numba
import numpy as np
import scipy
import sklearn
from threadpoolctl import threadpool_info, threadpool_limits

import sklearn_bce

FLOOR = 1e-15  # below it, sub-optimality is rounding
PACKAGES = (sklearn_bce, sklearn, np, scipy, numba)
_READ_VALUES = 2**27  # 1 GB of float64, far more than any cache holds


def row(values):
    return "| " + " | ".join(values) + " |"


def table(columns, rows):
    """Lines of a Markdown table: the first column is text, the others are numbers."""
    rule = ["---", *["---:"] * (len(columns) - 1)]
    return [row(columns), row(rule), *map(row, rows)]


def number(value):
    return f"< {FLOOR:g}" if value < FLOOR else f"{value:.1e}"


def duration(seconds):
    """Two digits, in ms below a second."""
    if seconds >= 1.0:
        return f"{seconds:.2g} s" if seconds < 99.5 else f"{seconds:.0f} s"
    return f"{1e3 * seconds:.2g} ms" if seconds < 0.0995 else f"{1e3 * seconds:.0f} ms"


def times(ratio):
    """A ratio of times, as "12 x"."""
    return f"{ratio:.2g} x" if ratio < 99.5 else f"{ratio:.0f} x"


def geometric_mean(values):
    return float(np.exp(np.mean(np.log(values)))) if len(values) else np.nan


def state():
    """The machine, its threads for BLAS and OpenMP, and the versions."""
    pools = " ".join(f"{pool['internal_api']}:{pool['num_threads']}" for pool in threadpool_info())
    return f"{machine()}; threads {pools}; {versions()}\n"


def versions(*others):
    """Versions of what every benchmark uses, and of the installed packages among ``others``."""
    found = [f"Python {platform.python_version()}"]
    found += [f"{each.__name__} {each.__version__}" for each in PACKAGES]
    for name in others:
        with suppress(PackageNotFoundError):
            found.append(f"{name} {version(name)}")
    return ", ".join(found)


def machine():
    return f"{os.cpu_count()} cores, {_cpu()}, {platform.system()}"


def commit():
    """The commit of the package that is measured, with "+" if there are changes."""
    git = ["git", "-C", str(Path(sklearn_bce.__file__).parent)]
    try:
        changes = ["describe", "--always", "--abbrev=10", "--exclude=*", "--dirty=+"]
        return subprocess.run(
            [*git, *changes], capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def read_bandwidth():
    """Bytes a second that all cores together read from memory: the best of a few dot products."""
    values = np.ones(_READ_VALUES)
    parts = np.array_split(values, 8 * os.cpu_count())
    best = np.inf
    with threadpool_limits(1), ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in range(7):
            begin = perf_counter()
            list(pool.map(lambda part: part @ part, parts))
            best = min(best, perf_counter() - begin)
    return values.nbytes / best


def _cpu():
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()
