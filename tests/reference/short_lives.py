"""Starts servers quickly, one after the other: a process that has imported everything forks for each.

A line of JSON on stdin, `{environment, path, arguments}`, begins a life of `blockloom` with these arguments. What it
says comes after a line `pid N` and before a line `died STATUS`, which is negative for a signal.
"""

import json
import os
import sys
from typing import Any, NoReturn

import blockloom_server.serving
from blockloom.cli import main
from blockloom.plugins import Plugins


def _live(job: dict[str, Any]) -> NoReturn:
    """Be the program, in a process of its own."""
    print("pid", os.getpid(), flush=True)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.update(job["environment"])
    sys.path[:0] = job["path"]
    sys.argv = ["blockloom", *job["arguments"]]
    try:
        main()
    except SystemExit as end:
        os._exit(end.code if isinstance(end.code, int) else 1)
    os._exit(0)


def _serve() -> None:
    Plugins.load()
    assert blockloom_server.serving
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            _live(json.loads(line))
        print("died", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    _serve()
