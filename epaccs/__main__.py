"""`python -m epaccs` is the command line."""

from epaccs.cli import main

main(prog_name="epaccs")
