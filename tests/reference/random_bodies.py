"""Graphs made by chance whose tasks hold bodies, which hold bodies, up to three levels of them."""

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from random_graphs import PORTS, Case, Maker

LEVELS = 3
HOLDERS = ("foreach", "loop", "workflow")
WHILE = (
    "p == None",
    "p != None",
    "len(str(p)) % 3 != 0",
    "sum(map(ord, str(p))) % 4 != 0",
    "True",
    "False",
)
UNTIL = ("results[0] != None", "results[-1] != None", "results.count(None) < 2", "False", "results[0] == {}")
STATES = ("stopped", "stopped", "completed", "failed")


def random_bodies(seed: int) -> Case:
    """The graph of this seed; a seed counts through the places from 1 to 8 and no limit."""
    case = BodyMaker(random.Random(seed)).make()
    return replace(case, max_concurrency=(None, *range(1, 9))[seed % 9])


class BodyMaker(Maker):
    """Makes one graph at a level: 0 is the run's own, which has no declared inputs of its own here."""

    def __init__(self, chance: random.Random, level: int = 0, given: Mapping[str, Any] | None = None) -> None:
        super().__init__(chance)
        self.level = level
        self.given = dict(given or {})

    def make(self) -> Case:
        """The graph and its inputs."""
        size = self.chance.choice((1, 2, 3, 4, 5, 6, 8)) if not self.level else self.chance.choice((1, 1, 2, 2, 3, 4))
        starts = self.maybe(0.7) or bool(self.level)
        if starts:
            self.flow.append({"id": "start", "type": "start"})
        self.flow += [self.task(number) for number in range(size)]
        if self.level or self.maybe(0.6):
            self.flow.append({"id": "end", "type": "end"})
        self.connect()
        self.feed_the_end()
        for task in self.flow:
            self.complete(task)
        tasks = list(self.flow)
        if self.maybe(0.5):
            self.chance.shuffle(tasks)
        self.chance.shuffle(self.lines)
        document: dict[str, Any] = {"tasks": tasks, "connections": self.lines}
        if self.level:
            document["inputs"] = self.given
        else:
            document = {"blockloom": 1, **document}
        return Case(document, {}, None)

    def feed_the_end(self) -> None:
        """Give a body something to give."""
        end, names = self.flow[-1], {"foreach": PORTS, "loop": ("p", "q", "out"), "workflow": ("out", "p")}
        if not self.level or end["type"] != "end":
            return
        for source in self.chance.sample(self.flow[:-1], min(len(self.flow) - 1, self.chance.choice((1, 1, 2)))):
            if outputs := self.outputs(source):
                name = self.chance.choice(names["loop"])
                self.lines.append({"from": f"{source['id']}.{self.chance.choice(outputs)}", "to": f"end.{name}"})

    def task(self, number: int) -> dict[str, Any]:
        """Any kind of task."""
        kinds = ("foreach", "loop", "workflow", "stop", "cancel", "other")
        odds = (1.2, 0.8, 0.6, 0.2, 0.3, 4) if self.level < LEVELS else (0, 0, 0, 0.3, 0.3, 4)
        kind = self.chance.choices(kinds, odds)[0]
        if kind == "other":
            return self.scripted(super().task(number))
        task: dict[str, Any] = {"id": f"t{number}", "type": kind}
        if kind == "stop":
            task["config"] = {"state": self.chance.choice(STATES)}
        elif kind == "cancel":
            task["config"] = {"tasks": []}
        else:
            task["config"] = self.holding(kind)
            self.settings(task)
        return task

    def scripted(self, task: dict[str, Any]) -> dict[str, Any]:
        """Let tasks of bodies take times that differ, and fail a little less."""
        config = task.get("config", {})
        if "lasts" in config and self.level:
            config["lasts"] = self.chance.uniform(0.1, 3.0)
            config["varies"] = self.chance.uniform(1.0, 4.0)
        if self.level and "fails" in config and self.maybe(0.5):
            del config["fails"]
        return task

    def holding(self, kind: str) -> dict[str, Any]:
        """The settings of a task that holds a body, and the body."""
        names = self.chance.sample(PORTS, self.chance.choice((1, 1, 1, 2)))
        if kind == "loop" and "p" not in names:
            names.append("p")
        given: dict[str, Any] = {name: {"default": 7} if self.maybe(0.3) else {} for name in names}
        if kind == "foreach":
            given |= {name: {} for name in ("item", "index") if self.maybe(0.8)}
        config: dict[str, Any] = {"body": BodyMaker(self.chance, self.level + 1, given).make().document}
        more: dict[str, Any] = getattr(self, kind)()
        return config | more

    def workflow(self) -> dict[str, Any]:
        return {}

    def loop(self) -> dict[str, Any]:
        if self.maybe(0.5):
            return {"times": self.chance.choice((0, 1, 2, 3))}
        return {"while": self.chance.choice(WHILE), "max": self.chance.choice((2, 3, 4))}

    def foreach(self) -> dict[str, Any]:
        config: dict[str, Any] = {}
        if self.maybe(0.3):
            config["concurrency"] = self.chance.choice((1, 2, 3))
        if self.maybe(0.4):
            config["on_error"] = self.chance.choice(("fail", "collect", "collect"))
        if self.maybe(0.25):
            config["need"] = self.chance.choice((1, 2, 3))
        if self.maybe(0.2):
            config["until"] = self.chance.choice(UNTIL)
        return config

    def line(self, source: dict[str, Any], target: dict[str, Any]) -> dict[str, str]:
        """A line; only a list goes into `items`, and errors of what holds bodies are caught often."""
        made = super().line(source, target)
        port = made["from"].partition(".")[2]
        if source["type"] in HOLDERS and self.maybe(0.15):
            made["from"], port = f"{source['id']}.error", "error"
        if made["to"].endswith(".items") and not self.is_list(source, port):
            made["to"] = target["id"]
        return made

    def is_list(self, source: dict[str, Any], port: str) -> bool:
        """Whether an output carries a list, whatever happens."""
        config = source.get("config", {})
        lists = {"merge": ["values"], "foreach": ["results", "errors"]}.get(source["type"], [])
        return port in [*lists, *config.get("gives", []), *config.get("branches", [])]

    def outputs(self, task: dict[str, Any]) -> list[str]:
        """The ports that it has."""
        kind = task["type"]
        if kind in ("stop", "cancel"):
            return []
        if kind == "foreach":
            return ["results", "errors"]
        if kind in HOLDERS:
            ends = [line["to"].partition(".") for line in task["config"]["body"]["connections"]]
            return [name for id, _, name in ends if id == "end" and name]
        if kind == "start" and self.level:
            return list(self.given)
        return super().outputs(task)

    def inputs(self, task: dict[str, Any]) -> list[str]:
        """The inputs that it has."""
        kind = task["type"]
        if kind in ("stop", "cancel"):
            return []
        if kind in HOLDERS:
            return list(self.required(task)) + [name for name in self.taken(task) if name not in self.required(task)]
        return super().inputs(task)

    def taken(self, task: dict[str, Any]) -> dict[str, Any]:
        """What the body of a task takes from the task's inputs."""
        given = task["config"]["body"]["inputs"]
        return {n: said for n, said in given.items() if task["type"] != "foreach" or n not in ("item", "index")}

    def required(self, task: dict[str, Any]) -> list[str]:
        items = ["items"] if task["type"] == "foreach" else []
        return items + [name for name, said in self.taken(task).items() if "default" not in said]

    def complete(self, task: dict[str, Any]) -> None:
        """Literals for what nothing feeds, and others to cancel."""
        super().complete(task)
        if task["type"] == "cancel":
            others = [other["id"] for other in self.flow if other is not task]
            task["config"]["tasks"] = [self.chance.choice(others)] if others else []
            if not others:
                task |= {"type": "stop", "config": {}}
        if task["type"] not in HOLDERS:
            return
        literals = task.setdefault("inputs", {})
        if "items" in literals:
            literals["items"] = self.items()
        lost = self.lost()
        into = [line for line in self.lines if line["to"].partition(".")[0] == task["id"]]
        coming = [line for line in into if task["id"] in lost or line["from"].partition(".")[0] not in lost]
        fed = {line["to"].partition(".")[2] for line in coming} | set(literals)
        for name in self.required(task):
            if name not in fed:
                literals[name] = self.items() if name == "items" else f"literal {name}"

    def items(self) -> list[Any]:
        return [f"item {n}" for n in range(self.chance.choice((0, 1, 2, 3, 3, 5)))]
