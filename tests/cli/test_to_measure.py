"""`archcast suggest --csv` onto a file that someone fills."""

import gzip

import archcast
from archcast.cli.app import USER_MISTAKE

SUGGEST = ("suggest", "--space", "nasbench201", "-n", "6", "--csv")


def test_what_is_filled_stays_and_what_is_new_is_added(run, tmp_path) -> None:
    path = tmp_path / "measured.csv"
    assert run(*SUGGEST, str(path)).code == 0
    lines = path.read_text().splitlines()
    assert lines[0] == "arch,value"
    filled = ["arch;value;who", *(f"{line[:-1]};{i + 1},5;me" for i, line in enumerate(lines[1:4]))]
    path.write_bytes("\r\n".join(filled).encode("utf-16"))
    done = run(*SUGGEST, str(path))
    assert done.code == 0, done.err
    assert "keeps its 3 rows, and 3 of 6 were added" in done.err
    now = path.read_bytes().decode("utf-16").splitlines()
    assert now[:4] == filled
    assert now[4:] == [f"{line[:-1]};;" for line in lines[4:]]
    assert path.read_bytes().decode("utf-16").count("\n") == path.read_bytes().decode("utf-16").count("\r\n")
    done = run(*SUGGEST, str(path))
    assert "keeps its 6 rows, and 0 of 6 were added" in done.err
    assert path.read_bytes().decode("utf-16").splitlines() == now


def test_another_file_is_left_as_it_is(run, tmp_path) -> None:
    for content in ("[1, 2]", "my notes\n", "arch,value\nno cell,1\n", '{"arch": ["00000000"]}'):
        path = tmp_path / "notes"
        path.write_text(content)
        done = run(*SUGGEST, str(path))
        assert done.code == USER_MISTAKE, content
        assert str(path) in done.err
        assert path.read_text() == content
    packed = gzip.compress(b"arch,value\n")
    path.write_bytes(packed)
    done = run(*SUGGEST, str(path))
    assert done.code == USER_MISTAKE
    assert "is packed by gzip, and rows are added to plain files: unpack it first" in done.err
    assert path.read_bytes() == packed


def test_model_files_are_added_by_their_names(run, tmp_path) -> None:
    files = []
    for side in (8, 16, 24, 32):
        net = archcast.spaces("nasbench201").network([side // 8] * 6)
        path = tmp_path / f"net{side}.onnx"
        from archcast.featurize.onnx_model import model_of

        path.write_bytes(model_of(net, shapes=True).SerializeToString())
        files += ["--candidate", str(path)]
    out = tmp_path / "todo.csv"
    assert run("suggest", "-n", "2", *files, "--csv", str(out)).code == 0
    done = run("suggest", "-n", "3", *files, "--csv", str(out))
    assert "keeps its 2 rows, and 1 of 3 were added" in done.err
