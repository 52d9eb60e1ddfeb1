"""Graphs made by chance, each from a seed, of the scripted types and the flow types."""

import random
from dataclasses import dataclass
from typing import Any

PORTS = ("p", "q", "r")


@dataclass(frozen=True)
class Case:
    """A graph and how to run it."""

    document: dict[str, Any]
    inputs: dict[str, Any]
    max_concurrency: int | None


def random_case(seed: int) -> Case:
    """The graph of this seed; the same seed always gives the same."""
    return Maker(random.Random(seed)).make()


class Maker:
    """Makes one graph: `flow` holds the tasks in an order that the connections follow; `racy` ones race much."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.flow: list[dict[str, Any]] = []
        self.lines: list[dict[str, str]] = []
        self.racy = self.maybe(0.3)

    def maybe(self, odds: float) -> bool:
        return self.chance.random() < odds

    def make(self) -> Case:
        size = self.chance.choice((1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24))
        starts = self.maybe(0.7)
        for number in range(size):
            first = number == 0 and starts
            self.flow.append({"id": f"t{number}", "type": "start"} if first else self.task(number))
        self.connect()
        for task in self.flow:
            self.complete(task)
        tasks = list(self.flow)
        if self.maybe(0.7):
            self.chance.shuffle(tasks)
        self.chance.shuffle(self.lines)
        document: dict[str, Any] = {"blockloom": 1, "tasks": tasks, "connections": self.lines}
        inputs: dict[str, Any] = {}
        if starts and self.maybe(0.2):
            document["inputs"] = {"x": {}, "y": {"default": 5}}
            inputs["x"] = "given"
        return Case(document, inputs, self.chance.choice((1, 1, 2, 3, 4, 5, 6, 7, 8, None, None)))

    def task(self, number: int) -> dict[str, Any]:
        kinds = ("sim.step", "sim.work", "merge", "if", "switch", "end", "start")
        odds = (1, 9, 0.5, 0.5, 0.3, 1, 0.1) if self.racy else (4, 6, 1.5, 1.5, 1, 1, 0.2)
        kind = self.chance.choices(kinds, odds)[0]
        task: dict[str, Any] = {"id": f"t{number}", "type": kind}
        if kind.startswith("sim."):
            task["config"] = self.script(kind)
            self.settings(task)
        elif kind == "if":
            task["config"] = {"condition": self.chance.choice(("True", "False"))}
        elif kind == "switch":
            cases = [{"port": p, "when": self.chance.choice(("True", "False"))} for p in ("one", "two")]
            task["config"] = {"cases": cases, "mode": self.chance.choice(("first", "all"))}
        return task

    def script(self, kind: str) -> dict[str, Any]:
        ports = self.chance.sample(PORTS, self.chance.randrange(4))
        cut = self.chance.randrange(len(ports) + 1)
        branches = self.chance.sample(("yes", "no"), self.chance.choice((0, 0, 1, 2)))
        script: dict[str, Any] = {"needs": ports[:cut], "takes": ports[cut:]}
        script["gives"] = self.chance.choice((["out"], ["out"], ["out", "more"], []))
        script |= {"branches": branches, "taken": [port for port in branches if self.maybe(0.7)]}
        if self.maybe(0.02 if self.racy else 0.12):
            script["fails"] = self.chance.choice((1, 2, 9))
        if kind == "sim.work":
            script["lasts"] = self.chance.uniform(0.1, 10.0)
        return script

    def settings(self, task: dict[str, Any]) -> None:
        if self.maybe(0.2):
            task["retry"] = {"attempts": self.chance.randint(1, 3), "delay": self.chance.uniform(0.1, 5.0)}
            task["retry"] |= {"backoff": self.chance.choice((1, 2)), "max_delay": 6, "jitter": False}
        if self.maybe(0.1):
            task["timeout"] = self.chance.uniform(0.1, 10.0)

    def connect(self) -> None:
        for place, task in enumerate(self.flow):
            sources = self.flow[max(0, place - self.chance.choice((1, 2, 3, 24))) : place]
            if task["type"] == "start" and not self.maybe(0.3):
                continue
            odds = (0.2, 3, 4, 2, 0.5) if self.racy else (0.4, 4, 3, 1.5, 0.5)
            for _ in range(self.chance.choices((0, 1, 2, 3, 5), odds)[0] if sources else 0):
                self.lines.append(self.line(self.chance.choice(sources), task))

    def line(self, source: dict[str, Any], target: dict[str, Any]) -> dict[str, str]:
        outputs = self.outputs(source)
        port = self.chance.choice(outputs) if outputs and self.maybe(0.75) else ""
        if self.maybe(0.35 if source.get("config", {}).get("fails") else 0.03):
            port = "error"
        inputs = self.inputs(target)
        name = self.chance.choice(inputs) if inputs and self.maybe(0.65) else ""
        if port == "error" and "timeout" in source:
            name = ""  # the sentence about a timeout is not part of the contract
        return {
            "from": ".".join(filter(None, (source["id"], port))),
            "to": ".".join(filter(None, (target["id"], name))),
        }

    def outputs(self, task: dict[str, Any]) -> list[str]:
        kind, config = task["type"], task.get("config", {})
        fixed = {"start": ["x", "y"], "merge": ["values", "result"], "if": ["true", "false"], "end": []}
        if kind == "switch":
            return [*(case["port"] for case in config["cases"]), "default"]
        return fixed[kind] if kind in fixed else [*config["gives"], *config["branches"]]

    def inputs(self, task: dict[str, Any]) -> list[str]:
        kind, config = task["type"], task.get("config", {})
        fixed = {"start": [], "merge": list(PORTS), "if": ["value", "p"], "switch": ["value"], "end": ["a", "b"]}
        return fixed[kind] if kind in fixed else [*config["needs"], *config["takes"]]

    def lost(self) -> set[str]:
        """The tasks that no start task reaches."""
        reached = {task["id"] for task in self.flow if task["type"] == "start"} or {task["id"] for task in self.flow}
        for task in self.flow:  # in the order that the connections follow
            lines = [line for line in self.lines if line["from"].partition(".")[0] == task["id"]]
            if task["id"] in reached:
                reached |= {line["to"].partition(".")[0] for line in lines}
        return {task["id"] for task in self.flow} - reached

    def complete(self, task: dict[str, Any]) -> None:
        """Literals, joins, and no required input that nothing could ever feed."""
        into = [line for line in self.lines if line["to"].partition(".")[0] == task["id"]]
        arriving = [line["to"].partition(".")[2] for line in into]
        literals = {name: f"literal {name}" for name in self.inputs(task) if self.maybe(0.2)}
        if literals:
            task["inputs"] = literals
        if "needs" in task.get("config", {}):
            lost = self.lost()
            coming = {line["to"].partition(".")[2] for line in into if line["from"].partition(".")[0] not in lost}
            fed = {*(arriving if task["id"] in lost else coming), *literals}
            config = task["config"]
            config["takes"] = [*config["takes"], *(name for name in config["needs"] if name not in fed)]
            config["needs"] = [name for name in config["needs"] if name in fed]
        deciding = sum(not name for name in arriving) or len(arriving)
        if deciding and self.maybe(0.6 if self.racy else 0.5):
            count = {"count": self.chance.randint(1, deciding)}
            race = {**count, "cancel_rest": True}
            choices: list[Any] = ["any", "all", "first", {**race, "cancel_rest": False}, race, race, race]
            task["join"] = self.chance.choice(choices[-3:] if self.racy else choices)
