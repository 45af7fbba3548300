"""`archcast score` as users call it."""

import json


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
    ):
        done = run("score", *words)
        assert done.code == 2
        assert told in done.err
        assert "Traceback" not in done.err
    assert not (tmp_path / "o").exists()


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
