"""Sends requests and reads answers, within limits; what goes wrong becomes a failure that says whether to try again."""

from collections.abc import Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx2
from blockloom import File, TaskFailed

from .answer import failure_of, reading
from .guard import GuardedTransport
from .request import Order
from .settings import Settings


class Client:
    """The connections of one engine; they keep nothing of one call for another."""

    def __init__(self) -> None:
        self._http = httpx2.AsyncClient(
            transport=GuardedTransport(),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            timeout=None,
            headers={"user-agent": "blockloom"},
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def call(self, order: Order, settings: Settings) -> Mapping[str, Any]:
        """Send a request, follow where it is redirected, and read the answer; raises TaskFailed."""
        try:
            response = await self._send(order, settings.redirects)
            try:
                return await self._read(order, response, settings)
            finally:
                await response.aclose()
        except httpx2.UnsupportedProtocol as error:
            raise TaskFailed("bad-request", f"{order.told}: {error}", retry=False) from None
        except (httpx2.LocalProtocolError, httpx2.InvalidURL, UnicodeError) as error:
            raise TaskFailed("bad-request", f"{order.told} cannot be sent: {error}", retry=False) from None
        except httpx2.DecodingError as error:
            raise TaskFailed("bad-response", f"{order.told}: the answer cannot be unpacked: {error}") from None
        except httpx2.ConnectError as error:
            raise TaskFailed("unreachable", f"{order.told} cannot be reached: {error}", retry=True) from None
        except httpx2.TransportError as error:
            why = str(error) or type(error).__name__
            raise TaskFailed("unreachable", f"{order.told} broke off: {why}", retry=order.repeatable) from None

    async def _send(self, order: Order, redirects: int) -> httpx2.Response:
        request = self._build(order)
        for left in range(redirects, -1, -1):
            response = await self._http.send(request, stream=True, follow_redirects=False)
            following = response.next_request
            if following is None or not redirects:
                return response
            await response.aclose()
            if not left:
                break
            if not _same_place(request.url, following.url):
                _strip(following, order)
            request = following
        raise TaskFailed("too-many-redirects", f"{order.told} was redirected more than {redirects} times.", retry=False)

    def _build(self, order: Order) -> httpx2.Request:
        url = httpx2.URL(order.url)
        if order.query:
            url = url.copy_merge_params(httpx2.QueryParams([*order.query]))
        if order.file is not None:
            field, file = order.file
            files = {field: (file.name or "file", file.data, file.media_type)}
            return self._http.build_request(
                order.method, url, headers=order.headers, data=order.form or {}, files=files
            )
        if order.form is not None:
            return self._http.build_request(order.method, url, headers=order.headers, data=order.form)
        return self._http.build_request(order.method, url, headers=order.headers, content=order.content)

    async def _read(self, order: Order, response: httpx2.Response, settings: Settings) -> Mapping[str, Any]:
        data = bytearray()
        async for piece in response.aiter_bytes():
            data += piece
            if len(data) > settings.max_bytes:
                why = f"{order.told} answered with more than {settings.max_bytes} bytes"
                raise TaskFailed("too-large", f"{why}; max_bytes allows more.", retry=False)
        headers = dict(response.headers.items())
        status = response.status_code
        fine = status in settings.expect if settings.expect is not None else response.is_success
        if not fine:
            raise failure_of(order, status, headers, bytes(data))
        kind = headers.get("content-type", "application/octet-stream").partition(";")[0].strip().lower()
        file = File(data=bytes(data), media_type=kind, name=_name(response.url))
        return {
            "body": reading(order, file, response.encoding, settings.response),
            "status": status,
            "headers": headers,
        }


def _same_place(one: httpx2.URL, other: httpx2.URL) -> bool:
    return (one.scheme, one.host, one.port) == (other.scheme, other.host, other.port)


def _strip(request: httpx2.Request, order: Order) -> None:
    """Take from a request what the host it was redirected to must not see; raises TaskFailed where that is its body."""
    for name in order.private:
        request.headers.pop(name, None)
    if order.sealed and request.method == order.method and order.method not in ("GET", "HEAD"):
        host = request.url.host
        raise TaskFailed(
            "forbidden-address", f"{order.told} was redirected to {host}, with a secret in its body.", retry=False
        )


def _name(url: httpx2.URL) -> str:
    return url.path.rpartition("/")[2]
