"""Coefficients that `partial_fit` has learned: written out when somebody asks for them.

That takes as long as it takes to learn some thousand rows where columns are many, and most calls of
`partial_fit` are followed by the next one.
"""

from copy import deepcopy

import numpy as np

from ._linear import as_type

_COEFFICIENTS = ("coef_", "intercept_")


class StreamedCoefficients:
    """``coef_`` and ``intercept_`` of an estimator in the middle of a stream."""

    def __getattr__(self, name):
        if name not in _COEFFICIENTS or "_stream" not in vars(self):
            return super().__getattribute__(name)  # raise again, what a descriptor raised perhaps
        for own, value in zip(_COEFFICIENTS, _written_out(self._stream), strict=True):
            vars(self).setdefault(own, value)
        return vars(self)[name]

    def __dir__(self):
        return {*super().__dir__(), *(_COEFFICIENTS if "_stream" in vars(self) else ())}

    def __setstate__(self, state):
        # `copy.copy` would share what a stream learns in place, and the curves that it goes on.
        if "_stream" in state:
            state = {**state, **{n: deepcopy(state[n]) for n in ("_stream", "loss_curve_")}}
        super().__setstate__(state)


def forget_coefficients(estimator):
    """Forget those written out before: there are others by now."""
    for name in _COEFFICIENTS:
        vars(estimator).pop(name, None)


def _written_out(stream):
    # This brings Numba, which a mere import should not wait for.
    from ._descent import Descent, Rule

    coef, intercept = Descent.from_dict(stream).coefficients(Rule(*stream["rule"]))
    return as_type(np.dtype(stream["dtype"]), coef, intercept)
