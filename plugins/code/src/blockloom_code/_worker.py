"""The door of the zygote: run as a script by its path, it enters the package without the host's side of it.

`blockloom_code/__init__.py` would load the engine; a process that is forked for each job must stay small.
"""

import os
import sys
import types


def main(places: list[str]) -> None:
    """Serve the host on file 0; `places` are the folders of the libraries that it may load."""
    sys.path.extend(places)
    package = types.ModuleType("blockloom_code")
    package.__path__ = [os.path.dirname(os.path.abspath(__file__))]
    sys.modules["blockloom_code"] = package
    try:
        from blockloom_code.zygote import serve

        serve()
    except Exception as error:
        from blockloom_code.frames import FAILURE, pack

        os.write(0, pack(FAILURE, f"{type(error).__name__}: {error}".encode()))
        raise


if __name__ == "__main__":
    main(sys.argv[1:])
