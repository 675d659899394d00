"""Each change alone against a closed form or another library, and all of them together by their promises."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as torchvision

from brainmtl.training.augmentation import affine, augment, geometry, resample
from brainmtl.training.recipe import AugmentationPart

SIDE = 33


def chance(seed=0):
    return torch.Generator().manual_seed(seed)


def slices(count=3, side=SIDE, seed=0, low=0.0, high=1.0):
    return torch.rand(count, 1, side, side, generator=chance(seed)) * (high - low) + low


def disc(side, radius, centre=None):
    rows, columns = np.ogrid[:side, :side]
    row, column = centre or ((side - 1) / 2, (side - 1) / 2)
    return torch.from_numpy((rows - row) ** 2 + (columns - column) ** 2 <= radius**2)[None, None].float()


def moved(maps, *, angle=0.0, shear=0.0, scale=1.0, shift=(0.0, 0.0), mirror=False, flip=False):
    count = len(maps)
    matrix = affine(
        torch.full((count,), angle),
        torch.full((count,), shear),
        torch.full((count,), scale),
        torch.tensor([shift] * count),
        torch.full((count,), mirror),
        torch.full((count,), flip),
    )
    return resample(maps, matrix, *maps.shape[2:])


def same(found, expected, atol=1e-5):
    torch.testing.assert_close(found, expected, atol=atol, rtol=0)


@pytest.mark.parametrize("side", [32, 33])
def test_mirror_flip_and_right_angles(side):
    maps = slices(side=side)
    same(moved(maps, mirror=True), maps.flip(3))
    same(moved(maps, flip=True), maps.flip(2))
    same(moved(maps, angle=90.0), maps.rot90(1, (2, 3)))
    same(moved(maps, angle=-90.0), maps.rot90(-1, (2, 3)))
    same(moved(maps, angle=180.0), maps.rot90(2, (2, 3)))


def test_a_shift_by_whole_pixels():
    maps = slices()
    found = moved(maps, shift=(3 / SIDE, 5 / SIDE))
    same(found[..., : SIDE - 5, : SIDE - 3], maps[..., 5:, 3:])
    assert found[..., SIDE - 5 :, :].abs().max() < 1e-5
    assert found[..., :, SIDE - 3 :].abs().max() < 1e-5


@given(angle=st.floats(-180, 180), scale=st.floats(0.5, 2), shear=st.floats(-45, 45))
def test_rotation_scale_and_shear_as_torchvision_has_them(angle, scale, shear):
    maps = slices(1)
    bilinear = InterpolationMode.BILINEAR

    def reference(angle=0.0, scale=1.0, shear=0.0):
        return torchvision.affine(maps, angle, [0, 0], scale, [shear, 0], interpolation=bilinear)

    same(moved(maps, angle=angle), reference(angle=-angle), atol=1e-4)
    same(moved(maps, scale=scale), reference(scale=scale), atol=1e-4)
    same(moved(maps, shear=shear), reference(shear=shear), atol=1e-4)


@given(
    angle=st.floats(-180, 180),
    scale=st.floats(0.5, 2),
    shear=st.floats(-30, 30),
    x=st.floats(-0.3, 0.3),
    y=st.floats(-0.3, 0.3),
    mirror=st.booleans(),
    flip=st.booleans(),
)
def test_everything_together_as_scipy_has_it(angle, scale, shear, x, y, mirror, flip):
    maps = slices(1)
    found = moved(maps, angle=angle, shear=shear, scale=scale, shift=(x, y), mirror=mirror, flip=flip)
    turn, slant = math.radians(angle), math.tan(math.radians(shear))
    matrix = _rows_first(turn, slant, scale, mirror, flip)
    middle = np.full(2, (SIDE - 1) / 2)
    offset = middle + SIDE * np.array([y, x]) - matrix @ middle
    expected = ndimage.affine_transform(
        maps[0, 0].double().numpy(), matrix, offset, order=1, mode="grid-constant"
    )
    np.testing.assert_allclose(found[0, 0].numpy(), expected, atol=2e-4)


def _rows_first(turn, slant, scale, mirror, flip):
    """Rotation after shear after mirror and flip, for (row, column)."""
    columns_first = (
        np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
        @ np.array([[1, slant], [0, 1]])
        @ np.diag([1 - 2 * mirror, 1 - 2 * flip])
        / scale
    )
    return columns_first[::-1, ::-1]


@given(scale=st.floats(0.6, 2), radius=st.floats(15, 30))
def test_a_disc_grows_by_the_square_of_the_scale(scale, radius):
    large = disc(129, radius)
    area = moved(large, scale=scale).sum() / large.sum()
    assert area.item() == pytest.approx(scale**2, rel=0.03)


def test_a_shear_keeps_the_area_of_a_disc():
    large = disc(129, 20)
    assert moved(large, shear=30.0).sum().item() == pytest.approx(large.sum().item(), rel=0.01)


@settings(max_examples=30)
@given(seed=st.integers(0, 999))
def test_slice_and_mask_move_together(seed):
    part = AugmentationPart(
        mirror=0.5, flip=0.5, rotation=180, scale=(0.7, 1.4), shift=0.2, shear=20, crop=48
    )
    shape = disc(64, 12, centre=(25, 40)).repeat(4, 1, 1, 1)
    images, masks = augment(shape, shape, part, chance(seed))
    assert images.shape == masks.shape == (4, 1, 48, 48)
    assert torch.equal(masks, (images > 0.5).float())


def test_everything_off_changes_nothing():
    images, masks = slices(), (slices(seed=1) > 0.5).float()
    found = augment(images, masks, AugmentationPart(), chance())
    assert torch.equal(found[0], images)
    assert torch.equal(found[1], masks)


def test_a_mask_s_shares_become_one_or_nothing():
    shares = torch.tensor([0, 0.2, 0.49, 0.51, 1]).repeat(1, 1, 5, 1)
    _, masks = augment(torch.zeros_like(shares), shares, AugmentationPart(), chance())
    assert masks[0, 0, 0].tolist() == [0, 0, 0, 1, 1]


@given(side=st.integers(33, 48), seed=st.integers(0, 99))
def test_a_crop_alone_is_a_window_of_whole_pixels(side, seed):
    images = torch.arange(side * side).view(1, 1, side, side) / side**2
    found, _ = augment(images, images, AugmentationPart(crop=32), chance(seed))
    start = round(found[0, 0, 0, 0].item() * side**2)
    row, column = divmod(start, side)
    same(found, images[..., row : row + 32, column : column + 32])


def test_crops_reach_every_place():
    images = torch.arange(34 * 34).view(1, 1, 34, 34).repeat(200, 1, 1, 1) / 34**2
    found, _ = augment(images, images, AugmentationPart(crop=32), chance())
    starts = {round(value * 34**2) for value in found[:, 0, 0, 0].tolist()}
    assert starts == {row * 34 + column for row in range(3) for column in range(3)}


@settings(max_examples=30)
@given(
    seed=st.integers(0, 999),
    numbers=st.lists(st.floats(0, 1), min_size=8, max_size=8),
    low=st.floats(0.2, 1),
    high=st.floats(1, 3),
    crop=st.none() | st.integers(32, 40),
)
def test_slices_stay_in_range_and_masks_stay_masks(seed, numbers, low, high, crop):
    mirror, flip, probability, shift, brightness, contrast, gamma, noise = numbers
    part = AugmentationPart(
        mirror=mirror,
        flip=flip,
        probability=probability,
        rotation=180 * shift,
        scale=(low, high),
        shift=shift,
        shear=45 * noise,
        crop=crop,
        brightness=brightness,
        contrast=contrast,
        gamma=3 * gamma,
        noise=noise,
        bias_field=contrast,
    )
    given_images, given_masks = slices(4, 40, seed), (slices(4, 40, seed + 1) > 0.6).float()
    images, masks = augment(given_images, given_masks, part, chance(seed))
    side = crop or 40
    assert images.shape == masks.shape == (4, 1, side, side)
    assert torch.isfinite(images).all()
    assert 0 <= images.min() <= images.max() <= 1
    assert set(masks.unique().tolist()) <= {0.0, 1.0}
    again = augment(given_images, given_masks, part, chance(seed))
    assert torch.equal(again[0], images)
    assert torch.equal(again[1], masks)


def test_each_slice_has_its_own_chance():
    part = AugmentationPart(rotation=30, brightness=0.2)
    one = slices(1).repeat(3, 1, 1, 1)
    images, _ = augment(one, one, part, chance())
    other, _ = augment(one, one, part, chance(1))
    assert not torch.allclose(images[0], images[1], atol=1e-2)
    assert not torch.allclose(images[0], other[0], atol=1e-2)


def test_geometry_stays_in_its_ranges():
    part = AugmentationPart(rotation=20, scale=(0.8, 1.25), shift=0.1, shear=10)
    matrix = geometry(2000, part, chance()).double().numpy()
    linear = matrix[:, :, :2]
    angle = np.degrees(np.arctan2(linear[:, 1, 0], linear[:, 0, 0]))
    scale = 1 / np.hypot(linear[:, 0, 0], linear[:, 1, 0])
    across = (linear[:, :, 0] * linear[:, :, 1]).sum(1) * scale**2
    shear = np.degrees(np.arctan(across))
    for values, most in ((angle, 20), (np.log(scale), np.log(1.25)), (shear, 10), (matrix[:, :, 2], 0.2)):
        assert np.abs(values).max() <= most * 1.0001
        assert np.abs(values).max() > most * 0.95
        assert abs(values.mean()) < most * 0.06
    np.testing.assert_allclose(np.linalg.det(linear), 1 / scale**2, rtol=1e-4)


@pytest.mark.parametrize("name", ["mirror", "flip", "probability"])
def test_shares_are_shares(name):
    part = AugmentationPart(**({"probability": 0.0, "rotation": 40} | {name: 0.3}))
    changed = (geometry(4000, part, chance()) - torch.eye(2, 3)).abs().amax((1, 2)) > 1e-6
    assert changed.float().mean().item() == pytest.approx(0.3, abs=5 * math.sqrt(0.3 * 0.7 / 4000))


def test_brightness_adds_one_number_to_a_slice():
    images = slices(200, 8, low=0.4, high=0.6)
    found, _ = augment(images, images, AugmentationPart(brightness=0.3), chance())
    added = (found - images).flatten(1)
    same(added, added[:, :1].expand_as(added))
    assert 0.28 < added.abs().max() <= 0.3 + 1e-6


def test_contrast_scales_about_the_mean():
    images = slices(200, 8, low=0.4, high=0.6)
    found, _ = augment(images, images, AugmentationPart(contrast=0.5), chance())
    mean = images.mean((2, 3), keepdim=True)
    same(found.mean((2, 3), keepdim=True), mean)
    factor = ((found - mean) / (images - mean)).flatten(1).median(1).values.view(-1, 1, 1, 1)
    same(found, (images - mean) * factor + mean)
    assert 0.5 <= factor.min() < 0.55
    assert 1.45 < factor.max() <= 1.5


def test_gamma_is_a_power():
    images = slices(200, 8, low=0.2, high=0.8)
    found, _ = augment(images, images, AugmentationPart(gamma=0.4), chance())
    power = (found.log() / images.log()).flatten(1)
    torch.testing.assert_close(power, power[:, :1].expand_as(power), atol=1e-3, rtol=1e-3)
    assert math.exp(-0.4) * 0.999 <= power.min() < math.exp(-0.36)
    assert math.exp(0.36) < power.max() <= math.exp(0.4) * 1.001


def test_noise_is_white_and_no_stronger_than_said():
    images = torch.full((60, 1, 64, 64), 0.5)
    found, _ = augment(images, images, AugmentationPart(noise=0.1), chance())
    grain = (found - images).flatten(1)
    strength = grain.std(1)
    assert 0.09 < strength.max() < 0.103
    assert strength.min() < 0.01
    assert (grain.mean(1).abs() < 5 * strength / 64).all()
    neighbours = (grain[:, 1:] * grain[:, :-1]).mean(1) / strength**2
    assert neighbours.abs().max() < 5 / 64


def test_a_bias_field_is_smooth_and_multiplies():
    dim = torch.full((40, 1, 64, 64), 0.2)
    part = AugmentationPart(bias_field=0.1)
    field = (augment(dim, dim, part, chance())[0] / dim).log()
    twice = (augment(2 * dim, dim, part, chance())[0] / (2 * dim)).log()
    same(field, twice)
    assert field.diff(dim=3).abs().max() < 0.1 * 0.4
    assert field.std().item() == pytest.approx(0.1, rel=0.35)
    assert field.mean((1, 2, 3)).abs().max() < 0.1


def test_bf16_does_not_move_a_pixel():
    part = AugmentationPart(rotation=15, scale=(0.8, 1.2), shift=0.1, crop=96)
    images = slices(4, 128)
    expected = augment(images, images, part, chance())
    with torch.autocast("cpu", torch.bfloat16):
        found = augment(images, images, part, chance())
    assert torch.equal(found[0], expected[0])
    assert torch.equal(found[1], expected[1])


@given(seed=st.integers(0, 99), crop=st.sampled_from([None, 32]))
@settings(deadline=None, max_examples=20)
def test_the_channels_of_a_slice_change_alike(seed, crop):
    part = AugmentationPart(
        mirror=0.5, rotation=20, scale=(0.8, 1.2), shift=0.1, shear=5, crop=crop, brightness=0.1,
        contrast=0.2, gamma=0.2, noise=0.05, bias_field=0.1,
    )  # fmt: skip
    alone, masks = slices(side=36, seed=seed), disc(36, 9).repeat(3, 1, 1, 1)
    beside = torch.cat((slices(side=36, seed=seed + 1), alone, alone), dim=1)
    one, one_mask = augment(alone, masks, part, chance(seed))
    three, mask = augment(beside, masks, part, chance(seed))
    assert torch.equal(mask, one_mask)
    assert mask.shape[1] == 1
    same(three[:, 1], three[:, 2])
    same(three[:, 1:2], one)
    assert not torch.allclose(three[:, 0], three[:, 1])
