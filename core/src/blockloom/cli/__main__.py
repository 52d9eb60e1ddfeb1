"""The command line for `python -m blockloom.cli`."""

from . import main

if __name__ == "__main__":
    main()
