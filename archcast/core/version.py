"""The package's version, kept in one place."""

VERSION = "0.2.0"
