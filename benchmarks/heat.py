"""One data set of the race: every entrant, its tolerances, and the times that count.

An entrant climbs its ladder from loose to tight tolerances until its objective is close enough to
the least known, or the time is over. Then the rungs that may be its figure are fitted again, in
rounds over all entrants, so that nobody has the machine's good minutes alone.
"""

from dataclasses import dataclass, field
from statistics import median
from time import perf_counter

import numpy as np
from datasets import hard_rows
from entrants import AUTO, ours
from exact import Exact
from measure import Worker, fit_for
from passes import count_passes, n_bytes

TARGETS = (1e-3, 1e-6)  # relative sub-optimality
C = 1.0
_ROUNDS = 15
_ENOUGH = 1.0  # seconds of fits of one rung after which the median of so many is good enough,
_ENOUGH_FITS = 3
_AT_MOST = 2.0  # and of fewer
_VISIT = 0.02  # seconds of fits at a visit, at least one fit
_SLOWER = 20.0  # times as long as ours anybody's fit may take,
_LIMITS = (3.0, 30.0)  # but at least and at most so many seconds,
_SLOWER_AT_LEAST = 3.0  # and where ours takes long so many times as long
_NEAR = 1.5  # rungs slower than that beside the entrant's fastest are out
_FAR = 4.0  # rungs slower than that beside the fastest peer are fitted only once more
_CHEAP = 1.0  # seconds up to which a fit is tried with one thread and with all
_SMALL = 10e6  # bytes of X
_COMPILATION = 300.0


@dataclass
class Rung:
    """An entrant with one tolerance and one number of threads."""

    entrant: object
    estimator: object
    threads: int | None = None
    value: float = np.inf  # the objective, in extended precision
    seconds: list = field(default_factory=list)
    cpu_seconds: list = field(default_factory=list)  # of all threads

    @property
    def is_measured(self):
        return sum(self.seconds) > (_ENOUGH if len(self.seconds) >= _ENOUGH_FITS else _AT_MOST)

    @property
    def time(self):
        return median(self.seconds)


def heat(X, y, weight, entrants, tell=lambda line: None):
    """Return the figures of all entrants, in a dict of numbers and strings.

    ``tell`` hears how it goes on.
    """
    race = _Heat(X, y, weight)
    skipped, begin = {}, perf_counter()
    try:
        for entrant in entrants:
            reason = entrant.can_fit(X, weight)
            if reason:
                skipped[entrant.name] = reason
            else:
                race.climb(entrant)
            tell(f"{perf_counter() - begin:6.1f} s: {entrant.name}")
        race.run_rounds()
        tell(f"{perf_counter() - begin:6.1f} s: all rounds")
        return race.figures() | {"skipped": skipped}
    finally:
        race.close()


