"""`--notation`: what others wrote goes in as it is."""

import json
from pathlib import Path

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
