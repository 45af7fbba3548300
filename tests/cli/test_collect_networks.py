"""`archcast collect` of model files and modules."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from onnx_files import image_model, text_model

from archcast.collect.networks import NetworkStore

QUICK = ("--rounds", "2", "--runs", "1", "--json")


def test_files_are_run_and_kept_and_equal_ones_only_once(run, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    image_model(folder / "image.onnx")
    text_model(folder / "text.onnx", strip=True)
    words = ("collect", "host", "--onnx", str(folder / "image.onnx"), *QUICK)
    first = run(*words)
    assert first.code == 0, first.err
    assert json.loads(first.out)["rows"][0]["network"] == str(folder / "image.onnx")
    image_model(folder / "twin.onnx", names="_b")
    (folder / "broken.onnx").write_text("no model")
    text = run("collect", "host", "--onnx", f"{folder}/*.onnx", "--bind", "tokens=7", *QUICK)
    assert text.code == 0, text.err
    told = json.loads(text.out)
    assert (told["measured"], told["failed"]) == (1, 0)
    assert text.err.count("left out") == 3
    again = run("collect", "host", "--onnx", f"{folder}/*.onnx", *QUICK)
    assert again.code == 0, again.err
    assert (json.loads(again.out)["measured"], json.loads(again.out)["had already"]) == (0, 1)
    left_out = [line for line in again.err.splitlines() if "left out" in line]
    assert len(left_out) == 2
    assert "broken.onnx" in again.err
    assert "text.onnx" in again.err
    listed = json.loads(run("data", "networks", "--json").out)
    assert [Path(found["network"]).name for found in listed] == ["image.onnx", "text.onnx"]
    assert [found["weights"] for found in listed] == ["of the file", "random"]
    assert sorted(found["key"] for found in listed) == list(NetworkStore().keys())
    (shown,) = json.loads(run("data", "show", "store", "--json").out)
    assert (shown["space"], shown["metric"], shown["ok"]) == ("network", "latency", 2)


def test_a_module_is_run(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "from torch import nn\n\ndef tiny():\n    return nn.Sequential(nn.Linear(4, 3), nn.ReLU())\n"
    (tmp_path / "tiny_nets.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    words = ("--torch", "tiny_nets:tiny", "--example", "2x4", "--metric", "memory", "--json")
    done = run("collect", "host", *words)
    assert done.code == 0, done.err
    (row,) = json.loads(done.out)["rows"]
    assert (row["network"], row["status"]) == ("tiny_nets:tiny", "ok")
    assert len(NetworkStore().read(row["arch"]).nodes) >= 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "either --space, --onnx or --torch must say which"),
        (("--onnx", "/nowhere/*.onnx"), "there is none at '/nowhere/*.onnx'"),
        (("--onnx", "x", "--space", "macro"), "--space goes with networks of a space"),
        (("--onnx", "x", "--n", "3"), "--n goes with networks of a space"),
        (("--space", "macro", "--n", "1", "--bind", "a=1"), "--bind goes with --onnx or --torch"),
        (("--onnx", "x", "--example", "1x3"), "--example goes with --torch"),
        (("--torch", "a:b", "--batch", "1"), "--batch goes with --onnx"),
        (("--torch", "a:b"), "--example must give the shape"),
        (("--onnx", "x", "--batch", "8"), "--batch must be 1 as the device this-host-ort-1t says, got 8"),
    ],
)
def test_mistakes_are_one_sentence(run, words: tuple[str, ...], said: str) -> None:
    done = run("collect", "host", *words)
    assert done.code == 2
    assert said in done.err
    assert done.err.count("\n") == 1


def test_boards_take_the_same_words(run) -> None:
    for words in (("remote", "--host", "ssh://a", "-d", "pi-ort-1t"), ("farm", "/nowhere.toml")):
        done = run("collect", *words, "--onnx", "/nowhere.onnx")
        assert done.code == 2
        assert "nowhere" in done.err
