"""The command line: what a person types to check, run and draw graphs and to see what is installed."""

from .program import Program, main

__all__ = ["Program", "main"]
