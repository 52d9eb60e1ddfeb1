"""The installed plugins as commands see them: loaded when first asked for, and only once."""

from functools import cached_property

from ..plugins import Plugins


class Installed:
    """The plugins of one program run; a command that needs none never loads them."""

    def __init__(self, plugins: Plugins | None = None) -> None:
        self._given = plugins

    @cached_property
    def plugins(self) -> Plugins:
        """All installed plugins, or those that the program was given."""
        return self._given or Plugins.load()
