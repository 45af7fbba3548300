"""Commands and snippets of the README and of docs/ are what archcast takes and says.

Blocks are run in order, in one folder and one namespace a page. A comment before a block,
`<!-- read only: WHY -->`, keeps it from being run: its commands' options are still parsed, its Python
compiled. What a `console` block shows must be what is printed, `...` standing for anything. A `csv` block
after `<!-- file: NAME -->` is that file.

`make docs-full` (`--pages=full`) runs those too that have the comment `<!-- full: WHY -->`, which are read
only otherwise: long ones, and those that need whole tables. It starts a service at the port that the pages
name, and sends it their `curl` lines; a `json` block that follows is what must be answered.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import cache, partial
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
import torch
from serve_process import served
from sybil import Document, Example
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import CodeBlockParser
from typer.main import get_command

import archcast
from archcast.cli import app, main
from archcast.featurize.onnx_model import to_onnx
from archcast.featurize.spaces import SPACES

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
READ_ONLY = re.compile(r"<!-- read only: [^>]+ -->\s*\Z")
FULL_ONLY = re.compile(r"<!-- full: [^>]+ -->\s*\Z")
PORT = 8080
FILE = re.compile(r"<!-- file: (\S+) -->\s*\Z")
CELLS = (
    "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|nor_conv_3x3~2|",
    "|nor_conv_1x1~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|nor_conv_1x1~2|",
)
Shell = Callable[[str], str]


@pytest.fixture(scope="module")
def models() -> dict[str, bytes]:
    """The files of models that pages speak of."""
    space = archcast.spaces("fbnet")
    names = {"model.onnx": 0, "other.onnx": 1}
    return {name: to_onnx(space.network(space.sample(1, seed=seed)[0])) for name, seed in names.items()}


@pytest.fixture
def shell(
    models: dict[str, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Shell:
    """Runs a command line in a folder with the files that pages speak of; gives what it printed."""
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    for name, content in models.items():
        Path(name).write_bytes(content)

    def run(line: str) -> str:
        monkeypatch.setattr(sys, "argv", shlex.split(line, comments=True))
        capsys.readouterr()
        code: object = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code
        printed = capsys.readouterr()
        assert not code or printed.err.startswith("archcast: "), printed.err
        return printed.out + (printed.err if code else "")

    return run


@pytest.fixture
def full(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether all that can be run is run; with whole tables, then."""
    chosen = request.config.getoption("--pages") == "full"
    if chosen:
        monkeypatch.setenv("ARCHCAST_DATA", str(request.getfixturevalue("public_tables")))
    return chosen


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_a_page_is_true(page: Path, shell: Shell, full: bool, tmp_path: Path) -> None:
    asks = full and f"localhost:{PORT}" in page.read_text()
    known = set(SPACES)
    with served(tmp_path / "home", port=PORT) if asks else nullcontext():
        check_page(page, shell, full=full)
    for defined in set(SPACES) - known:
        SPACES.forget(defined)


def test_no_page_is_overwritten_by_one_of_the_site() -> None:
    """Sphinx writes a page of each of these names itself, in place of one that has it."""
    assert not {page.stem for page in PAGES} & {"search", "genindex", "py-modindex"}


