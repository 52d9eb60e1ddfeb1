"""The token that the server makes for itself where others can reach it and none was given."""

import os
import secrets
import stat
from pathlib import Path
from typing import Final

from blockloom.errors import BadUsage
from blockloom.home import home

from .speech import say

NAME: Final = "token"


def place() -> Path:
    """The file that holds it."""
    return home() / NAME


def kept_token() -> str | None:
    """The token that was made before; None if there is none. Raises BadUsage for a file that others can read."""
    path = place()
    try:
        mode, text = path.stat().st_mode, path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise BadUsage(say(f"{path} cannot be read: {error}.", f"无法读取 {path}：{error}。")) from None
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        why = say(
            f"{path} holds the server's token and others can read it: chmod 600, or delete it for a new token.",
            f"{path} 保存服务器令牌，但其他人可以读取：请 chmod 600，或删除它以生成新令牌。",
        )
        raise BadUsage(why)
    if not text:
        raise BadUsage(say(f"{path} is empty: delete it for a new token.", f"{path} 是空的：请删除它以生成新令牌。"))
    return text


def make_token() -> str:
    """The token that was made before, else a new one, kept for the next start. Raises BadUsage."""
    if (known := kept_token()) is not None:
        return known
    path, token = place(), secrets.token_urlsafe(32)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(token + "\n")
    except FileExistsError:  # another server has just made one
        return kept_token() or token
    except OSError as error:
        why = say(f"The server's token cannot be kept in {path}: {error}.", f"服务器令牌无法保存到 {path}：{error}。")
        raise BadUsage(why) from None
    return token
