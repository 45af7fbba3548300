"""`archcast remove`."""

import json

from archcast.cli.app import USER_MISTAKE

CELLS = (
    "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|,30\n"
    "|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|,5\n"
    "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|,2\n"
)


def test_what_is_ones_own_is_taken_away(run, tmp_path) -> None:
    path = tmp_path / "samples.csv"
    path.write_text(f"arch,value\n{CELLS}")
    assert run("adapt", "-d", "my-board", "--samples", str(path), "--no-track").code == 0
    done = run("remove", "my-board", "--json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert told["removed"] == "adapted, from 3 measurements"
    assert (told["answers now"], told["kept before"]) == ("nothing", 0)
    done = run("remove", "my-board")
    assert done.code == USER_MISTAKE
    assert "device of one's own for latency must be one of none" in done.err
