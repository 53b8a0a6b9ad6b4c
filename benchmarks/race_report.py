"""Tables and picture of the race, from the figures that `heat.py` returns."""

import numpy as np
from entrants import AUTO, OUR_SOLVERS, PEERS
from report import duration, geometric_mean, table, times

FINE, COARSE = "1e-06", "0.001"


def tables(results):
    """Lines of Markdown: the summary, the means, all entrants, and how often X is read."""
    lines = ["", *_summary(results), "", *_means(results)]
    for target in (FINE, COARSE):
        lines += ["", f"Time to {float(target):g}, as a multiple of ours:", ""]
        lines += _all_entrants(results, target)
    lines += ["", "CPU time to 1e-06, of all threads, as a multiple of ours:", ""]
    lines += _all_entrants(results, FINE, "cpu_seconds")
    lines += ["", *_reading(results), ""]
    return lines + sorted({each["state"] for each in results.values()})


def ratio(result, target):
    """The fastest peer's time over ours, and the peer's name; nan where ours does not get there.

    Where no peer gets there in time it is a bound: the least time after which one was ended.
    """
    mine = _time(result, AUTO.name, target)
    theirs = {p.name: _time(result, p.name, target) for p in PEERS}
    theirs = {name: seconds for name, seconds in theirs.items() if seconds}
    if not mine:
        return np.nan, ""
    if not theirs:
        ended = [result["out_of_time"][p.name] for p in PEERS if p.name in result["out_of_time"]]
        return min(ended, default=np.nan) / mine, ""
    name = min(theirs, key=theirs.get)
    return theirs[name] / mine, name


def _summary(results):
    """Narrow enough for the README."""
    columns = [
        "data",
        "ours, to 1e-6",
        "fastest peer, to 1e-6",
        "fastest peer, to 1e-3",
        "`lbfgs`, to 1e-6",
    ]
    rows = []
    for name, result in results.items():
        size = " x ".join(f"{n:,}" for n in result["shape"])
        mine = _time(result, AUTO.name, FINE)
        rows.append(
            [
                f"{name}, {size}",
                duration(mine) if mine else "does not get there",
                _peer(result, FINE),
                _peer(result, COARSE),
                _multiple(result, "lbfgs", FINE),
            ]
        )
    return table(columns, rows)


def _means(results):
    for kind, wanted in (("dense", False), ("sparse", True)):
        some = {name: each for name, each in results.items() if each["sparse"] == wanted}
        for target in (FINE, COARSE):
            ratios = {name: ratio(each, target)[0] for name, each in some.items()}
            ratios = {name: each for name, each in ratios.items() if np.isfinite(each)}
            if ratios:
                least = min(ratios, key=ratios.get)
                yield (
                    f"- {kind}, to {float(target):g}: geometric mean of {len(ratios)} sets "
                    f"{times(geometric_mean(list(ratios.values())))}, least "
                    f"{times(ratios[least])} ({least})"
                )


def _all_entrants(results, target, what="seconds"):
    """Who is how many times slower than ours; a dash for one that does not get there."""
    names = [p.name for p in [*OUR_SOLVERS, *PEERS]]
    names = [name for name in names if any(name in r["entrants"] for r in results.values())]
    rows = []
    for label, result in results.items():
        mine = _time(result, AUTO.name, target, what)
        default = (result.get("default") or {}).get(what)
        cells = [label, duration(mine) if mine else "-", duration(default) if default else "-"]
        rows.append([*cells, *(_multiple(result, name, target, what) for name in names)])
    return table(["data", "ours", "ours, default", *names], rows)


def _reading(results):
    kinds = ("gradient", "product", "Hessian", "scales", "logits")
    rows = []
    for name, result in results.items():
        mine = _time(result, AUTO.name, FINE)
        counts = result.get("passes")
        if not mine or not isinstance(counts, dict):
            continue
        total = sum(counts.values())
        rate = total * result["bytes"] / mine
        rows.append(
            [
                name,
                f"{result['bytes'] / 1e6:.3g} MB",
                *(f"{counts.get(kind, 0):.3g}" for kind in kinds),
                f"{total:.3g}",
                f"{rate / 1e9:.2g} GB/s",
                f"{rate / result['bandwidth']:.0%} of {result['bandwidth'] / 1e9:.2g}",
            ]
        )
    heads = [f"for the {kind}" if kind != "Hessian" else "for Hessians" for kind in kinds]
    return table(["data", "`X`", *heads, "readings", "rate", "of the bandwidth"], rows)


def _time(result, name, target, what="seconds"):
    figure = (result["entrants"].get(name) or {}).get(target)
    return figure[what] if figure else None


def _peer(result, target):
    value, name = ratio(result, target)
    if name:
        return f"{times(value)} {name}"
    return f"> {times(value)}, all" if np.isfinite(value) else "-"


def _multiple(result, name, target, what="seconds"):
    mine, theirs = (_time(result, each, target, what) for each in (AUTO.name, name))
    if mine and theirs:
        return times(theirs / mine)
    if mine and name in result["out_of_time"]:
        return f"> {times(result['out_of_time'][name] / mine)}"
    if name in result["errors"]:
        return "error"
    above = (result["entrants"].get(name) or {}).get("above")
    return f"ends at {above:.0e}" if above is not None else "-"


def picture(results, path):
    """A dot for each entrant: its time to 1e-6, and to 1e-3 in the second panel."""
    import matplotlib.pyplot as plt

    if not results:
        return
    height = 1.2 + 0.42 * len(results)
    figure, axes = plt.subplots(1, 2, figsize=(11, height), sharey=True, layout="constrained")
    for ax, target in zip(axes, (FINE, COARSE), strict=True):
        for k, name in enumerate([*(p.name for p in PEERS), AUTO.name]):
            points = [
                (_time(result, name, target), -row)
                for row, result in enumerate(results.values())
                if _time(result, name, target)
            ]
            is_ours = name == AUTO.name
            ax.plot(
                *zip(*points, strict=True) if points else ([], []),
                linestyle="none",
                marker="D" if is_ours else "ov^<>sph*X"[k],
                color="black" if is_ours else f"C{k}",
                alpha=1.0 if is_ours else 0.7,
                label="BCEClassifier" if is_ours else name,
            )
        ax.set(xscale="log", xlabel="seconds", title=f"to {float(target):g} of the optimum")
        ax.grid(axis="both", alpha=0.3)
    axes[0].set_yticks([-row for row in range(len(results))], list(results))
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center")
    figure.savefig(path, dpi=150)
    plt.close(figure)
