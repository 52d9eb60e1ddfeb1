"""The trigger type `webhook`: it fires when JSON is posted to its path."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import blockloom
from blockloom import Fire, TriggerType
from pydantic import Field

if TYPE_CHECKING:
    from .site import Site


class Webhook(TriggerType):
    """Fires when JSON is posted to its path, on a port of its own."""

    name = "webhook"
    title: ClassVar = {"en": "Webhook", "zh": "Webhook"}
    description: ClassVar = {
        "en": "Fires when JSON is posted to its path; the JSON is the payload.",
        "zh": "当有 JSON 以 POST 方式发送到它的路径时触发；该 JSON 就是 payload。",
    }
    icon = "🪝"
    category: ClassVar = {"en": "Events", "zh": "事件"}
    examples = ({"path": "/orders"},)

    class Config(blockloom.Config):
        """`path` is where to post, as `/orders`."""

        path: Annotated[str, Field(max_length=200, pattern=r"^/?[^\s/?#%][^\s?#%]*$")]

    def __init__(self) -> None:
        self._site: Site | None = None
        self._opening = asyncio.Lock()

    async def listen(self, config: Any, fire: Fire) -> None:
        """Answer posts to the path; all webhooks of an engine share one port, opened for the first of them."""
        from .site import Settings, Site

        async with self._opening:
            if self._site is None:
                site = Site(Settings.model_validate(dict(fire.settings)))
                await site.open()
                self._site = site
        path = f"/{config.path.removeprefix('/')}"
        self._site.add(path, fire)
        try:
            fire.at(f"{self._site.address}{path}")
            await asyncio.get_running_loop().create_future()
        finally:
            self._site.remove(path)

    async def close(self) -> None:
        """Close the port."""
        if self._site is not None:
            await self._site.close()
