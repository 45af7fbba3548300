"""`archcast score` as users call it."""

import csv
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from made_up_networks import plain_network

import archcast
from archcast.featurize.onnx_model import to_onnx


def test_a_run_and_its_repetition(run, tmp_path):
    words = ("score", "--space", "fbnet", "-d", "raspi4", "--n", "300", "--part-rows", "100", "--json")
    for made in (3, 0):
        done = run(*words, "--to", str(tmp_path / "o"))
        assert done.code == 0, done.err
        told = json.loads(done.out)
        assert (told["rows"], told["parts"], told["made"], told["unit"]) == (300, 3, made, "ms")


def test_mistakes_are_one_sentence(run, tmp_path):
    fbnet = ("--space", "fbnet", "--to", str(tmp_path / "o"))
    for words, told in (
        ((*fbnet, "-d", "raspi4"), "exactly one of --in, --n and --every"),
        ((*fbnet, "-d", "raspi4", "--n", "3", "--every"), "exactly one of --in, --n and --every"),
        ((*fbnet, "-d", "raspi4", "--n", "0"), "n must be a whole number of at least 1"),
        ((*fbnet, "-d", "raspi4", "--n", "3", "--part-rows", "0"), "part_rows"),
        ((*fbnet, "-d", "raspi4", "--n", "3", "--engine", "spark"), "local, ray"),
        ((*fbnet, "-d", "raspi4", "--n", "3", "--address", "auto"), "address is for the engine ray"),
        ((*fbnet, "-d", "nowhere", "--n", "3"), "raspi4"),
        (
            (*fbnet, "-d", "raspi4", "-d", "eyeriss", "--n", "3"),
            "one device must be named for architectures, got 2",
        ),
        ((*fbnet, "--n", "3", "--hardware", "pixel"), "--hardware is for a folder of model files"),
        ((*fbnet, "-d", "raspi4", "--n", "3", "--workers", "2"), "--workers is for a folder of model files"),
        (fbnet[2:], "--space must be given, or a folder of model files as --in"),
    ):
        done = run("score", *words)
        assert done.code == 2
        assert told in done.err
        assert "Traceback" not in done.err
    assert not (tmp_path / "o").exists()


def test_a_file_of_any_kind(run, tmp_path):
    archs = archcast.spaces("nasbench201").format(archcast.spaces("nasbench201").sample(5, seed=0))
    words = (
        "score",
        "--space",
        "nasbench201",
        "-d",
        "raspi4",
        "--part-rows",
        "2",
        "--to",
        str(tmp_path / "o"),
    )
    path = tmp_path / "archs.csv"
    path.write_text("\n".join(["note;Arch", *(f"x;{arch}" for arch in archs)]), encoding="utf-16")
    assert run(*words, "--in", str(path)).code == 0
    parts = [pq.read_table(part) for part in sorted((tmp_path / "o").glob("part-*.parquet"))]
    found = pa.concat_tables(parts)
    assert found["arch"].to_pylist() == archs
    np.testing.assert_array_equal(found["value"].to_numpy(), archcast.predict(archs, "raspi4"))
    path.write_text("\n".join(["arch", *archs, "|none~0|"]))
    done = run(*words[:-1], str(tmp_path / "p"), "--in", str(path))
    assert done.code == 2
    assert "archs.csv' line 7)" in done.err
    done = run(*words, "--in", str(tmp_path / "nowhere.csv"))
    assert "cannot be read" in done.err


def test_exports_in_the_layouts_of_servers(run, tmp_path):
    words = ("export", "--space", "fbnet", "-d", "raspi4", "--to", str(tmp_path / "o"))
    done = run(*words, "--form", "onnx", "--layout", "kserve", "--storage", "s3://here", "--json")
    assert done.code == 0, done.err
    assert "storageUri: s3://here/models" in (tmp_path / "o" / "inferenceservice.yaml").read_text()
    for more, told in (
        (("--layout", "triton"), "for --form onnx"),
        (("--layout", "tf", "--form", "onnx"), "kserve, plain, triton"),
        (("--layout", "triton", "--form", "onnx", "--storage", "s3://a"), "storage is for the layout kserve"),
    ):
        done = run(*words, *more)
        assert done.code == 2
        assert told in done.err


def test_a_folder_of_files(run, tmp_path):
    models = tmp_path / "models"
    models.mkdir()
    (models / "m.onnx").write_bytes(to_onnx(plain_network(8)))
    (models / "bad.onnx").write_bytes(b"hello")
    words = ("score", "--in", str(models), "--to", str(tmp_path / "o"))
    asked = ("--hardware", "pixel 4", "--precision", "int8", "--threads", "1", "--workers", "1")
    done = run(*words, *asked, "--json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert (told["files"], told["refused"], told["made"], told["unit"]) == (1, 1, 2, "ms")
    assert "archcast: bad.onnx is left out: " in done.err
    with (tmp_path / "o" / "costs.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == told["rows"] == told["devices"]
    assert {row["file"] for row in rows} == {"m.onnx"}
    assert all("int8" in row["device"] for row in rows)
    for more, sentence in (
        (("--space", "fbnet", "-d", "raspi4"), "--space is for architectures, and --in names a folder"),
        ((), "devices must be named with -d, or --hardware pixel"),
        (("--hardware", "abacus"), "no device that answers latency of networks fits hardware abacus"),
        ((*asked, "--coverage", "0.8"), "coverage must be 0.9 there, got 0.8"),
    ):
        refused = run(*words, *more)
        assert refused.code == 2
        assert sentence in refused.err
