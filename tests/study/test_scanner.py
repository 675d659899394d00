"""Artefacts of MRI, against MONAI's where it has them, and against what physics says elsewhere."""

import numpy as np
import pytest
from scipy import ndimage

from brainmtl.study import scanner


@pytest.fixture(scope="module")
def head() -> np.ndarray:
    chance = np.random.default_rng(1)
    smooth = ndimage.gaussian_filter(chance.random((64, 48)), 2)
    return ((smooth - smooth.min()) / np.ptp(smooth)).astype(np.float32)


def chance() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.mark.parametrize("kept", [0.9, 0.4, 0.15])
def test_gibbs_ringing_is_monai_s(head, kept):
    from monai.transforms import GibbsNoise

    expected = np.asarray(GibbsNoise(alpha=1 - kept)(head[None]))[0]
    np.testing.assert_allclose(scanner.gibbs_ringing(head, kept, chance()), expected, atol=1e-5)


def test_rician_noise_has_the_moments_of_rayleigh_in_air():
    air = np.zeros((400, 400), np.float32)
    noise = scanner.rician_noise(air, 0.1, chance())
    assert noise.mean() == pytest.approx(0.1 * np.sqrt(np.pi / 2), rel=0.01)
    assert noise.std() == pytest.approx(0.1 * np.sqrt(2 - np.pi / 2), rel=0.02)


def test_ghosts_lie_a_share_of_the_side_away():
    point = np.zeros((60, 60), np.float32)
    point[30, 30] = 1
    ghosts, axis = (int(value) for value in (lambda c: (c.integers(3, 7), c.integers(1, 3)))(chance()))
    found = np.argwhere(np.abs(scanner.ghosting(point, 0.9, chance())) > 0.05)
    along = np.unique((found[:, axis - 1] - 30) % 60)
    np.testing.assert_allclose(along, np.round(np.arange(ghosts) * 60 / ghosts), atol=1)
    assert (found[:, 2 - axis] == 30).all()


def test_motion_keeps_the_mean_and_moves_what_is_off_it(head):
    """The centre of k-space, and so the sum, comes from one position of the head."""
    padded = np.pad(head, 16)
    moved = scanner.motion(padded, 4, chance())
    assert moved.mean() == pytest.approx(padded.mean(), rel=0.02)
    assert np.abs(moved - padded).max() > 0.05


def test_a_spike_adds_one_wave(head):
    added = scanner.spike(head, 0.2, chance()) - head
    strength = np.abs(np.fft.fft2(added))
    peak = np.abs(np.fft.fft2(head)).max() * 0.2
    assert np.sort(strength, axis=None)[-2:] == pytest.approx(peak / 2, rel=0.01)  # and its mirror image
    assert np.sort(strength, axis=None)[-3] < 1e-2 * peak


def test_a_bias_field_is_smooth_and_multiplies():
    ones = np.ones((64, 64), np.float32)
    field = scanner.bias_field(ones, 0.5, chance())
    np.testing.assert_allclose(scanner.bias_field(ones / 2, 0.5, chance()), field / 2, rtol=1e-5)
    rows, columns = np.mgrid[-1:1:64j, -1:1:64j]
    terms = np.stack([rows**a * columns**b for a in range(4) for b in range(4 - a)], -1).reshape(-1, 10)
    _, left, *_ = np.linalg.lstsq(terms, np.log(field).ravel(), rcond=None)
    assert left.sum() < 1e-6


def test_blur_keeps_the_mean_and_removes_detail(head):
    padded = np.pad(head, 32)
    blurred = scanner.blur(padded, 2, chance())
    assert blurred.mean() == pytest.approx(padded.mean(), rel=1e-3)
    assert np.abs(np.diff(blurred)).max() < np.abs(np.diff(padded)).max() / 2


def test_gamma_leaves_black_and_white(head):
    ends = np.array([[0, 0.5, 1]], np.float32)
    changed = scanner.gamma(ends, 1, chance())
    assert (changed[0, 0], changed[0, 2]) == (0, 1)
    assert min(abs(changed[0, 1] - 0.5 ** np.exp(sign)) for sign in (-1, 1)) < 1e-6


def test_low_resolution_of_whole_blocks_shows_their_means():
    chequered = np.kron(np.random.default_rng(0).random((8, 8)), np.ones((4, 4))).astype(np.float32)
    fine = chequered + np.tile([[0.1, -0.1], [-0.1, 0.1]], (16, 16)).astype(np.float32)
    np.testing.assert_allclose(
        scanner.low_resolution(fine, 0.25, chance()),
        scanner.low_resolution(chequered, 0.25, chance()),
        atol=1e-5,
    )
