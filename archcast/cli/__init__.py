"""The `archcast` command."""

from archcast.cli.app import app, main

__all__ = ["app", "main"]
