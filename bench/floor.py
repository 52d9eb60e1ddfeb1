"""The floor: in-degree counters and one direct await a node, with no states, events, values by name or checks."""

from graphs import Shape


async def step(value: int) -> int:
    """What a node does: give back what it was given."""
    return value


async def decide(value: int) -> bool:
    """What a node of the ladder does: choose a way."""
    return value > 0


class Floor:
    """A graph as lists of numbers, made before the clock starts."""

    def __init__(self, shape: Shape) -> None:
        self.ahead: list[list[int]] = [[] for _ in range(shape.size)]
        self.open = [0] * shape.size
        for start, end in shape.lines:
            self.ahead[start].append(end)
            self.open[end] += 1

    async def run(self) -> int:
        """Run every node once all before it have run; the number of nodes that ran."""
        ahead, left = self.ahead, list(self.open)
        values = [1] * len(left)
        ready = [node for node, count in enumerate(left) if not count]
        ran = 0
        for node in ready:
            value = await step(values[node])
            ran += 1
            for target in ahead[node]:
                values[target] = value
                left[target] -= 1
                if not left[target]:
                    ready.append(target)
        return ran

    async def climb(self) -> int:
        """Run a ladder: of the two nodes after one, the odd is canceled, the even goes on; the number that ran."""
        ahead = self.ahead
        values = [1] * len(ahead)
        canceled = [False] * len(ahead)
        ready = [0]
        ran = 0
        for node in ready:
            taken = await decide(values[node])
            ran += 1
            for target in ahead[node]:
                if (target % 2 == 0) is taken:
                    values[target] = values[node]
                    ready.append(target)
                else:
                    canceled[target] = True
        return ran
