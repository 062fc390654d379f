"""Methods without learning, on layers mixed here by formulas of this file's own."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ddff_perception.reflection.classical.independence import normalised_mutual_information
from ddff_perception.reflection.classical.independent_components import (
    mixing_matrix,
    reflected_shares,
)
from ddff_perception.reflection.methods import METHODS, method_parameters, separate
from ddff_perception.types import InputError, PolarizedImages

SEARCHING = ("schechner", "kong", "farid_adelson")
SIZE = (256, 320)


def cluttered_scene(rng: np.random.Generator) -> np.ndarray:
    """Occluding discs and boxes of all sizes under 1/f texture: edges as natural images have."""
    height, width = SIZE
    image = np.full(SIZE, rng.uniform(0.1, 0.6), np.float32)
    for _ in range(150):
        radius = int(max(3, 0.35 * height * rng.power(0.5) ** 3))
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        level = float(rng.uniform(0.03, 1) ** 1.5)
        if rng.random() < 0.5:
            cv2.circle(image, centre, radius, level, -1, cv2.LINE_AA)
        else:
            box = cv2.boxPoints((centre, (radius, 2.5 * radius), float(rng.uniform(0, 180))))
            cv2.fillConvexPoly(image, box.astype(np.int32), level)
    white = rng.standard_normal(SIZE).astype(np.float32)
    texture = sum(cv2.GaussianBlur(white, (0, 0), s) * s for s in (1, 3, 9))
    return np.clip(image * (1 + 0.12 * texture / texture.std()), 0.005, 1)


def pane(incidence_deg, index: float = 1.5):
    """(R_s, R_p) of two faces from amplitudes by sine and tangent laws (Fresnel 1823)."""
    incident = np.radians(np.asarray(incidence_deg, float))
    refracted = np.arcsin(np.sin(incident) / index)
    s = (np.sin(incident - refracted) / np.sin(incident + refracted)) ** 2
    p = (np.tan(incident - refracted) / np.tan(incident + refracted)) ** 2
    # Sum of the light that leaves to the front after 0, 1, 2, ... round trips in the pane.
    return tuple(r + (1 - r) ** 2 * r / (1 - r**2) for r in (s, p))


class Mixture:
    """Images through a polarizer, the two layers in them, and the plain mean image."""

    def __init__(self, seed, incidence, axis=15.0, ratio=1.0, noise=0.002, colour=False, **kwargs):
        rng = np.random.default_rng(seed)
        angles = kwargs.get("angles", (0.0, 45.0, 90.0))
        transmitted, reflected = cluttered_scene(rng), ratio * cluttered_scene(rng)
        r_s, r_p = pane(incidence)
        exposure = 0.8 / (transmitted.max() + reflected.max() * np.max(r_s))
        self.transmission = (exposure * (1 - (r_s + r_p) / 2) * transmitted).astype(np.float32)
        self.reflection = (exposure * (r_s + r_p) / 2 * reflected).astype(np.float32)
        images = []
        for angle in angles:
            turn = np.radians(angle - np.asarray(axis))
            s_share = transmitted + r_s * (reflected - transmitted)
            p_share = transmitted + r_p * (reflected - transmitted)
            light = exposure * (s_share * np.cos(turn) ** 2 + p_share * np.sin(turn) ** 2)
            images.append((light + noise * rng.standard_normal(SIZE)).astype(np.float32))
        if colour:
            tint = np.array([0.6, 0.8, 1.0], np.float32)
            images = [image[..., None] * tint for image in images]
            self.transmission = self.transmission[..., None] * tint
            self.reflection = self.reflection[..., None] * tint
        self.plain = self.transmission + self.reflection
        self.images = PolarizedImages(tuple(images), tuple(angles), kwargs.get("known", True))


def psnr(estimate: np.ndarray, truth: np.ndarray) -> float:
    return float(10 * np.log10(truth.max() ** 2 / np.mean((estimate - truth) ** 2)))


@pytest.mark.parametrize("method", SEARCHING)
@pytest.mark.parametrize(
    ("incidence", "ratio", "margin", "axis"),
    [
        (20, 4, 8, 15.0), (35, 1, 8, 80.0), (45, 0.5, 8, 15.0), (56, 2, 10, 80.0),
        (65, 1, 10, 15.0), (75, 0.5, 10, 80.0), (75, 4, 10, 15.0),
    ],
)  # fmt: skip
def test_a_flat_pane_is_separated(method, incidence, ratio, margin, axis):
    mixture = Mixture(incidence, incidence, axis, ratio)
    pair = separate(mixture.images, method)
    before = psnr(mixture.plain, mixture.transmission)
    assert psnr(pair.transmission, mixture.transmission) > before + margin
    # Not swapped: what was found is like its own layer.
    assert psnr(pair.reflection, mixture.reflection) > psnr(pair.transmission, mixture.reflection)
    assert psnr(pair.reflection, mixture.reflection) > 15


@pytest.mark.parametrize("method", SEARCHING)
def test_a_pane_through_noise_and_eight_bits(method):
    mixture = Mixture(5, 56, ratio=3, noise=0.01)
    eight_bit = tuple(
        np.clip(np.rint(255 * image), 0, 255).astype(np.uint8) for image in mixture.images.images
    )
    images = PolarizedImages(eight_bit, mixture.images.angles_deg)
    pair = separate(images, method, {"noise": 0.01})
    gain = psnr(pair.transmission, mixture.transmission)
    gain -= psnr(mixture.plain, mixture.transmission)
    assert gain > 10


@pytest.mark.parametrize("method", SEARCHING)
def test_four_angles_and_an_unknown_offset(method):
    mixture = Mixture(8, 50, axis=70.0, ratio=2, angles=(10.0, 55.0, 100.0, 145.0), known=False)
    pair = separate(mixture.images, method)
    before = psnr(mixture.plain, mixture.transmission)
    assert psnr(pair.transmission, mixture.transmission) > before + 8


@pytest.mark.parametrize("method", SEARCHING)
def test_colour_is_separated_with_one_geometry(method):
    mixture = Mixture(3, 50, ratio=2, colour=True)
    pair = separate(mixture.images, method)
    assert pair.transmission.shape == (*SIZE, 3)
    assert pair.confidence.shape == SIZE
    before = psnr(mixture.plain, mixture.transmission)
    assert psnr(pair.transmission, mixture.transmission) > before + 10


def test_the_darkest_angle_removes_a_bright_reflection_at_brewsters_angle():
    mixture = Mixture(2, 56.3, ratio=6)
    pair = separate(mixture.images, "most_attenuated")
    before = psnr(mixture.plain, mixture.transmission)
    assert psnr(pair.transmission, mixture.transmission) > before + 6
    images = mixture.images.images
    finely = np.radians(np.arange(0, 180, 0.5))
    mean, cosine = (images[0] + images[2]) / 2, (images[0] - images[2]) / 2
    sine = images[1] - mean
    y, x = 100, 150
    curve = mean[y, x] + cosine[y, x] * np.cos(2 * finely) + sine[y, x] * np.sin(2 * finely)
    assert pair.transmission[y, x] == pytest.approx(max(curve.min(), 0), abs=1e-4)


def test_varying_incidence_and_axis_need_the_patchwise_method():
    across = np.linspace(0, 1, SIZE[1])[None] * np.ones((SIZE[0], 1))
    mixture = Mixture(4, 35 + 30 * across, axis=-10 + 20 * across, ratio=2)
    before = psnr(mixture.plain, mixture.transmission)
    gains = {
        method: psnr(separate(mixture.images, method).transmission, mixture.transmission) - before
        for method in ("schechner", "kong")
    }
    assert gains["kong"] > 10
    assert gains["kong"] > gains["schechner"] + 3


@pytest.mark.parametrize("compared", ["gradients", "intensities"])
def test_schechner_finds_the_incidence_with_either_statistic(compared):
    mixture = Mixture(6, 60, ratio=2)
    pair = separate(mixture.images, "schechner", {"compared": compared})
    assert psnr(pair.transmission, mixture.transmission) > 25


@pytest.mark.parametrize(("plane", "axis"), [("level", 20.0), ("upright", 110.0)])
def test_a_named_plane_takes_the_nearer_axis(plane, axis):
    mixture = Mixture(7, 56, axis=axis, ratio=2)
    before = psnr(mixture.plain, mixture.transmission)
    for method in SEARCHING:
        right = separate(mixture.images, method, {"plane": plane})
        assert psnr(right.transmission, mixture.transmission) > before + 8
    other = {"level": "upright", "upright": "level"}[plane]
    wrong = separate(mixture.images, "schechner", {"plane": other})
    assert psnr(wrong.transmission, mixture.transmission) < before + 1


def test_a_named_plane_needs_a_known_angle():
    mixture = Mixture(7, 56, known=False)
    for method in SEARCHING:
        with pytest.raises(InputError, match="plane to search"):
            separate(mixture.images, method, {"plane": "upright"})


@pytest.mark.parametrize("method", METHODS)
def test_layers_are_not_negative_and_add_up_to_the_mean_over_all_angles(method):
    mixture = Mixture(9, 40, ratio=4, noise=0.02)
    pair = separate(mixture.images, method)
    mean = (mixture.images.images[0] + mixture.images.images[2]) / 2
    assert pair.transmission.dtype == pair.reflection.dtype == np.float32
    assert pair.transmission.min() >= 0
    assert pair.reflection.min() >= 0
    strayed = pair.transmission + pair.reflection - np.maximum(mean, 0)
    if method == "network":
        # It takes noise out of the layers: their sum strays by less than the mean's own noise, and
        # nowhere by more than that noise does in 80,000 pixels.
        noise = 0.02 / 2**0.5
        assert strayed.std() < noise / 2 and abs(strayed.mean()) < noise / 10
        assert np.abs(strayed).max() < 4.5 * noise
    else:
        assert np.abs(strayed).max() < 1e-5


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("level", [0, 90, 255])
@pytest.mark.parametrize("shape", [(40, 56), (40, 56, 3), (3, 2), (1, 1)])
def test_uniform_images_without_polarization_are_all_transmission(method, level, shape):
    images = PolarizedImages((np.full(shape, level, np.uint8),) * 3, (0.0, 45.0, 90.0))
    pair = separate(images, method)
    np.testing.assert_allclose(pair.transmission, level / 255, atol=1e-5)
    np.testing.assert_allclose(pair.reflection, 0, atol=1e-5)
    if pair.confidence is not None and method in ("guarded", "network"):
        # That of the transmission, which is sure unless it is saturated.
        assert np.all(pair.confidence > 0.9 if level < 255 else pair.confidence == 0)
    elif pair.confidence is not None:
        assert np.all(pair.confidence == 0)


@pytest.mark.parametrize("method", SEARCHING)
def test_noise_alone_is_no_polarization(method):
    rng = np.random.default_rng(0)
    scene = cluttered_scene(rng) * 0.8
    noisy = tuple((scene + 0.004 * rng.standard_normal(SIZE)).astype(np.float32) for _ in range(3))
    pair = separate(PolarizedImages(noisy, (0.0, 45.0, 90.0)), method, {"noise": 0.005})
    np.testing.assert_allclose(pair.transmission, np.maximum((noisy[0] + noisy[2]) / 2, 0), 1e-4)
    assert np.all(pair.confidence == 0)


@pytest.mark.parametrize("method", SEARCHING)
def test_evenly_polarized_light_leaves_finite_layers(method):
    images = tuple(np.full((48, 64), level, np.float32) for level in (0.6, 0.5, 0.3))
    pair = separate(PolarizedImages(images, (0.0, 45.0, 90.0)), method)
    for layer in (pair.transmission, pair.reflection, pair.confidence):
        assert np.isfinite(layer).all()


@pytest.mark.parametrize("method", SEARCHING)
def test_saturated_pixels_have_no_confidence(method):
    mixture = Mixture(1, 56, ratio=2)
    clipped = [np.clip(np.rint(image * 65535), 0, 65535) for image in mixture.images.images]
    clipped = [image.astype(np.uint16) for image in clipped]
    clipped[1][40:60, 50:90] = 65535
    pair = separate(PolarizedImages(tuple(clipped), (0.0, 45.0, 90.0)), method)
    assert np.all(pair.confidence[40:60, 50:90] == 0)
    assert np.median(pair.confidence) > 0.5


def test_confidence_falls_with_the_noise():
    mixture = Mixture(1, 30, ratio=1)
    low, high = (
        separate(mixture.images, "schechner", {"noise": noise}).confidence.mean()
        for noise in (0.001, 0.01)
    )
    assert high < 0.6 * low


def test_bad_settings_are_refused():
    mixture = Mixture(1, 30)
    with pytest.raises(InputError, match="there are: guarded, most_attenuated"):
        separate(mixture.images, "unknown")
    with pytest.raises(InputError, match="min_incidence 60 must not exceed max_incidence 50"):
        separate(mixture.images, "schechner", {"min_incidence": 60.0, "max_incidence": 50.0})
    with pytest.raises(InputError, match="refractive_index"):
        separate(mixture.images, "kong", {"refractive_index": 0.5})
    for name in METHODS:
        method_parameters(name).complete()


def test_mutual_information_of_copies_and_of_strangers():
    rng = np.random.default_rng(0)
    first, second = rng.standard_normal((2, 200, 200)).astype(np.float32)
    assert normalised_mutual_information(first, 3 - 2 * first) > 0.95
    assert normalised_mutual_information(first, second) < 0.02
    assert normalised_mutual_information(first, np.ones_like(first)) == 1


@pytest.mark.parametrize("shape", ["sparse", "flat"])
def test_components_of_a_known_mixture(shape):
    rng = np.random.default_rng(1)
    draw = rng.laplace if shape == "sparse" else rng.uniform
    sources = draw(-1 if shape == "flat" else 0, 1, (2, 200_000))
    shares = np.array([[0.26, 0.74], [0.02, 0.98]])
    mixed = (shares @ sources).astype(np.float32)
    along, across = reflected_shares(mixing_matrix(*mixed), either_axis=True)
    assert (along, across) == pytest.approx((0.26, 0.02), abs=0.02)
    assert mixing_matrix(mixed[0], 2 * mixed[0]) is None
