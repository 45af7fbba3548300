"""Model files on the command line: predictions, explanations, devices."""

import json

import numpy as np
import onnx
import pytest
from made_up_networks import DEVICES, plain_network, save_tiny

import archcast
from archcast.cli.app import USER_MISTAKE
from archcast.core.settings import predictors_dir
from archcast.featurize.onnx_model import to_onnx

PHONE, PHONE_INT8, GPU = DEVICES


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path / "home"))
    save_tiny(predictors_dir() / "tiny")
    return tmp_path


@pytest.fixture
def file(home):
    path = home / "net.onnx"
    path.write_bytes(to_onnx(plain_network(8, 12)))
    return str(path)


def test_a_file_is_predicted_as_the_library_does(run, file):
    done = run("predict", file, "-d", PHONE, "-d", GPU, "--json")
    assert done.code == 0
    records = json.loads(done.out)
    assert [(r["file"], r["device"], r["unit"]) for r in records] == [(file, PHONE, "ms"), (file, GPU, "ms")]
    wanted = archcast.predict([file], [PHONE, GPU])[0]
    np.testing.assert_allclose([r["value"] for r in records], wanted, rtol=1e-4)
    assert all(r["low"] < r["value"] < r["high"] for r in records)


def test_devices_are_asked_by_what_their_names_hold(run, file):
    done = run(
        "predict", file, "--hardware", "pixel4", "--precision", "int8", "--runtime", "tflite", "--json"
    )
    assert done.code == 0
    named = {r["device"] for r in json.loads(done.out)}
    assert PHONE_INT8 in named
    assert all(name.startswith("pixel4") and name.endswith("int8") for name in named)


def test_a_table_for_people_has_notes(run, home):
    path = home / "other.onnx"
    path.write_bytes(to_onnx(plain_network(8, last="Sigmoid")))
    done = run("predict", str(path), "-d", PHONE)
    assert done.code == 0
    assert "Sigmoid in no network it learned from" in done.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "devices must be named with -d, or --hardware pixel"),
        (("--hardware", "abacus"), "no device that answers latency of networks fits hardware abacus"),
        (("-d", PHONE, "02012100"), "must not be mixed, got '02012100'"),
        (("-d", PHONE, "missing.onnx"), "missing.onnx: cannot be read"),
    ],
)
def test_mistakes_are_told_in_one_sentence(run, file, words, told):
    done = run("predict", file, *words)
    assert done.code == USER_MISTAKE
    assert told in done.err
    assert done.err.count("\n") == 1


def test_an_open_side_is_told_with_its_file(run, file, home):
    path = home / "open.onnx"
    model = onnx.load(file)
    for dim, name in zip(model.graph.input[0].type.tensor_type.shape.dim[2:], "hw", strict=True):
        dim.dim_param = name
    onnx.save(model, path)
    assert f"{path}: node" in run("predict", file, str(path), "-d", PHONE).err
    with pytest.raises(archcast.InputError, match="item 1"):
        archcast.predict([file, str(path)], PHONE)


def test_options_of_files_are_refused_for_architectures(run, home):
    done = run("predict", "02012100", "--hardware", "pixel")
    assert done.code == USER_MISTAKE
    assert "are for model files" in done.err


def test_an_explanation_sums_to_the_prediction(run, file):
    done = run("explain", file, "-d", PHONE, "--json")
    assert done.code == 0
    told = json.loads(done.out)
    assert told["value"] == pytest.approx(float(archcast.predict([file], PHONE)[0]), rel=1e-5)
    for rows in (told["kernels"], told["parts"]):
        assert sum(row["value"] for row in rows) == pytest.approx(told["value"])
        assert sum(row["share"] for row in rows) == pytest.approx(1)
    assert {row["kind"] for row in told["kernels"]} >= {"conv_kxk", "start"}


def test_an_explanation_for_people(run, file):
    done = run("explain", file, "-d", PHONE)
    assert done.code == 0
    assert "by part" in done.out
    assert "dearest kernels" in done.out
    assert "no kernel has 1.5 times the share of the cost that it has of the work" in done.out
    assert run("explain", file).code == USER_MISTAKE
    refused = run("explain", file, "-d", PHONE, "--metric", "throughput")
    assert refused.code == USER_MISTAKE
    assert "follows from latency" in refused.err


def test_an_explanation_is_written_and_drawn(run, file, home):
    picture, to = home / "where.svg", home / "where.csv"
    assert run("explain", file, "-d", PHONE, "--plot", str(picture), "--to", str(to)).code == 0
    assert "</svg>" in picture.read_text()
    assert to.read_text().startswith("kind,operators,part,multiply_adds,bytes,value,share")
    refused = run("explain", file, "-d", PHONE, "--method", "exact")
    assert refused.code == USER_MISTAKE
    assert "--method and --predictor must be left out by kernels" in refused.err


def test_a_member_is_explained_by_kernels(run, home):
    done = run("explain", "02012100", "-d", PHONE, "--by", "kernels", "--json")
    assert done.code == 0
    told = json.loads(done.out)
    assert told["value"] == pytest.approx(float(archcast.predict(["02012100"], PHONE)[0]), rel=1e-5)
    assert sum(row["value"] for row in told["kernels"]) == pytest.approx(told["value"])
    shown = run("explain", "02012100", "-d", "galaxy-s10-tflite2.10-1large", "--by", "kernels")
    assert "kernels that are dear for what they compute on this device" in shown.out


def test_devices_are_listed_by_what_their_names_hold(run, home):
    done = run("devices", "--space", "network", "--hardware", "gpu9", "--json")
    assert done.code == 0
    assert {r["device"] for r in json.loads(done.out)} == {GPU}
