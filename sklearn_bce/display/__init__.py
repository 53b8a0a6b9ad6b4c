"""Pictures that scikit-learn does not have, as displays in its manner.

ROC, precision-recall and DET curves and confusion matrices are scikit-learn's own. All displays
need matplotlib, which is imported when something is drawn.
"""

from ._coefficients import CoefficientDisplay
from ._gain_lift import GainLiftDisplay
from ._loss_curve import LossCurveDisplay
from ._regularization_path import RegularizationPathDisplay
from ._reliability import ReliabilityDisplay
from ._threshold import ThresholdDisplay

__all__ = [
    "CoefficientDisplay",
    "GainLiftDisplay",
    "LossCurveDisplay",
    "RegularizationPathDisplay",
    "ReliabilityDisplay",
    "ThresholdDisplay",
]
