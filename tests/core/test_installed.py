"""Lines that install more of archcast."""

import json
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from archcast.core import installed
from archcast.core.errors import MissingPackageError


class _Found:
    def __init__(self, **files):
        self.files = files

    def read_text(self, name):
        return self.files.get(name)


def _with(monkeypatch, url=None, installer="pip\n"):
    found = _Found(INSTALLER=installer, **{"direct_url.json": None if url is None else json.dumps(url)})
    monkeypatch.setattr(installed, "distribution", lambda name: found)


@pytest.mark.parametrize(
    ("url", "line"),
    [
        (None, 'pip install "archcast[train]"'),
        ({"url": "file:///a/b%20c", "dir_info": {"editable": True}}, 'pip install -e "/a/b c[train]"'),
        ({"url": "file:///a/b", "dir_info": {}}, 'pip install "/a/b[train]"'),
        (
            {"url": "https://host/r.git", "vcs_info": {"vcs": "git", "commit_id": "0"}},
            'pip install "archcast[train] @ git+https://host/r.git"',
        ),
        (
            {"url": "file:///w/archcast-1-py3-none-any.whl", "archive_info": {}},
            'pip install "archcast[train] @ file:///w/archcast-1-py3-none-any.whl"',
        ),
    ],
)
def test_where_it_came_from(monkeypatch, url, line):
    _with(monkeypatch, url)
    assert installed.install_line("train") == line
    assert (
        str(MissingPackageError("torch", "train", "fitting"))
        == f"fitting needs the package torch: run {line}"
    )


def test_what_installed_it(monkeypatch):
    _with(monkeypatch, installer="uv")
    assert installed.install_line("serve") == 'uv pip install "archcast[serve]"'
    _with(monkeypatch, installer=None)
    monkeypatch.setattr("sys.prefix", "/home/x/.local/share/pipx/venvs/archcast")
    assert installed.install_line("serve") == 'pipx install --force "archcast[serve]"'


def test_a_checkout_that_is_not_installed(monkeypatch):
    def absent(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(installed, "distribution", absent)
    root = Path(installed.__file__).parents[2]
    assert installed.install_line("train") == f'pip install "{root}[train]"'
