"""The order of the examples in the gallery."""


class QuickstartFirst:
    """Sort key of sphinx-gallery: the quickstart, then the others by name."""

    def __init__(self, src_dir):
        self.src_dir = src_dir

    def __call__(self, filename):
        return filename != "plot_quickstart.py", filename