def check_page(page: Path, shell: Shell, *, full: bool) -> None:
    """Run a page's blocks in order."""
    answers: list[str] = []

    def read_only(example: Example) -> bool:
        return READ_ONLY.search(before(example)) is not None or (
            not full and FULL_ONLY.search(before(example)) is not None
        )

    def of_shell(example: Example) -> str | None:
        for line in commands(example.parsed):
            parse(line)
            if not read_only(example):
                said = shell(line)
                assert not said.startswith("archcast: "), f"{line}\n{said}"
        if full and example.parsed.startswith("curl ") and not read_only(example):
            answers[:] = [asked(example.parsed)]
        return None

    def of_console(example: Example) -> str | None:
        for line, shown in shown_commands(example.parsed):
            parse(line)
            if not read_only(example):
                compare(shown, shell(line))
        if full and not read_only(example):
            for line in re.findall(r"^\$ (curl .*)$", example.parsed, flags=re.M):
                asked(line)
        return None

    def of_json(example: Example) -> str | None:
        if answers and before(example).rstrip().endswith("```"):
            assert_alike(json.loads(example.parsed), json.loads(answers.pop()))
        return None

    def of_python(example: Example) -> str | None:
        if read_only(example):
            compile(example.parsed, example.path, "exec")
            return None
        return python(example)

    def of_csv(example: Example) -> str | None:
        if name := FILE.search(before(example)):
            Path(name[1]).write_text(example.parsed)
        return None

    python = PythonEvaluator()
    evaluators = {"sh": of_shell, "console": of_console, "python": of_python, "csv": of_csv, "json": of_json}
    parsers = [CodeBlockParser(language, evaluator) for language, evaluator in evaluators.items()]
    document = Document.parse(str(page), *parsers)
    document.namespace.update(names())
    done = 0
    for example in document.examples():
        example.evaluate()
        done += 1
    opened = re.findall(r"^```(\S*)$", document.text, flags=re.M)[::2]
    assert "" not in opened, "every block must say what language it is in"
    assert done == sum(language in evaluators for language in opened)


def asked(command: str) -> str:
    """What a service answers to a `curl` command; raise where that is no JSON, or an error."""
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert "error" not in told, told
    return done.stdout


def assert_alike(shown: Any, said: Any) -> None:
    """Raise where JSON is not what is shown: numbers to two digits, `...` standing for anything."""
    if isinstance(shown, dict):
        assert shown.keys() == said.keys()
        for name, value in shown.items():
            assert_alike(value, said[name])
    elif isinstance(shown, list):
        assert len(shown) == len(said)
        for one, other in zip(shown, said, strict=True):
            assert_alike(one, other)
    elif isinstance(shown, float):
        assert said == pytest.approx(shown, rel=1e-2)
    else:
        assert shown in ("...", said)


def before(example: Example) -> str:
    """The page up to a block."""
    return example.document.text[: example.region.start]


def commands(block: str) -> Iterator[str]:
    """Command lines of archcast, continued ones joined."""
    for line in block.replace("\\\n", " ").splitlines():
        if line.startswith("archcast "):
            yield line


def shown_commands(block: str) -> Iterator[tuple[str, str]]:
    """Command lines of archcast after a prompt, with what is shown below them."""
    for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
        line, _, shown = part.replace("\\\n", " ").partition("\n")
        if line.startswith("archcast "):
            yield line, shown


built = cache(partial(get_command, app))


def parse(line: str) -> None:
    """Raise where a command or an option is not known."""
    words = shlex.split(line, comments=True)[1:]
    command: click.Command = built()
    context = command.make_context("archcast", list(words))
    while isinstance(command, click.Group):
        given = [*context._protected_args, *context.args]
        name, found, rest = command.resolve_command(context, given)
        assert found is not None, line
        command, context = found, found.make_context(name, list(rest), parent=context)


def compare(shown: str, said: str) -> None:
    """Raise where what is shown is not what was said, spaces and rules apart."""
    pattern = ".*".join(re.escape(part) for part in plain(shown).split("..."))
    assert re.fullmatch(pattern, plain(said), flags=re.S), f"shown:\n{shown}\nsaid:\n{said}"


def plain(text: str) -> str:
    """Words with one space between them, broken numbers to two digits: the third depends on the processor."""
    words = " ".join(re.sub(r"[─━]{2,}", "", text).split())
    return re.sub(r"\d+\.\d+", lambda number: f"{float(number[0]):.2g}", words)


def names() -> dict[str, object]:
    """What snippets take as given."""
    space = archcast.spaces("fbnet")
    return {
        "archcast": archcast,
        "np": np,
        "torch": torch,
        "architectures": list(CELLS),
        "batch": list(CELLS),
        "codes": space.sample(20, seed=0),
        "measured_ms": np.linspace(5.0, 50.0, 10),
    }
