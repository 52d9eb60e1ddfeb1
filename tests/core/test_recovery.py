"""Runs that are carried on by another engine: waits, answers, bodies and what may have ended the process."""

import asyncio

import pytest
from blockloom import (
    Engine,
    MemoryStore,
    Reason,
    RunState,
    RunView,
    TaskContext,
    TaskType,
    WrongState,
)
from blockloom.testing import engine_with, simulate
from lives import Broken, Lives, ended, graph, mortal, now, started, wait


def test_a_delay_goes_on_while_nobody_runs_it() -> None:
    async def main() -> None:
        lives = Lives()
        run_id = await lives.live(lambda engine: started(engine, graph(wait("after", delay=100))))
        await asyncio.sleep(60)
        await lives.live(lambda engine: ended(engine, run_id))
        assert now() == 100
        run_id = await lives.live(lambda engine: started(engine, graph(wait("after", delay=100))))
        await asyncio.sleep(500)
        run = await lives.live(lambda engine: ended(engine, run_id))
        assert now() == 600.5
        assert [e.type for e in run.events].count("task.started") == 1

    simulate(main)


def test_a_timeout_counts_while_nobody_runs_it() -> None:
    async def main() -> None:
        lives = Lives()
        document = graph({**wait("after", delay=100), "timeout": 50})
        run_id = await lives.live(lambda engine: started(engine, document))
        await asyncio.sleep(30)
        run = await lives.live(lambda engine: ended(engine, run_id))
        assert now() == 50
        assert (run.error or {})["type"] == "timeout"

    simulate(main)


def test_an_event_is_found_that_was_published_before_the_process_ended() -> None:
    async def main() -> None:
        lives = Lives()
        document = graph({"id": "n", "type": "t.note"}, wait("event", name="go"), lines="n -> w")

        async def first(engine: Engine) -> str:
            run_id = await started(engine, document)
            await engine.publish("go", 7)
            return run_id

        run_id = await lives.live(first)
        run = await lives.live(lambda engine: ended(engine, run_id))
        assert run.tasks["w"].outputs is not None
        assert run.tasks["w"].outputs["payload"] == 7

    simulate(main)


def test_an_event_that_was_taken_is_not_taken_again() -> None:
    async def main() -> None:
        lives = Lives()
        second = {**wait("event", name="go"), "id": "v"}
        document = graph(wait("event", name="go"), {"id": "n", "type": "t.note"}, second, lines="w -> n; n -> v")

        async def first(engine: Engine) -> str:
            run_id = await started(engine, document)
            await engine.publish("go", 1)
            await asyncio.sleep(0.1)
            return run_id

        async def then(engine: Engine) -> RunView:
            await asyncio.sleep(5)
            assert (await engine.run(run_id)).current == ["v"]
            await engine.publish("go", 2)
            return await ended(engine, run_id)

        run_id = await lives.live(first)
        run = await lives.live(then)
        assert [(run.tasks[t].outputs or {})["payload"] for t in ("w", "v")] == [1, 2]

    simulate(main)


def test_an_answer_is_kept_and_not_asked_for_again() -> None:
    async def main() -> None:
        lives = Lives()

        async def first(engine: Engine) -> str:
            run_id = await started(engine, graph({"id": "a", "type": "t.twice"}))
            run = await engine.run(run_id)
            with pytest.raises(Exception, match="does not fit"):
                await run.answer("a", "two")
            await run.answer("a", 2)
            return run_id

        async def then(engine: Engine) -> RunView:
            await asyncio.sleep(0.1)
            await (await engine.run(run_id)).answer("a", 40)
            return await ended(engine, run_id)

        async def nothing(engine: Engine) -> None:
            await asyncio.sleep(1)

        run_id = await lives.live(first)
        await lives.live(nothing)
        run = await lives.live(then)
        assert run.tasks["a"].outputs == {"sum": 42}
        assert [e.data.get("answer") for e in run.events if e.type == "task.waiting"] == [None, 2, None, 40]
        with pytest.raises(WrongState):
            await run.answer("a", 1)

    simulate(main)


def test_what_was_cut_off_runs_again_with_the_same_key() -> None:
    async def main() -> None:
        lives = Lives()
        run_id = await lives.live(lambda engine: started(engine, graph({"id": "n", "type": "t.note"})))
        run = await lives.live(lambda engine: ended(engine, run_id))
        assert lives.done == [("n", 1, f"{run_id}:n"), ("n", 2, f"{run_id}:n")]
        assert run.state is RunState.COMPLETED

    simulate(main)


def test_what_may_not_run_again_fails_as_interrupted() -> None:
    async def main() -> None:
        lives = Lives()
        run_id = await lives.live(lambda engine: started(engine, graph({"id": "n", "type": "t.once"})))
        run = await lives.live(lambda engine: ended(engine, run_id))
        assert run.state is RunState.FAILED
        assert (run.error or {})["type"] == "interrupted"
        assert len(lives.done) == 1

    simulate(main)


def test_what_ends_its_process_five_times_is_set_aside_and_the_rest_goes_on() -> None:
    async def main() -> None:
        lives = Lives()

        async def first(engine: Engine) -> tuple[str, str]:
            good = await started(engine, graph(wait("after", delay=1000)))
            return await started(engine, graph({"id": "n", "type": "t.note"})), good

        async def again(engine: Engine) -> RunState:
            await asyncio.sleep(0.5)
            return (await engine.run(bad)).state

        bad, good = await lives.live(first)
        for _ in range(4):
            assert await lives.live(again) is RunState.RUNNING
        assert await lives.live(again) is RunState.FAILED
        assert len(lives.done) == 5
        assert (await lives.live(lambda engine: ended(engine, good))).state is RunState.COMPLETED
        run = await lives.live(lambda engine: ended(engine, bad))
        assert "5 times" in (run.error or {})["message"]

    simulate(main)


