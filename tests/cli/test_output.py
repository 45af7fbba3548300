"""Tables of commands: what is cut to fit is never a number."""

import pytest

from archcast.cli.output import print_records


@pytest.mark.parametrize("name", ["note", "why"])
def test_long_sentences_are_wrapped_and_numbers_stay_whole(capsys, name):
    sentence = " ".join(f"word{i}" for i in range(80))
    print_records([{"file": "model.onnx", "value": 13.594, name: sentence}], as_json=False)
    out = capsys.readouterr().out
    assert "13.59" in out
    assert "model.onnx" in out
    assert out.split().count("word79") == 1
