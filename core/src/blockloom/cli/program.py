"""The program `blockloom`: its commands, those that plugins offer, and how it ends."""

import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import copy
from itertools import islice
from typing import Any, Final, NoReturn

import click

from ..errors import BlockloomError
from ..plugins import DISABLE, Plugins
from .checking import check
from .doctor import doctor
from .drawing import graph
from .drilling import drill_command
from .history import runs
from .installed import Installed
from .kinds import types
from .pluginlist import plugins
from .refusals import status_of
from .running import run
from .schemas import schema
from .speech import complain, note, say
from .starting import new

INTERRUPTED: Final = 130
"""Exit status after Ctrl-C where no run was there to be stopped; shells say 128 plus the signal."""

READER_GONE: Final = 141
"""Exit status where whoever read the output went away, as with `| head`."""

LEAVE_OUT: Final = "--disable"

_OWN: Final[tuple[click.Command, ...]] = (run, check, types, plugins, doctor, graph, runs, drill_command, new, schema)


class Program(click.Group):
    """The group of all commands. Those of plugins are added when a name is not known, or all are listed."""

    def __init__(self, installed: Plugins | None = None) -> None:
        super().__init__(
            "blockloom",
            help=say("Check, run and draw graphs of tasks.", "检查、运行和绘制任务图。"),
            commands={str(command.name): command for command in _OWN},
            context_settings={"help_option_names": ["-h", "--help"], "obj": Installed(installed)},
        )
        self._complete = False
        self._left_out: list[str] = []
        self.params.append(_disable_option())
        click.version_option(package_name="blockloom", message="%(prog)s %(version)s")(self)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line; `--disable` may stand anywhere in it."""
        return super().parse_args(ctx, _in_front(args))

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, blockloom's own first."""
        self._add_offered(ctx)
        if not ctx.resilient_parsing:
            for why in self._left_out:
                note(say("Warning: ", "警告：") + why)
        return list(self.commands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One command; the plugins are asked only where it may be theirs."""
        known = self.commands.get(cmd_name)
        if known is None or isinstance(known, click.Group):
            self._add_offered(ctx)
        return self.commands.get(cmd_name)

    def invoke(self, ctx: click.Context) -> None:
        """Run the command; what it gives back is not an exit status."""
        try:
            super().invoke(ctx)
        except BrokenPipeError:
            _leave_quietly()
            ctx.exit(READER_GONE)

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        """Run the program; where it stands alone it says what went wrong, and exits."""
        start: Callable[..., Any] = super().main
        if not standalone_mode:
            return start(*args, standalone_mode=False, **extra)
        sys.exit(_outcome(lambda: start(*args, standalone_mode=False, **extra)))

    def _add_offered(self, ctx: click.Context) -> None:
        """Add the commands of plugins: a new one at the top, a group of a known name into that group.

        What cannot be added is left out, and told where all commands are listed.
        """
        if self._complete:
            return
        self._complete = True
        for offer in ctx.ensure_object(Installed).plugins.commands:
            if not isinstance(offer, click.Command) or not offer.name or "." in offer.name:
                why = say(f"{offer!r} is not a usable command.", f"{offer!r} 不是可用的命令。")
                self._left_out.append(why)
                continue
            for name in _add(self, offer):
                source = getattr(offer.callback, "__module__", offer.name)
                why = say(
                    f"{source} offers a command {name!r}, which exists.", f"{source} 提供的命令 {name!r} 已存在。"
                )
                self._left_out.append(why)


def _in_front(args: list[str]) -> list[str]:
    """The words of a command line, with those about disabled plugins before the command."""
    end = args.index("--") if "--" in args else len(args)
    words = iter(args[:end])
    first: list[str] = []
    rest: list[str] = []
    for word in words:
        name = list(islice(words, 1)) if word == LEAVE_OUT else []
        (first if name or word.startswith(f"{LEAVE_OUT}=") else rest).extend([word, *name])
    return [*first, *rest, *args[end:]]


def _disable_option() -> click.Option:
    """The option that leaves out plugins: what `BLOCKLOOM_DISABLE` names for good, it names for one command."""

    def disable(ctx: click.Context, option: click.Parameter, names: tuple[str, ...]) -> None:
        if names and not ctx.resilient_parsing:
            os.environ[DISABLE] = ",".join([*filter(None, [os.environ.get(DISABLE)]), *names])

    text = say("Leave out a plugin, by its name or its distribution.", "停用一个插件（按名称或所属的包）。")
    return click.Option(
        [LEAVE_OUT], metavar="NAME", multiple=True, expose_value=False, is_eager=True, callback=disable, help=text
    )


def main() -> NoReturn:
    """Run the command line and exit."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    Program().main(prog_name="blockloom")
    raise AssertionError("click exits by itself")


def _outcome(start: Callable[[], Any]) -> int:
    """The exit status, once what went wrong has been said: one clear sentence first, then where to read more."""
    try:
        return int(start() or 0)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.UsageError as error:
        complain(error.format_message())
        if error.ctx is not None:
            note(say(f"Try '{error.ctx.command_path} --help'.", f"用法见 '{error.ctx.command_path} --help'。"))
        return error.exit_code
    except click.ClickException as error:
        complain(error.format_message())
        return error.exit_code
    except BlockloomError as error:
        complain(error.message)
        return status_of(error)
    except OSError as error:  # a full disk, a connection that broke: nobody's mistake in the program
        complain(say(f"the system gave up: {error}.", f"系统出错：{error}。"))
        return 1
    except (click.Abort, KeyboardInterrupt):
        note(say("Interrupted.", "已中断。"))
        return INTERRUPTED


def _add(group: click.Group, offer: click.Command) -> Iterator[str]:
    """Add one command, or what a group holds to the group that is there; gives the names that were taken already."""
    standing = group.commands.get(str(offer.name))
    if standing is None:
        group.add_command(offer)
    elif isinstance(standing, click.Group) and isinstance(offer, click.Group):
        merged = copy(standing)
        merged.commands = dict(standing.commands)
        group.add_command(merged)
        for command in offer.commands.values():
            yield from (f"{merged.name} {name}" for name in _add(merged, command))
    else:
        yield str(offer.name)


def _leave_quietly() -> None:
    """Let what is still in the buffers go nowhere, so that Python does not complain at its end."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
            continue
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