def test_an_engine_that_is_closed_blames_nobody() -> None:
    async def main() -> None:
        lives = Lives()

        async def again(engine: Engine) -> RunState:
            await asyncio.sleep(0.5)
            return (await engine.run(run_id)).state

        run_id = await lives.live(lambda engine: started(engine, graph({"id": "n", "type": "t.note"})), clean=True)
        for _ in range(8):
            assert await lives.live(again, clean=True) is RunState.RUNNING
        assert (await lives.live(lambda engine: ended(engine, run_id))).state is RunState.COMPLETED

    simulate(main)


def test_a_paused_run_stays_paused() -> None:
    async def main() -> None:
        lives = Lives()

        async def first(engine: Engine) -> str:
            run_id = await started(
                engine, graph({"id": "n", "type": "t.note"}, {"id": "m", "type": "t.note"}, lines="n -> m")
            )
            await (await engine.run(run_id)).pause()
            return run_id

        async def then(engine: Engine) -> RunView:
            run = await engine.run(run_id)
            await asyncio.sleep(10)
            assert run.state is RunState.PAUSED
            assert len(lives.done) == 1
            await run.resume()
            return await run.wait()

        run_id = await lives.live(first)
        assert (await lives.live(then)).state is RunState.COMPLETED

    simulate(main)


BODY = graph(
    {"id": "start", "type": "start"},
    {"id": "a", "type": "t.note"},
    {"id": "b", "type": "t.broken"},
    lines="start.item -> a; a -> b",
)


def test_a_retry_does_what_failed_in_a_body_and_nothing_else() -> None:
    async def main() -> None:
        lives = Lives()
        body = {**BODY, "inputs": {"item": {}}}
        each = {
            "id": "each",
            "type": "foreach",
            "config": {"body": body, "concurrency": 1},
            "inputs": {"items": [1, 2]},
        }

        async def first(engine: Engine) -> str:
            run = await (await engine.start(graph(each))).wait()
            assert run.state is RunState.FAILED
            return run.id

        async def then(engine: Engine) -> RunView:
            Broken.broken = False
            return await (await engine.retry(run_id)).wait()

        run_id = await lives.live(first)
        run = await lives.live(then)
        assert run.state is RunState.COMPLETED
        assert [task for task, _, _ in lives.done] == ["each[0].a", "each[0].b", "each[0].b", "each[1].a", "each[1].b"]

    simulate(main)


def test_a_stored_workflow_stays_as_it_was_for_a_run_that_has_used_it() -> None:
    async def main() -> None:
        lives = Lives()
        old = {
            **graph(
                {"id": "n", "type": "t.note"}, {"id": "end", "type": "end", "inputs": {"x": "old"}}, lines="n -> end"
            )
        }

        async def first(engine: Engine) -> str:
            await engine.create_workflow({**old, "name": "sub"})
            return await started(engine, graph({"id": "s", "type": "workflow", "config": {"workflow": "sub"}}))

        async def then(engine: Engine) -> RunView:
            (kept,) = await engine.workflows()
            new = graph({"id": "other", "type": "t.note"})
            await engine.update_workflow(kept.id, {**new, "name": "sub"}, kept.revision)
            return await ended(engine, run_id)

        run_id = await lives.live(first)
        run = await lives.live(then)
        assert run.state is RunState.COMPLETED
        assert {task for task in run.tasks if task.startswith("s.")} == {"s.n", "s.end"}

    simulate(main)


def test_a_thousand_open_runs_are_carried_on() -> None:
    async def main() -> None:
        lives = Lives()
        document = graph(wait("event", name="go"), {"id": "n", "type": "t.note"}, lines="w -> n")

        async def first(engine: Engine) -> list[str]:
            return [await started(engine, document) for _ in range(1000)]

        async def then(engine: Engine) -> set[RunState]:
            await engine.publish("go")
            return {(await ended(engine, run_id)).state for run_id in run_ids}

        run_ids = await lives.live(first)
        assert await lives.live(then) == {RunState.COMPLETED}
        assert len(lives.done) == 1000

    simulate(main)


def test_a_cancel_counts_though_the_process_ends_before_the_task_does() -> None:
    class Deaf(TaskType):
        """Takes its time to end."""

        name = "t.deaf"

        async def run(self, task: TaskContext) -> None:
            try:
                await asyncio.sleep(100)
            except asyncio.CancelledError:
                await asyncio.sleep(2)

    async def main() -> None:
        store = MemoryStore()
        document = graph({"id": "d", "type": "t.deaf"}, {"id": "c", "type": "cancel", "config": {"tasks": ["d"]}})
        kept = mortal(store)
        engine = engine_with(Deaf, store=kept)
        run_id = (await engine.start(document)).id
        await asyncio.sleep(1)
        kept.dead = True
        await engine.close()
        async with engine_with(Deaf, store=store) as engine:
            await engine.recover()
            run = await ended(engine, run_id)
            assert run.tasks["d"].reason == Reason.CANCELED
            assert [e.type for e in run.events if e.task == "d"].count("task.started") == 1

    simulate(main)


def test_a_run_whose_types_are_gone_stays_as_it_is() -> None:
    async def main() -> None:
        lives = Lives()
        run_id = await lives.live(lambda engine: started(engine, graph({"id": "n", "type": "t.note"})))
        async with engine_with(store=mortal(lives.store)) as engine:
            assert await engine.recover() == []
            assert (await engine.run(run_id)).state is RunState.RUNNING
        assert (await lives.live(lambda engine: ended(engine, run_id))).state is RunState.COMPLETED

    simulate(main)
