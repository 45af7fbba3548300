import numpy as np
import pytest
from PIL import Image

from archcast.collect.accuracy import TrainingProtocol
from archcast.collect.accuracy.images import load_images
from archcast.core.errors import InputError

SHAPE = (1, 8)


def digits(**settings):
    return load_images("digits", TrainingProtocol(**settings), shape=SHAPE, classes=10)


def rows(images):
    return {row.tobytes() for row in images.pixels}


def test_digits_are_split_into_parts_that_share_no_image():
    data = digits(noise=0.0, train_images=0)
    counts = [len(part.labels) for part in (data.train, data.stop, data.test)]
    assert counts == [719, 180, 898]
    assert sum(counts) == 1797
    sets = [rows(part) for part in (data.train, data.stop, data.test)]
    assert sum(map(len, sets)) == len(sets[0] | sets[1] | sets[2]) == 1797
    assert data.train.pixels.shape == (719, 1, 8, 8)
    assert data.train.pixels.dtype == np.float32
    assert abs(data.train.pixels.mean()) < 1e-4
    assert abs(data.train.pixels.std() - 1) < 1e-4
    assert data.facts()["stopping_images"] == 180


def test_fewer_images_for_training_leave_the_other_parts_as_they_are():
    few, many = digits(noise=0.0, train_images=50), digits(noise=0.0, train_images=0)
    assert len(few.train.labels) == 50
    np.testing.assert_array_equal(few.train.labels, many.train.labels[:50])
    np.testing.assert_array_equal(few.test.labels, many.test.labels)
    assert few.sha256 != many.sha256


def test_noise_and_split_follow_their_seed():
    assert digits().sha256 == digits().sha256
    assert digits(split_seed=1).sha256 != digits().sha256
    clean, noisy = digits(noise=0.0), digits(noise=0.5)
    spread = [part.train.pixels.std(axis=0).min() for part in (clean, noisy)]
    assert spread[0] < 1e-4  # the corner of a digit is always empty
    assert spread[1] > 0.5


def write_folder(folder, side=10):
    for label, name in enumerate(("cats", "dogs")):
        (folder / name).mkdir()
        for i in range(20):
            value = 200 * label + i
            Image.fromarray(np.full((side, side, 3), value, np.uint8)).save(folder / name / f"{i:02}.png")
    (folder / "notes.txt").write_text("not a class")
    (folder / "cats" / "notes.txt").write_text("not an image")


def test_a_folder_is_read_by_class_and_resized(tmp_path):
    write_folder(tmp_path)
    protocol = TrainingProtocol(noise=0.0, train_images=0)
    data = load_images(str(tmp_path), protocol, shape=(3, 8), classes=10)
    assert [len(part.labels) for part in (data.train, data.stop, data.test)] == [16, 4, 20]
    assert data.test.pixels.shape == (20, 3, 8, 8)
    np.testing.assert_array_equal(data.test.pixels[:, 0, 0, 0] > 0, data.test.labels == 1)


def test_faulty_folders_are_named(tmp_path):
    with pytest.raises(InputError, match="found no image"):
        load_images(str(tmp_path), TrainingProtocol(), shape=SHAPE, classes=10)
    write_folder(tmp_path)
    (tmp_path / "dogs" / "bad.png").write_text("no picture")
    with pytest.raises(InputError, match=r"bad\.png cannot be read as an image"):
        load_images(str(tmp_path), TrainingProtocol(), shape=SHAPE, classes=10)


MODULE = """
import torch
from torch.utils.data import TensorDataset

def make(n, first, channels=1):
    images = (torch.arange(n) + first).float()[:, None, None, None].expand(n, channels, 8, 8)
    return TensorDataset(images, torch.arange(n) % 10)

def two():
    return make(100, 0), make(30, 1000)

def three():
    return make(100, 0), make(20, 500), make(30, 1000)

def one():
    return make(100, 0)

def colour():
    return make(100, 0, 3), make(30, 1000, 3)

def labels():
    return [(image, 12) for image, _ in make(30, 0)], make(30, 0)

def pairs():
    return [1, 2, 3], [4, 5]

number = 3
"""


@pytest.fixture
def own_module(tmp_path, monkeypatch):
    name = f"own_images_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    return name


@pytest.mark.parametrize(("function", "counts"), [("two", [90, 10, 30]), ("three", [100, 20, 30])])
def test_the_last_part_of_a_function_is_for_testing(own_module, function, counts):
    protocol = TrainingProtocol(noise=0.0, train_images=0)
    data = load_images(f"{own_module}:{function}", protocol, shape=SHAPE, classes=10)
    assert [len(part.labels) for part in (data.train, data.stop, data.test)] == counts
    assert data.test.pixels.min() > data.stop.pixels.max()


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("one", "must return the data sets"),
        ("colour", "must be 1 x 8 x 8 here, got 3 x 8 x 8"),
        ("labels", "must be 0 to 9 for these networks, got 12"),
        ("pairs", "must hold pairs of image and label"),
        ("number", "must name a function, got 3"),
        ("missing", "must name a function that can be imported"),
    ],
)
def test_faulty_functions_are_named(own_module, function, message):
    with pytest.raises(InputError, match=message):
        load_images(f"{own_module}:{function}", TrainingProtocol(), shape=SHAPE, classes=10)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "nowhere",
            "data must be digits, shapes, a folder of images or package.module:function, got 'nowhere'",
        ),
        ("no.such.module:make", "must name a function that can be imported"),
    ],
)
def test_unknown_data_lists_what_there_is(name, message):
    with pytest.raises(InputError, match=message):
        load_images(name, TrainingProtocol(), shape=SHAPE, classes=10)


def test_digits_do_not_fit_networks_of_another_shape():
    with pytest.raises(InputError, match="images of digits must be 3 x 32 x 32 here, got 1 x 8 x 8"):
        load_images("digits", TrainingProtocol(), shape=(3, 32), classes=10)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"seeds": 0}, "seeds must be at least 1, got 0"),
        ({"patience": 0}, "patience must be at least 1"),
        ({"batch_size": 3}, "batch_size must be at least 4"),
        ({"noise": float("nan")}, "noise must be 0 or more, got nan"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
        ({"test_share": 1.0}, "test_share must be between 0 and 1"),
        ({"test_share": 0.6, "stop_share": 0.4}, "together must be below 1, got 1.0"),
    ],
)
def test_impossible_protocols_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        TrainingProtocol(**settings)
