"""A run on a disk that is full: it waits, loses nothing, and goes on by itself."""

import asyncio
from pathlib import Path

from blockloom import Engine
from blockloom.testing import engine_with
from blockloom_sqlite import SqliteStore

GRAPH = {
    "blockloom": 1,
    "tasks": [
        {"id": "start", "type": "start"},
        *({"id": f"t{n}", "type": "merge"} for n in range(300)),
        {"id": "end", "type": "end"},
    ],
    "connections": [
        {"from": "start.text", "to": "t0.text"},
        *({"from": f"t{n}.result", "to": f"t{n + 1}.text"} for n in range(299)),
        {"from": "t299.result", "to": "end.text"},
    ],
}


async def limit(store: SqliteStore, pages: int) -> None:
    await store.write(lambda db: db.execute(f"PRAGMA max_page_count = {pages}").fetchone())


def test_a_run_waits_for_a_full_disk_and_goes_on_by_itself(tmp_path: Path) -> None:
    text = "x" * 2000

    async def go() -> None:
        store = SqliteStore(f"sqlite:///{tmp_path}/x.db")
        async with Engine(engine_with().registry, store) as engine:
            run = await engine.start(GRAPH, {"text": text}, durability="sync")
            used = await store.write(lambda db: db.execute("PRAGMA page_count").fetchone()[0])
            await limit(store, used + 10)
            ended = asyncio.ensure_future(run.wait())
            recorded = -1
            while recorded != (recorded := len(await store.events(run.id))):
                await asyncio.wait({ended}, timeout=0.3)
            assert not ended.done()
            assert 0 < recorded == run.seq < 900
            await limit(store, 1_000_000)
            await asyncio.wait_for(ended, 30)
            assert (run.state, run.outputs) == ("COMPLETED", {"text": text})
            assert await store.events(run.id) == list(run.events)

    asyncio.run(go())
