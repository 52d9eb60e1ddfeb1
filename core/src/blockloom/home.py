"""Where blockloom keeps what is its user's own: secrets, and runs that are kept."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path


def home(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder, which may not be there yet: `BLOCKLOOM_HOME`, else one in the user's data directory."""
    if named := environment.get("BLOCKLOOM_HOME"):
        return Path(named).expanduser().absolute()
    if sys.platform == "win32":
        base = environment.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = environment.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "blockloom"