class _Heat:
    def __init__(self, X, y, weight):
        self.data = X, y, weight
        self.hard = self.data if weight is None else hard_rows(X, y, weight)
        self.exact = Exact(X, y, weight, C)
        self.workers = {}
        self.rungs = []
        self.limit = _LIMITS[1]
        self.out_of_time = {}
        self.errors = {}
        reference = ours(C, 1e-20).fit(X, y, sample_weight=weight)
        self.least = self._value(reference)

    def climb(self, entrant):
        """Try tolerances until one is close enough; ours, with solver="auto", tries all of them."""
        data = self.data if entrant.has_soft_labels else self.hard
        first = entrant.ladders[0](C, entrant.tols[0]) if entrant.compiles else None
        self.workers[entrant.name] = Worker(*data, warm_up=first)
        for ladder in entrant.ladders:
            if any(self._climb(entrant, ladder, threads) for threads in self._threads(entrant)):
                break
        if entrant is AUTO:
            unit = min((rung.time for rung in self._close(AUTO, min(TARGETS))), default=np.inf)
            least, most = _LIMITS
            most = max(most, _SLOWER_AT_LEAST * unit) if np.isfinite(unit) else most
            self.limit = float(np.clip(_SLOWER * unit, least, most))

    def _threads(self, entrant):
        """Numbers of threads to climb with; the second if the first does not get there.

        On small matrices BLAS can be much slower with all threads than with one.
        """
        if not entrant.has_choice_of_threads:
            return [None]
        return [1, None] if n_bytes(self.data[0]) < _SMALL else [None]

    def _climb(self, entrant, ladder, threads):
        """Fit with one tolerance after the other; return whether no other ladder is needed.

        That is the case if one was near enough. It ends as well when the time is over.
        """
        spent = 0.0
        for tol in entrant.tols:
            rung = Rung(entrant, ladder(C, tol), threads)
            if not self._fit(rung):
                if entrant.name not in self.errors:
                    self._note_out_of_time(entrant, self.limit)
                break
            self.rungs.append(rung)
            if entrant is AUTO:
                continue
            if self._above(rung) <= min(TARGETS):
                return True
            spent += sum(rung.seconds)
            if spent > self.limit:
                self._note_out_of_time(entrant, rung.time)
                break
        return False

    def _note_out_of_time(self, entrant, seconds):
        """It would take longer than that; over several ladders the least is what is known."""
        self.out_of_time[entrant.name] = min(seconds, self.out_of_time.get(entrant.name, np.inf))

    def run_rounds(self):
        again = self._worth_another_fit()
        self.rungs += [rung for rung in again if not rung.seconds]  # with other threads
        for name in set(self.workers) - {rung.entrant.name for rung in again}:
            self.workers[name].close()
        for number in range(_ROUNDS):
            again = [rung for rung in again if self._is_worth(rung, number) and self._fit(rung)]
        self.rungs = [rung for rung in self.rungs if rung.seconds]

    def figures(self):
        X = self.data[0]
        result = {"entrants": {}, "out_of_time": self.out_of_time, "errors": self.errors}
        for name in self.workers:
            mine = [rung for rung in self.rungs if rung.entrant.name == name]
            figures = {
                f"{target:g}": self._figure([r for r in mine if self._above(r) <= target])
                for target in TARGETS
            }
            figures["above"] = min((self._above(rung) for rung in mine), default=None)
            result["entrants"][name] = figures
        default = [r for r in self.rungs if r.entrant is AUTO and r.estimator.tol == AUTO.tols[-1]]
        if default:
            result["default"] = self._figure(default) | {"above": self._above(default[0])}
        best = min(self._close(AUTO, min(TARGETS)), key=lambda rung: rung.time, default=None)
        if best:
            worker = self.workers[AUTO.name]
            result["passes"] = worker.ask(count_passes, best.estimator, limit=_COMPILATION)
        return result | {"bytes": n_bytes(X)}

    def close(self):
        for worker in self.workers.values():
            worker.close()

    def _worth_another_fit(self):
        found = []
        for entrant in {rung.entrant.name: rung.entrant for rung in self.rungs}.values():
            for target in TARGETS:
                close = self._close(entrant, target)
                fastest = min((rung.time for rung in close), default=0.0)
                found += [rung for rung in close if rung.time <= _NEAR * fastest]
            if entrant is AUTO:
                found += [r for r in self.rungs if r.entrant == entrant]
        found = list({id(rung): rung for rung in found}.values())
        others = [
            Rung(
                rung.entrant, rung.estimator, threads=None if rung.threads else 1, value=rung.value
            )
            for rung in found
            if rung.time < _CHEAP and rung.entrant.has_choice_of_threads
        ]
        return found + others

    def _is_worth(self, rung, n_rounds):
        """Not if its median is known, or a peer as near to the optimum is much faster."""
        if rung.is_measured:
            return False
        if n_rounds == 0 or not rung.entrant.is_peer:
            return True
        near = max(self._above(rung), min(TARGETS))
        rivals = [r for r in self.rungs if r.entrant.is_peer and r.seconds]
        return rung.time <= _FAR * min(r.time for r in rivals if self._above(r) <= near)

    def _close(self, entrant, target):
        return [
            rung
            for rung in self.rungs
            if rung.entrant == entrant and rung.seconds and self._above(rung) <= target
        ]

    def _above(self, rung):
        return float((rung.value - self.least) / rung.value)

    def _figure(self, rungs):
        best = min(rungs, key=lambda rung: rung.time, default=None)
        if best is None:
            return None
        quartiles = np.quantile(best.seconds, [0.25, 0.75]).tolist()
        return {
            "seconds": best.time,
            "quartiles": quartiles,
            "cpu_seconds": min(median(rung.cpu_seconds) for rung in rungs),
            "fits": len(best.seconds),
            "tol": best.estimator.tol,
            "threads": best.threads,
        }

    def _fit(self, rung):
        """One visit to the entrant's process; False if its time is over, or it raises an error."""
        worker = self.workers[rung.entrant.name]
        limit = _COMPILATION if rung.entrant is AUTO else self.limit
        fits = worker.ask(fit_for, rung.estimator, _VISIT, rung.threads, limit=limit)
        if isinstance(fits, Exception):
            self.errors[rung.entrant.name] = repr(fits)
        if not isinstance(fits, list):
            return False
        rung.seconds += [fit.seconds for fit in fits]
        rung.cpu_seconds += [fit.cpu_seconds for fit in fits]
        if not np.isfinite(rung.value):
            rung.value = self._value(fits[0].estimator)
            self.least = min(self.least, rung.value)
        return True

    def _value(self, estimator):
        return self.exact.value(np.ravel(estimator.coef_), np.ravel(estimator.intercept_)[0])
