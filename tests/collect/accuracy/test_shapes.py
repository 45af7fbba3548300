import numpy as np
import pytest

from archcast.collect.accuracy import TrainingProtocol, shapes
from archcast.collect.accuracy.images import load_images
from archcast.collect.accuracy.shapes import PATCH, SHAPES, SIDE, TEXTURES, drawn, patches, shape_images

CLASSES = len(SHAPES) * len(TEXTURES)


@pytest.fixture(scope="module", autouse=True)
def fewer():
    """A sixth of the images; all take seconds to draw."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shapes, "N_IMAGES", 2000)
        yield


@pytest.fixture(scope="module")
def made(fewer):
    return shape_images()


def test_every_call_gives_the_same_images_of_all_classes(made):
    pixels, labels = made
    assert pixels.shape == (2000, 16, 8, 8)
    assert pixels.dtype == np.float32
    assert pixels.min() >= 0
    assert pixels.max() <= 1
    np.testing.assert_array_equal(np.bincount(labels), [200] * CLASSES)
    again, names = shape_images()
    np.testing.assert_array_equal(again, pixels)
    np.testing.assert_array_equal(names, labels)


def test_no_two_images_are_alike(made):
    pixels, _ = made
    assert len({image.tobytes() for image in pixels}) == len(pixels)


def test_patches_hold_every_pixel_where_it_was():
    images = np.arange(2 * SIDE * SIDE, dtype=np.float32).reshape(2, SIDE, SIDE)
    cut = patches(images)
    for row, column in ((0, 0), (5, 9), (31, 31), (30, 2)):
        channel = row % PATCH * PATCH + column % PATCH
        np.testing.assert_array_equal(cut[:, channel, row // PATCH, column // PATCH], images[:, row, column])


def test_a_shape_is_bright_and_its_texture_tells_the_class():
    """Means over many images of a class show its shape; a ring is open, a disc is not."""
    rng = np.random.default_rng(0)
    mean = {name: drawn(np.full(400, 2 * i), rng).mean(axis=0) for i, name in enumerate(SHAPES)}
    middle, corner = (slice(14, 18), slice(14, 18)), (slice(0, 3), slice(0, 3))
    for name in ("disc", "square", "triangle", "cross"):
        assert mean[name][middle].mean() > mean[name][corner].mean() + 0.1
    assert mean["ring"][middle].mean() < mean["disc"][middle].mean() - 0.1
    stripes, checks = (drawn(np.full(400, texture), rng) for texture in range(2))
    turns = [np.abs(np.diff(np.sign(images - 0.6), axis=1)).mean() for images in (stripes, checks)]
    assert turns[1] > 1.3 * turns[0]


def test_networks_of_skipnet_read_them(made, monkeypatch):
    monkeypatch.setattr("archcast.collect.accuracy.sources.shape_images", lambda: made)
    protocol = TrainingProtocol(noise=0.0, train_images=20)
    data = load_images("shapes", protocol, shape=(16, 8), classes=CLASSES)
    assert data.train.pixels.shape == (20, 16, 8, 8)
    assert data.facts()["name"] == "shapes"
