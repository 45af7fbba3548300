"""`--notation`: what others wrote goes in as it is."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import archcast
from archcast.cli.app import USER_MISTAKE

CELL = "|avg_pool_3x3~0|+|skip_connect~0|none~1|+|nor_conv_1x1~0|avg_pool_3x3~1|nor_conv_1x1~2|"
THEIRS = (4, 0, 3, 1, 4, 3)
YAML = """encoder-embed-dim-subtransformer: 512 # the fastest
decoder-embed-dim-subtransformer: 512

encoder-ffn-embed-dim-all-subtransformer: [3072, 3072, 3072, 3072, 3072, 3072]
decoder-ffn-embed-dim-all-subtransformer: [3072]

encoder-layer-num-subtransformer: 6
decoder-layer-num-subtransformer: 1

encoder-self-attention-heads-all-subtransformer: [8, 8, 4, 8, 4, 8]
decoder-self-attention-heads-all-subtransformer: [4]
decoder-ende-attention-heads-all-subtransformer: [8]
decoder-arbitrary-ende-attn-all-subtransformer: [1]
"""


@pytest.fixture
def keyed(tmp_path: Path) -> str:
    path = tmp_path / "results.json"
    path.write_text(json.dumps({str(THEIRS): {"latency": 9.5}, "(2, 2, 2, 2, 2, 2)": {"latency": 90.0}}))
    return str(path)


def test_arguments_and_files_are_read(run, keyed) -> None:
    value = float(archcast.predict([CELL], "raspi4")[0])
    for words in ((str(THEIRS),), ("-f", keyed)):
        done = run("predict", *words, "--notation", "naslib", "-d", "raspi4", "--json")
        assert done.code == 0
        assert json.loads(done.out)[0]["arch"] == CELL
        assert json.loads(done.out)[0]["value"] == pytest.approx(value, abs=1e-5)
    done = run("features", "-f", keyed, "--notation", "naslib", "--json")
    assert json.loads(done.out)[0]["feature"] == "params"


def test_a_file_of_a_transformer(run, tmp_path) -> None:
    path = tmp_path / "hat.yml"
    path.write_text(YAML)
    done = run("features", "-f", str(path), "--notation", "hat_yaml", "--json")
    assert done.code == 0
    (record,) = [r for r in json.loads(done.out) if r["feature"] == "params"]
    assert 30_465_536 in record.values()
    done = run("features", "-f", str(path))
    assert done.code == USER_MISTAKE
    assert 'notation="hat_yaml"' in done.err


def test_without_it_the_form_and_the_place_are_named(run, keyed) -> None:
    done = run("predict", "-f", keyed, "-d", "raspi4")
    assert done.code == USER_MISTAKE
    assert "looks like NASLib's numbers of operations" in done.err
    assert f"{keyed!r} item 0" in done.err
    done = run("predict", "-f", keyed, "--notation", "nni", "-d", "raspi4")
    assert done.code == USER_MISTAKE
    assert f"as nni is read (file {keyed!r} item 0)" in done.err
    done = run("predict", "12804", "-d", "raspi4")
    assert "(--notation index)" in done.err


def test_adapt_suggest_best_and_search_take_it(run, tmp_path) -> None:
    space = archcast.spaces("nasbench201")
    index = [7, 30, 12804, 1462, 99]
    cells = space.format(space.from_index(index))
    values = archcast.predict(cells, "raspi4")
    samples, plain = tmp_path / "samples.csv", tmp_path / "plain.txt"
    samples.write_text("arch,value\n" + "".join(f"{i},{v}\n" for i, v in zip(index, values, strict=True)))
    plain.write_text("\n".join(map(str, index)) + "\n")
    done = run("adapt", "-d", "b", "--samples", str(samples), "--notation", "index", "--no-track", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["measurements"] == len(index)
    done = run("suggest", "--space", "nasbench201", "-n", "2", "--samples", str(plain), "--notation", "index")
    assert done.code == 0, done.err
    done = run(
        *("best", "--space", "nasbench201", "--labels", str(tmp_path / "labels.csv"), "--add", "--json"),
        *("--candidates", str(plain), "--notation", "index", "-n", "5"),
    )
    assert {record["arch"] for record in json.loads(done.out)} == set(cells)
    done = run(
        *("search", "--space", "nasbench201", "--minimize", "latency@raspi4", "--start", str(plain)),
        *("--notation", "index", "-n", "5", "--population", "5", "--no-track", "--json"),
    )
    assert done.code == 0, done.err
    assert json.loads(done.out)[0]["arch"] in cells


@pytest.mark.parametrize(
    "words",
    [
        ("explain", "12804", "--notation", "index", "-d", "raspi4"),
        ("estimate", "12804", "--notation", "index", "-t", "roofline:peak_gmacs=50,bandwidth_gbs=5"),
        (
            "estimate",
            "--archs",
            "FILE",
            "--space",
            "nasbench201",
            "--notation",
            "naslib",
            "-t",
            "eyeriss-like",
        ),
    ],
)
def test_one_network_is_explained_and_estimated(run, keyed, words) -> None:
    done = run(*(keyed if word == "FILE" else word for word in words), "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    own = found["arch"] if words[0] == "explain" else found[0]["arch"]
    space = archcast.spaces("nasbench201")
    indexed = space.format(archcast.parse([12804], notation="index"))[0]
    assert own == (CELL if "naslib" in words else indexed)


def test_a_column_is_scored(run, tmp_path) -> None:
    table = pa.table({"op_indices": [list(THEIRS), [2] * 6]})
    pq.write_table(table, tmp_path / "theirs.parquet")
    words = (
        "score",
        "--space",
        "nasbench201",
        "-d",
        "raspi4",
        "--column",
        "op_indices",
        "--notation",
        "naslib",
    )
    done = run(*words, "--in", str(tmp_path / "theirs.parquet"), "--to", str(tmp_path / "out"))
    assert done.code == 0, done.err
    (part,) = (tmp_path / "out").glob("part-*.parquet")
    found = pq.read_table(part)
    assert found["value"].to_numpy()[0] == archcast.predict([CELL], "raspi4")[0]
    assert found["arch"].to_pylist() == [list(THEIRS), [2] * 6]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("score", "--space", "nasbench201", "-d", "raspi4", "--n", "3", "--to", "o"), "goes with --in"),
        (("estimate", "--space", "nasbench201", "-t", "eyeriss-like", "--n", "3"), "goes with --archs"),
        (("estimate", "--space", "nasbench201", "-t", "eyeriss-like", "--every"), "goes with architectures"),
        (("collect", "host", "--space", "nasbench201", "--n", "3"), "goes with --archs"),
        (("collect", "host", "--onnx", "m.onnx"), "goes with networks of a space"),
        (("collect", "host", "--space", "fbnet", "--archs", "FILE"), "notation of fbnet must be one of"),
        (("collect", "accuracy", "--space", "nasbench201", "--n", "3"), "goes with --archs"),
    ],
)
def test_a_notation_without_what_it_is_of_is_refused(run, keyed, words, said) -> None:
    done = run(*(keyed if word == "FILE" else word for word in words), "--notation", "naslib")
    assert done.code == USER_MISTAKE
    assert said in done.err
    assert "Traceback" not in done.err


def test_what_was_loaded_reads_them_too() -> None:
    loaded = archcast.load("raspi4", space="nasbench201")
    own, theirs = [CELL], [THEIRS]
    assert loaded.predict(theirs, notation="naslib") == loaded.predict(own)
    low, high = loaded.predict_interval(theirs, notation="naslib")
    assert (low, high) == loaded.predict_interval(own)
    assert loaded.notes(theirs, notation="naslib") == loaded.notes(own)


def test_a_list_of_indices_in_a_file_is_so_many_networks(run, tmp_path) -> None:
    path = tmp_path / "indices.json"
    path.write_text("[12804, 77, 0]")
    done = run("predict", "-f", str(path), "--notation", "index", "-d", "raspi4", "--json")
    assert done.code == 0, done.err
    assert len(json.loads(done.out)) == 3
    done = run("predict", "-f", str(path), "-d", "raspi4")
    assert done.code == USER_MISTAKE
    assert 'an index with notation="index"' in done.err
