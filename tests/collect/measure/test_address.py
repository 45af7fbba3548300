"""Addresses of boards."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archcast.collect.measure.address import AdbAddress, SshAddress, parse_address
from archcast.core.errors import InputError


def test_the_shortest_ssh_address_leaves_all_to_the_configuration() -> None:
    assert parse_address("ssh://board") == SshAddress("board")


def test_an_ssh_address_with_everything(tmp_path) -> None:
    (tmp_path / "key").touch()
    (tmp_path / "config").touch()
    text = (
        f"ssh://pi@[fe80::1]:2222/?python=~/env/bin/python&key={tmp_path}/key&config={tmp_path}/config"
        "&cache=/tmp/a%20b&host_keys=no"
    )
    found = parse_address(text)
    assert found == SshAddress(
        "fe80::1",
        "pi",
        2222,
        "~/env/bin/python",
        f"{tmp_path}/key",
        f"{tmp_path}/config",
        "/tmp/a b",
        "no",
    )
    assert str(found) == "ssh://pi@[fe80::1]:2222"


@pytest.mark.parametrize("serial", ["emulator-5554", "192.168.1.5:5555", "R58M123ABCD"])
def test_adb_serials_keep_their_case_and_port(serial: str) -> None:
    found = parse_address(f"adb://{serial}?python=/data/py")
    assert found == AdbAddress(serial, "/data/py")
    assert str(found) == f"adb://{serial}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("board", "must begin with ssh:// or adb://"),
        ("ssh:board", "must begin with ssh:// or adb://"),
        ("http://board", "must begin with ssh:// or adb://"),
        ("ssh://", "must name a host"),
        ("ssh://pi@", "must name a host"),
        ("ssh://-oProxyCommand=x", "must name a host"),
        ("ssh://@board", "user of an SSH address must be a name"),
        ("ssh://-l@board", "user of an SSH address must be a name"),
        ("ssh://pi:secret@board", "must hold no password"),
        ("ssh://board:0", "port of an SSH address must be 1 to 65535"),
        ("ssh://board:70000", "port of an SSH address must be 1 to 65535"),
        ("ssh://board:", "port of an SSH address must be 1 to 65535"),
        ("ssh://board:x", "port of an SSH address must be 1 to 65535"),
        ("ssh://[::1", "an address must be a URL"),
        ("ssh://board/home", "nothing after its host but .options, got '/home'"),
        ("ssh://board#x", "nothing after its host but .options, got '#x'"),
        ("ssh://board?pyton=x", "did you mean 'python'"),
        ("ssh://board?python=a&python=b", "python of an address must be given once"),
        ("ssh://board?python=", "python of an address must have a value"),
        ("ssh://board?python=-c", "python of an address must have a value"),
        ("ssh://board?python=a%0Ab", "python of an address must have a value"),
        ("ssh://board?&", "options of an address must be name=value"),
        ("ssh://board?key=/nowhere", "key of an address must be a file here, got '/nowhere'"),
        ("ssh://board?host_keys=maybe", "host_keys must be one of accept-new, no, yes"),
        ("adb://", "must be adb://SERIAL"),
        ("adb://a b", "must be adb://SERIAL"),
        ("adb://x?key=y", "must be one of cache, python"),
    ],
)
def test_mistakes_name_the_part(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse_address(text)


@given(st.text(max_size=40), st.sampled_from(["", "ssh://", "adb://"]))
def test_whatever_is_read_names_a_place_and_is_no_option(rest: str, scheme: str) -> None:
    try:
        found = parse_address(scheme + rest)
    except InputError:
        return
    place = found.host if isinstance(found, SshAddress) else found.serial
    assert place
    assert not place.startswith("-")
    assert not set(place) & set(" \n\t'\"")
