"""The command's frame: subcommands, and mistakes told in one sentence with exit code 2."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

import typer

from archcast.cli import (
    adapt,
    best,
    check,
    codesign,
    collect,
    data,
    estimate,
    evaluate,
    explain,
    export,
    network,
    predict,
    profile,
    remove,
    score,
    search,
    serve,
    system,
    train,
)
from archcast.cli.output import telling_warnings
from archcast.cli.strict import with_strict_numbers
from archcast.core.errors import ArchcastError
from archcast.core.version import VERSION

USER_MISTAKE = 2
INTERRUPTED = 130

app = typer.Typer(
    name="archcast",
    help="Predict what a neural architecture costs on a device and what accuracy it reaches.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("predict")(predict.predict)
app.command("devices")(predict.devices)
app.command("features")(predict.features)
app.command("network")(network.network)
app.command("suggest")(adapt.suggest)
app.command("adapt")(adapt.adapt)
app.command("check")(check.check)
app.command("remove")(remove.remove)
app.add_typer(collect.app, name="collect")
app.command("estimate")(estimate.estimate)
app.command("train", cls=train.TrainCommand)(train.train)
app.command("evaluate")(evaluate.evaluate)
app.command("promote")(train.promote)
app.command("export")(export.export)
app.add_typer(data.app, name="data")
app.command("serve")(serve.serve)
app.command("score")(score.score)
app.command("search", cls=search.OrderedCommand)(search.search)
app.command("best")(best.best)
app.command("codesign")(codesign.codesign)
app.command("profile")(profile.profile)
app.command("explain")(explain.explain)
app.command("ui")(system.ui)
app.command("doctor")(system.doctor)


@app.callback(invoke_without_command=True)
def _root(version: bool = typer.Option(False, "--version", help="Print the version and stop.")) -> None:
    if version:
        typer.echo(VERSION)
        raise typer.Exit


@cache
def _command() -> Any:
    """Every command with its options, built once a process."""
    return with_strict_numbers(typer.main.get_command(app))


def main() -> None:
    """Run the command; a mistake, a full machine and every warning is one sentence on standard error."""
    try:
        with telling_warnings():
            _command()()
    except ArchcastError as error:
        typer.echo(f"archcast: {error}", err=True)
        sys.exit(USER_MISTAKE)
    except OSError as error:
        named = f"{error.filename!r} cannot be used: " if error.filename is not None else ""
        typer.echo(f"archcast: {named}{error.strerror or error}", err=True)
        sys.exit(USER_MISTAKE)
    except (RecursionError, MemoryError) as error:
        what = (
            "is nested too deep" if isinstance(error, RecursionError) else "needs more memory than there is"
        )
        typer.echo(f"archcast: what was given {what}", err=True)
        sys.exit(USER_MISTAKE)
    except KeyboardInterrupt:
        typer.echo("archcast: interrupted", err=True)
        sys.exit(INTERRUPTED)
