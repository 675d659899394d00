"""The balancing that a recipe names."""

from brainmtl.training.balancing.average import DynamicWeightAverage
from brainmtl.training.balancing.balancing import Balancing
from brainmtl.training.balancing.combination import aligned_mtl, cagrad, pcgrad
from brainmtl.training.balancing.gradnorm import GradNorm
from brainmtl.training.balancing.uncertainty import Uncertainty
from brainmtl.training.recipe import BalancingPart


def make_balancing(part: BalancingPart) -> Balancing:
    """Build a balancing at its start.

    Args:
        part: name and settings.
    """
    match part.name:
        case "fixed":
            return Balancing()
        case "uncertainty":
            return Uncertainty()
        case "dwa":
            return DynamicWeightAverage(part.temperature)
        case "gradnorm":
            return GradNorm(part.asymmetry, part.rate)
        case "pcgrad":
            return pcgrad()
        case "aligned-mtl":
            return aligned_mtl()
        case "cagrad":
            return cagrad(part.radius)
