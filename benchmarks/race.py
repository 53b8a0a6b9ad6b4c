"""The race: BCEClassifier beside its peers, on real data, to the same distance from the optimum.

    python benchmarks/race.py [name of a data set ...]

All minimise the same objective, C = 1, the intercept without a penalty. An entrant's figure is the
least median time among its tolerances whose objective is within 1e-3, and within 1e-6 (relative),
of the least that anybody reached, evaluated in extended precision. Peers have the better of all
threads and one; ours has what it takes by itself. Compilation does not count.

Results are kept in benchmarks/race.json, a data set at a time, so that the race may be run in
pieces; tables (race.md) and a picture (race.png) are of all that is there.
"""

import argparse
import json
import sys
from functools import partial
from pathlib import Path

import datasets
import scipy.sparse as sp
from entrants import AUTO, OUR_SOLVERS, PEERS
from heat import heat
from race_report import picture, tables
from report import commit, machine, read_bandwidth, versions

RESULTS = Path(__file__).with_name("race.json")
DATA = {
    "breast_cancer_scaled": "breast cancer, scaled",
    "breast_cancer_raw": "breast cancer, as it comes",
    "digits": "digits, 8 or not",
    "spam": "spam, unscaled",
    "fashion_pair": "coat or pullover, raw pixels",
    "fashion_halves": "clothes in halves, raw pixels",
    "flights_dense": "late flights, unscaled",
    "newsgroups": "two newsgroups",
    "vader": "rated words, soft labels",
    "wordnet": "dictionary: a noun?",
    "flights_one_hot": "late flights, one-hot",
}


def main():
    options = _options()
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() and not options.fresh else {}
    chosen = [AUTO, *([] if options.skip_solvers else OUR_SOLVERS)]
    chosen += [peer for peer in PEERS if not options.peers or peer.name in options.peers]
    state = f"{machine()}; {versions('glum', 'skglm')}; commit {commit()}"
    for name in options.names or DATA:
        try:
            X, y, *weight = getattr(datasets, name)()
        except datasets.Unavailable as error:
            print(f"{name}: skipped, {error}", flush=True)
            continue
        result = heat(X, y, weight[0] if weight else None, chosen, partial(print, file=sys.stderr))
        known[name] = result | {
            "shape": X.shape,
            "sparse": sp.issparse(X),
            "bandwidth": read_bandwidth(),
            "state": state,
        }
        print("\n".join(tables({DATA[name]: known[name]})), flush=True)
        RESULTS.write_text(json.dumps(known, indent=1))
    ordered = {DATA[name]: known[name] for name in DATA if name in known}
    text = "\n".join(tables(ordered))
    RESULTS.with_suffix(".md").write_text(text + "\n")
    picture(ordered, RESULTS.with_suffix(".png"))
    if not options.names:
        print(text)


def _options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="name", help="data sets; by default all")
    parser.add_argument("--peers", nargs="*", help="only these peers")
    parser.add_argument("--skip-solvers", action="store_true", help="of ours, only solver='auto'")
    parser.add_argument("--fresh", action="store_true", help="forget earlier results")
    options = parser.parse_args()
    for name in options.names:
        if name not in DATA:
            parser.error(f"no data set {name!r}; there are {', '.join(DATA)}")
    return options


if __name__ == "__main__":
    main()
