"""What keeps a type from being offered, as the conformance classes tell its author."""

import re
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import blockloom
import pytest
from blockloom import BlockContext, BlockType, Plugins
from blockloom.testing import offering


class Upper(BlockType):
    """A text in capitals."""

    name = "odd.upper"

    class Content(blockloom.Config):
        text: str

    def evaluate(self, block: BlockContext) -> str:
        return str(block.content.text.upper())


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("import nowhere_at_all", "is broken: ModuleNotFoundError: No module named 'nowhere_at_all'\n→ Mend that"),
        ("", "offers nothing, and not block:odd.upper.\n→ Return the class from the hook blockloom_block_types"),
    ],
)
def test_what_is_in_the_way_of_a_plugin_is_told(
    source: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "odd_plugin.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "odd_plugin", raising=False)
    point, plugins = EntryPoint("odd", "odd_plugin", "blockloom"), Plugins()
    plugins.add(point)
    monkeypatch.setattr(offering, "installed", lambda: plugins)
    monkeypatch.setattr(offering, "entry_points", lambda group: [point])
    with pytest.raises(AssertionError, match=re.escape(told)):
        offering.require_offered("block", type("Word", (Upper,), {"__module__": "odd_plugin.block"}))
