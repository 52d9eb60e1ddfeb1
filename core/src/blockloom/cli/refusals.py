"""Problems as the command line shows them: for a person, grouped and readable, or as JSON."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import click

from ..errors import BadFormat, BlockloomError, InvalidInputs, StoreFailed, StoreTaken, StoreUnusable, WithProblems
from ..problem import Problem, errors
from .speech import complain, count, note, one_line, paint, say, show_excerpt, show_json

WRONG = 2
"""The exit status where the graph, the inputs or the usage is wrong."""

_STATUSES: Final[dict[type[BlockloomError], int]] = {StoreUnusable: 3, StoreFailed: 3, StoreTaken: 4}


def status_of(error: BlockloomError) -> int:
    """The exit status that an error ends the program with."""
    return _STATUSES.get(type(error), WRONG)


@contextmanager
def refusing(as_json: bool, subject: str) -> Iterator[None]:
    """Where an error comes out of it: shows what is wrong with `subject` and ends with its status."""
    try:
        yield
    except BlockloomError as error:
        found = problems_of(error)
        if as_json:
            show_json({"problems": [problem.to_json() for problem in found]})
        if isinstance(error, BadFormat) and len(found) == 1:
            _complain_of(found[0], subject)
        elif isinstance(error, WithProblems):
            complain(_opening(error, subject, found))
            list_problems(found, note)
        else:
            complain(error.message)
        click.get_current_context().exit(status_of(error))


def problems_of(error: BlockloomError) -> list[Problem]:
    """Every problem that an error carries, or itself as one."""
    if isinstance(error, WithProblems):
        return [problem for problem in error.problems if isinstance(problem, Problem)]
    return [Problem(code=error.code, text=error.message)]


def list_problems(problems: Sequence[Problem], out: Callable[[str], None]) -> None:
    """All problems, errors before warnings, each with its code, its place, what is wrong and what to do."""
    for problem in sorted(problems, key=lambda problem: problem.severity):
        error = problem.severity == "error"
        severity = say("error", "错误") if error else say("warning", "警告")
        head = paint(severity, fg="red" if error else "yellow", bold=True)
        out(f"\n{head} {paint(problem.code, bold=True)} {one_line(problem.path)}".rstrip())
        out(f"  {one_line(problem.message, 1000)}")
        show_excerpt(problem.excerpt, out)
        if problem.hint:
            out(f"  → {one_line(problem.hint, 1000)}")


def how_many(problems: Sequence[Problem]) -> str:
    """As `2 errors, 1 warning`."""
    wrong = len(errors(problems))
    counts = (wrong, "error", "个错误"), (len(problems) - wrong, "warning", "个警告")
    return say(", ", "，").join(count(*each) for each in counts if each[0])


def _complain_of(problem: Problem, subject: str) -> None:
    """One problem of a document as a whole: what, and what to do."""
    message = one_line(problem.message, 1000)
    complain(message if subject in message else f"{subject}: {message}")
    note(f"  → {one_line(problem.hint, 1000)}")


def _opening(error: WithProblems, subject: str, problems: Sequence[Problem]) -> str:
    many = how_many(problems)
    if isinstance(error, InvalidInputs):
        return say(f"the inputs do not fit: {many}.", f"输入不符合要求：{many}。")
    return say(f"{subject} cannot run: {many}.", f"{subject} 无法运行：{many}。")
