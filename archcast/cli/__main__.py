"""`python -m archcast.cli` is the `archcast` command."""

from archcast.cli.app import main

main()
