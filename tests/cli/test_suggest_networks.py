"""Networks of any form that are to be measured first, on the command line."""

from __future__ import annotations

import json

import pytest
from made_up_networks import plain_network

import archcast
from archcast.cli.app import USER_MISTAKE
from archcast.featurize.onnx_model import to_onnx
from archcast.serving.network_adaptation import reference_networks


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path / "home"))


def board():
    return next(d.device for d in archcast.devices("network", runtime="ncnn"))


def test_published_networks_are_written_as_files_to_be_measured(run, tmp_path):
    folder, table = tmp_path / "models", tmp_path / "measured.csv"
    words = ("suggest", "--space", "network", "-n", "3", "--onnx", str(folder), "--source", board())
    done = run(*words, "--csv", str(table), "--json")
    assert done.code == 0, done.err
    paths = [record["arch"] for record in json.loads(done.out)]
    known = reference_networks()
    for path in paths:
        name = path.removeprefix(f"{folder}/").removesuffix(".onnx")
        assert archcast.network(path).summary().macs == known[name].summary().macs
    assert table.read_text().splitlines() == ["arch,value", *(f"{path}," for path in paths)]
    again = run(*words)
    assert again.code == USER_MISTAKE
    assert f"{paths[0]} is there already" in again.err


def test_a_folder_goes_with_published_networks_alone(run, tmp_path):
    file = tmp_path / "net.onnx"
    file.write_bytes(to_onnx(plain_network(8, 12)))
    for words, said in (
        (("--space", "network"), "--space network must have --onnx FOLDER"),
        (("--space", "fbnet", "--onnx", str(tmp_path)), "--onnx goes with --space network"),
        (("--candidate", str(file), "--onnx", str(tmp_path)), "candidates are files already"),
    ):
        done = run("suggest", "-n", "1", *words)
        assert done.code == USER_MISTAKE
        assert said in done.err


def test_published_networks_are_quick_and_of_many_families():
    known = reference_networks()
    assert len(known) > 50
    assert all(network.summary().macs <= 600_000_000 for network in known.values())
    assert {"mobilenetv3_small_wd2", "mnasnet_b1"} & set(known)
