"""What goes wrong while a slice is acquired: artefacts of MRI.

Each takes grey values, float32 ``(H, W)`` in [0, 1], how strong it is to be, and its chance; what comes back
may leave [0, 1].
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Grey = NDArray[np.float32]

MOVEMENTS = 2
"""How often the head moves while a slice is acquired."""
BIAS_ORDER = 3
SPIKES = 1


def motion(pixels: Grey, level: float, chance: np.random.Generator) -> Grey:
    """The head moves during the acquisition (TorchIO's ``Motion``; Shaw et al., MIDL 2019).

    Args:
        pixels: the slice.
        level: each movement turns by this many degrees and shifts by this share of the side, in %.
        chance: when it moves, and which way.
    """
    from torchio.transforms import Motion

    signs = chance.choice([-1.0, 1.0], (MOVEMENTS, 3))
    times = np.sort(chance.uniform(0.2, 0.8, MOVEMENTS))
    shift = level / 100 * max(pixels.shape)
    degrees = np.array([[sign * level, 0, 0] for sign in signs[:, 0]])
    translation = np.array([[0, shift * along, shift * down] for _, along, down in signs])
    return _applied(
        Motion(degrees=degrees, translation=translation, times=times, image_interpolation="linear"), pixels
    )


def ghosting(pixels: Grey, level: float, chance: np.random.Generator) -> Grey:
    """Copies of the head along the phase-encoding direction (TorchIO's ``Ghosting``).

    Args:
        pixels: the slice.
        level: what is taken from every third to sixth line of k-space; 0 to 1.
        chance: how many ghosts, and along which axis.
    """
    from torchio.transforms import Ghosting

    ghosts, axis = int(chance.integers(3, 7)), int(chance.integers(1, 3))
    return _applied(Ghosting(num_ghosts=ghosts, axis=axis, intensity=level, restore=0.02), pixels)


def spike(pixels: Grey, level: float, chance: np.random.Generator) -> Grey:
    """Stripes from a spike in k-space: the herringbone artefact (TorchIO's ``Spike``).

    Args:
        pixels: the slice.
        level: height of the spike, as a share of the largest value of k-space.
        chance: where in k-space.
    """
    from torchio.transforms import Spike

    angle, radius = chance.uniform(0, 2 * np.pi, SPIKES), chance.uniform(0.05, 0.2, SPIKES)
    across, down = 0.5 + radius * np.cos(angle), 0.5 + radius * np.sin(angle)
    places = np.stack([np.full(SPIKES, 0.5), across, down], axis=1)
    return _applied(Spike(spikes_positions=places, intensity=level), pixels)


def bias_field(pixels: Grey, level: float, chance: np.random.Generator) -> Grey:
    """Uneven coils: a smooth field that multiplies the slice (TorchIO's ``BiasField``; Van Leemput 1999).

    Args:
        pixels: the slice.
        level: largest coefficient of the polynomial of third order whose exponential the field is.
        chance: the coefficients; the constant one stays 0, so that the whole does not brighten.
    """
    from torchio.transforms import BiasField

    terms = (BIAS_ORDER + 1) * (BIAS_ORDER + 2) * (BIAS_ORDER + 3) // 6
    coefficients = np.r_[0.0, chance.uniform(-level, level, terms - 1)].tolist()
    return _applied(BiasField(coefficients=coefficients, order=BIAS_ORDER), pixels)


def rician_noise(pixels: Grey, level: float, chance: np.random.Generator) -> Grey:
    """Noise of a magnitude image (Gudbjartsson and Patz, MRM 34:910, 1995).

    Args:
        pixels: the slice.
        level: standard deviation in each of the two channels; white is 1.
        chance: the noise.
    """
    real, imaginary = chance.standard_normal((2, *pixels.shape), dtype=np.float32) * np.float32(level)
    noisy: Grey = np.hypot(pixels + real, imaginary)
    return noisy


def blur(pixels: Grey, level: float, chance: np.random.Generator) -> Grey:
    """A Gaussian point spread.

    Args:
        pixels: the slice.
        level: standard deviation in % of the longer side.
        chance: of no use.
    """
    blurred: Grey = ndimage.gaussian_filter(pixels, level / 100 * max(pixels.shape), mode="nearest")
    return blurred


def gamma(pixels: Grey, level: float, chance: np.random.Generator) -> Grey:
    """Another contrast: grey values to a power, e^level or e^−level.

    Args:
        pixels: the slice.
        level: absolute logarithm of the power.
        chance: whether darker or brighter.
    """
    curved: Grey = pixels ** np.float32(np.exp(level * chance.choice([-1.0, 1.0])))
    return curved


def low_resolution(pixels: Grey, level: float, chance: np.random.Generator) -> Grey:
    """A coarse matrix, shown on as many pixels as before.

    Args:
        pixels: the slice.
        level: pixels a side that are acquired, as a share of those shown.
        chance: of no use.
    """
    from PIL import Image

    height, width = pixels.shape
    coarse = max(1, round(width * level)), max(1, round(height * level))
    image = Image.fromarray(pixels).resize(coarse, Image.Resampling.BOX)
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))


def gibbs_ringing(pixels: Grey, level: float, chance: np.random.Generator) -> Grey:
    """Ringing at edges, where k-space is cut off beyond a radius.

    Args:
        pixels: the slice.
        level: share of the radius that is kept; 1 reaches the corners of a square slice.
        chance: of no use.
    """
    spectrum = np.fft.fftshift(np.fft.fft2(pixels))
    rows, columns = np.ogrid[: pixels.shape[0], : pixels.shape[1]]
    middle = [(side - 1) / 2 for side in pixels.shape]
    radius = np.hypot(rows - middle[0], columns - middle[1])
    spectrum[radius > level * max(pixels.shape) * np.sqrt(2) / 2] = 0
    return np.asarray(np.fft.ifft2(np.fft.ifftshift(spectrum)).real, np.float32)


def _applied(transform: Any, pixels: Grey) -> Grey:
    """Apply a transform of TorchIO's in the plane: the slice lies along its second and third axes."""
    import torch

    changed: Grey = transform(torch.from_numpy(np.ascontiguousarray(pixels))[None, None]).numpy()[0, 0]
    return changed
