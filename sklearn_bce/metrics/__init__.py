"""How good probabilities are, for hard labels and soft ones.

Labels y are numbers in [0, 1]. A soft label with weight w counts as two hard ones: 1 with the
weight w y, and 0 with the weight w (1 - y). So do all of these functions; in nats where they have
a unit. The scorers are objects for ``scoring=``; they are not known to scikit-learn by name.
With metadata routing, request weights of a copy, since the request changes the scorer itself:
``copy.deepcopy(neg_soft_log_loss).set_score_request(sample_weight=True)``.
"""

from ._calibration import expected_calibration_error
from ._information import entropy, information_gain, kl_divergence
from ._losses import binary_cross_entropy, expected_accuracy, soft_brier_score, soft_log_loss
from ._soften import (
    neg_soft_brier_score,
    neg_soft_log_loss,
    soft_average_precision,
    soft_roc_auc,
    soften,
)

__all__ = [
    "binary_cross_entropy",
    "entropy",
    "expected_accuracy",
    "expected_calibration_error",
    "information_gain",
    "kl_divergence",
    "neg_soft_brier_score",
    "neg_soft_log_loss",
    "soft_average_precision",
    "soft_brier_score",
    "soft_log_loss",
    "soft_roc_auc",
    "soften",
]
