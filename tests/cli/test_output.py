"""Tables of commands: what is cut to fit is never a number."""

import pytest

from archcast.cli.output import print_records


@pytest.mark.parametrize("name", ["note", "why", "about"])
def test_long_sentences_are_wrapped_and_numbers_stay_whole(capsys, name):
    sentence = " ".join(f"word{i}" for i in range(80))
    print_records([{"file": "model.onnx", "value": 13.594, name: sentence}], as_json=False)
    out = capsys.readouterr().out
    assert "13.59" in out
    assert "model.onnx" in out
    assert out.split().count("word79") == 1


def test_tables_wider_than_the_screen_cut_no_number(capsys):
    record = {"arch": "|nor_conv_3x3~0|" * 5} | {f"figure{i}": 12340.0 + 10 * i for i in range(40)}
    print_records([record], as_json=False)
    out = capsys.readouterr().out
    assert out.split().count("1.234e+04") == 1
    assert sum(word.startswith("1.2") for word in out.split()) == 40
    assert "figure39" in out
