"""Which examples in docstrings are run."""

from importlib.util import find_spec

# They need what scikit-learn has from version 1.9 on.
collect_ignore = [] if find_spec("sklearn.callback") else ["sklearn_bce/callbacks.py"]
