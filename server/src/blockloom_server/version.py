"""Who this server is, and what it speaks."""

from importlib.metadata import version
from typing import Final

NAME: Final = "blockloom"
PROTOCOL: Final = 1
SUBPROTOCOL: Final = "blockloom.v1"
VERSION: Final = version("blockloom-server")
