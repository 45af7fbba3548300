"""`archcast best`."""

import json

import archcast
from archcast.cli.app import USER_MISTAKE


def test_what_to_train_next(run, tmp_path):
    path = tmp_path / "trained.csv"
    words = ("best", "--space", "macro", "--labels", str(path), "--json")
    begun = run(*words, "-n", "9", "--add")
    assert begun.code == 0, begun.err
    archs = [record["arch"] for record in json.loads(begun.out)]
    assert len(archs) == 9
    values = {arch: 40.0 + sum(map(int, arch)) for arch in archs}
    path.write_text("arch,value\n" + "".join(f"{arch},{value}\n" for arch, value in values.items()))
    done = run(*words, "-n", "2")
    assert done.code == 0, done.err
    assert "9 trained, the best" in done.err
    assert max(values, key=values.get) in done.err
    assert len({*archs, *(record["arch"] for record in json.loads(done.out))}) == 11


def test_candidates_may_run_out(run, tmp_path):
    listed, path = tmp_path / "archs.txt", tmp_path / "trained.csv"
    listed.write_text("02012100\n11111111\n")
    words = ("best", "--space", "macro", "--labels", str(path), "--candidates", str(listed), "--add")
    done = run(*words, "-n", "5")
    assert done.code == 0, done.err
    assert "02012100" in done.out
    assert "11111111" in done.out
    again = run(*words, "--json")
    assert json.loads(again.out) == []
    assert "no candidates are left" in again.err


def test_only_what_keeps_the_limits_is_named(run, tmp_path):
    words = ("best", "--space", "macro", "--labels", str(tmp_path / "t.csv"), "--json", "-n", "7", "--add")
    done = run(*words, "--limit", "params<=2e6")
    assert done.code == 0, done.err
    archs = [record["arch"] for record in json.loads(done.out)]
    table = archcast.features(archs, "macro")
    assert table.values[:, table.names.index("params")].max() <= 2e6
    wrong = run(*words, "--limit", "params<=2")
    assert wrong.code == USER_MISTAKE
    assert "limits params<=2 are kept by none of" in wrong.err


def test_fractions_are_told_by_line_or_refused(run, tmp_path):
    path = tmp_path / "trained.csv"
    path.write_text("arch,value\n02012100,91.2\n11111111,93.4\n\n22222222,0.92\n")
    words = ("best", "--space", "macro", "--labels", str(path))
    told = run(*words)
    assert told.code == 0, told.err
    assert "archcast: accuracy is at most 1 % in 1 of 3: are they fractions? (line 5)\n" in told.err
    refused = run(*words, "--strict", "--add")
    assert (refused.code, "are they fractions? (line 5)" in refused.err) == (USER_MISTAKE, True)
    assert path.read_text().count("\n") == 5, "nothing is added"


def test_mistakes(run, tmp_path):
    for words, message in (
        (("--labels", str(tmp_path / "no.csv")), "must exist"),
        (("--labels", str(tmp_path / "a.csv"), "--strategy", "best", "--add"), "strategy must be one of"),
    ):
        done = run("best", "--space", "macro", *words)
        assert done.code == USER_MISTAKE
        assert message in done.err
        assert "Traceback" not in done.err
