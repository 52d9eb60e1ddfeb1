"""A file as a value: how bytes travel between tasks, whose values are JSON."""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from .errors import BadValue

SIGN: Final = "$file"
"""The key of a mapping that is a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """Bytes with a media type and a name; as a value `{"$file": {name, media_type, size, sha256, data}}`."""

    data: bytes
    media_type: str = "application/octet-stream"
    name: str = ""

    @property
    def sha256(self) -> str:
        """The hash of the content, in hexadecimal."""
        return sha256(self.data).hexdigest()

    @property
    def text(self) -> str | None:
        """The content as text; None where it is none."""
        if "\0" in (text := self.data.decode(errors="replace")) or "\ufffd" in text:
            return None
        return text

    def to_json(self) -> dict[str, Any]:
        """As a value; `data` is base64."""
        facts = {"name": self.name, "media_type": self.media_type, "size": len(self.data), "sha256": self.sha256}
        return {SIGN: {**facts, "data": b64encode(self.data).decode()}}

    @classmethod
    def from_json(cls, value: Any) -> "File | None":
        """The file that a value is; None where it is none. Raises BadValue where its data are not what it says."""
        facts = value.get(SIGN) if isinstance(value, Mapping) and len(value) == 1 else None
        if not isinstance(facts, Mapping) or not isinstance(facts.get("data"), str):
            return None
        try:
            data = b64decode(facts["data"], validate=True)
        except binascii.Error as error:
            raise BadValue(f"the data of the file are not base64: {error}") from None
        made = cls(
            data=data,
            media_type=str(facts.get("media_type") or "application/octet-stream"),
            name=str(facts.get("name") or ""),
        )
        if facts.get("sha256") not in (None, made.sha256):
            raise BadValue(f"the file {made.name!r} is not the one with the hash {facts['sha256']}")
        return made
