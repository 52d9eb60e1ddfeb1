"""What a job writes is believed by nobody: a process that was taken over can fail its own task and nothing more."""

import asyncio
import struct
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from blockloom import TaskFailed
from blockloom_code.frames import FAILURE, LINE, VALUE, Reader, TooLong, pack
from blockloom_code.limits import MAX_LINES, MAX_TYPE, Limits
from blockloom_code.order import Order
from blockloom_code.outcome import Job
from blockloom_code.pool import _results


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture
def job(loop: asyncio.AbstractEventLoop) -> Job:
    return Job([Order(source="1", limits=Limits(), log=lambda line: None)], loop.create_future())


def failure(job: Job) -> TaskFailed:
    job.end("", 0, "")
    values, error = _results(job)
    assert values == []
    assert isinstance(error, TaskFailed)
    return error


GARBAGE: list[bytes] = [
    b"",
    b"\xff" * 100,
    pack(b"?", b"x"),
    pack(VALUE, b""),
    pack(VALUE, b"{"),
    pack(VALUE, b"NaN"),
    pack(VALUE, b"[Infinity]"),
    pack(VALUE, b"\xff\xfe"),
    pack(VALUE, b"[" * 100_000),
    pack(VALUE, b"9" * 5000),
    pack(FAILURE, b"[]"),
    pack(FAILURE, b"3"),
    pack(FAILURE, b"\xff"),
    pack(FAILURE, b"[" * 100_000),
    struct.pack("!IB", 2**32 - 1, VALUE[0]) + b"x" * 1000,
]


@pytest.mark.parametrize("data", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_is_a_crash_of_the_job(job: Job, data: bytes) -> None:
    job.take(data)
    assert failure(job).type == "sandbox_crashed"


def test_a_frame_beyond_the_limit_ends_the_job_before_it_is_there(job: Job) -> None:
    assert job.take(pack(LINE, b"hi")) is True
    assert job.take(struct.pack("!IB", 100 * 1024 * 1024, VALUE[0])) is False


def test_only_the_first_word_counts(job: Job) -> None:
    job.take(pack(VALUE, b"1") + pack(VALUE, b"2") + pack(FAILURE, b'["a", "b"]'))
    job.end("killed", 9, "")
    assert _results(job) == ([1], None)


def test_a_failure_is_cut_to_its_size(job: Job) -> None:
    job.take(pack(FAILURE, b'["%s", {"en": "%s"}, "%s"]' % (b"t" * 9999, b"m" * 100_000, b"e" * 9999)))
    error = failure(job)
    assert len(error.type) == MAX_TYPE
    assert len(str(error)) <= 4 * 2048


def test_lines_beyond_the_limit_are_dropped(loop: asyncio.AbstractEventLoop) -> None:
    lines: list[str] = []
    job = Job([Order(source="1", limits=Limits(), log=lines.append)], loop.create_future())
    for _ in range(20):
        job.take(pack(LINE, b"\n" * 1000))
    assert len(lines) == MAX_LINES


@pytest.mark.parametrize(
    ("why", "number", "kind"),
    [("time", 9, "time_limit"), ("", 9, "memory_limit"), ("", 11, "sandbox_crashed"), ("", 24, "time_limit"),
     ("", 0, "sandbox_crashed"), ("start", 0, "sandbox_crashed"), ("closed", 0, "sandbox_crashed")],
)  # fmt: skip
def test_an_end_without_a_word_is_named_by_its_cause(job: Job, why: str, number: int, kind: str) -> None:
    job.end(why, number, "")
    _, error = _results(job)
    assert isinstance(error, TaskFailed)
    assert error.type == kind


@pytest.mark.parametrize("cut", [lambda data: [data], lambda data: [data[i : i + 1] for i in range(len(data))]])
def test_frames_survive_any_cut(cut: Callable[[bytes], list[bytes]]) -> None:
    frames: list[tuple[bytes, bytes]] = [(VALUE, b"a" * 300), (LINE, b""), (FAILURE, b"b")]
    reader, found = Reader(1000), []
    for piece in cut(b"".join(pack(kind, body) for kind, body in frames)):
        found += list(reader.feed(piece))
    assert found == frames


def test_a_reader_refuses_what_is_too_long() -> None:
    with pytest.raises(TooLong):
        list(Reader(10).feed(pack(VALUE, b"x" * 11)))


def test_large_values_travel_whole_in_both_directions(desk: Any) -> None:
    text = "日x" * 1_000_000
    assert desk.value("return text[:-1]", {"text": text}) == text[:-1]
    assert desk.value("return len(text)", {"text": "x" * 40_000_000}) == 40_000_000
