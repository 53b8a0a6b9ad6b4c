"""The axes that a display draws on, the style that the user asks for; matplotlib comes late."""


def require_matplotlib(caller):
    """Raise an ImportError that says what to install if there is no matplotlib."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"{caller} needs matplotlib, which is not installed: pip install matplotlib."
        ) from error


def axes_of(display, ax, n_rows=1):
    """Return ``ax``, or new axes (an array of them, one below the other, if ``n_rows`` > 1)."""
    require_matplotlib(f"{type(display).__name__}.plot")
    if ax is None:
        import matplotlib.pyplot as plt

        _, ax = plt.subplots(n_rows, sharex=True, layout="constrained")
    return ax


def styled(defaults, given, artist="Line2D"):
    """Merge the user's style into the defaults; ``c`` is ``color`` and ``lw`` is ``linewidth``."""
    from matplotlib import collections, lines, patches
    from matplotlib.cbook import normalize_kwargs

    kinds = {
        "Line2D": lines.Line2D,
        "Patch": patches.Patch,
        "Collection": collections.Collection,
    }
    return {**defaults, **normalize_kwargs(given or {}, kinds[artist])}


def twin_below(ax):
    """Return a second y-axis on the right whose content lies behind that of ``ax``."""
    twin = ax.twinx()
    twin.set_zorder(ax.get_zorder() - 1)
    ax.patch.set_visible(False)
    return twin
