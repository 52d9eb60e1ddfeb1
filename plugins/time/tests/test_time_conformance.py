from blockloom.testing import TriggerConformance, TriggerExample
from blockloom_time import AfterTrigger, AtTrigger, CronTrigger, EveryTrigger


class TestAt(TriggerConformance):
    trigger = AtTrigger
    examples = (
        TriggerExample(config={"time": "2026-02-01T09:00:00+08:00"}, moments=["2026-02-01T01:00:00Z"]),
        TriggerExample(config={"time": "2026-03-01"}, moments=["2026-03-01T00:00:00Z"]),
    )
    refused = (({"time": "soon"}, "/time"),)


class TestAfter(TriggerConformance):
    trigger = AfterTrigger
    examples = (
        TriggerExample(config={"delay": "10m"}, moments=["2026-01-01T00:10:00Z"]),
        TriggerExample(config={"delay": 90}, moments=["2026-01-01T00:01:30Z"]),
    )
    refused = (({"delay": "soon"}, "/delay"), ({"delay": -1}, "/delay"))


class TestEvery(TriggerConformance):
    trigger = EveryTrigger
    examples = (
        TriggerExample(config={"interval": "1h"}, moments=["2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z"]),
        TriggerExample(config={"interval": 30}, moments=["2026-01-01T00:00:30Z"]),
    )
    refused = (({"interval": 0}, "/interval"),)


class TestCron(TriggerConformance):
    trigger = CronTrigger
    examples = (
        TriggerExample(
            config={"expression": "0 9 * * MON-FRI", "timezone": "Asia/Shanghai"},
            moments=["2026-01-01T01:00:00Z", "2026-01-02T01:00:00Z", "2026-01-05T01:00:00Z"],
        ),
        TriggerExample(config={"expression": "*/15 * * * *"}, moments=["2026-01-01T00:15:00Z"]),
    )
    refused = (
        ({"expression": "0 9 * *"}, "/expression"),
        ({"expression": "0 0 30 2 *"}, "/expression"),
        ({"expression": "* * * * *", "timezone": "Moon/Tycho"}, "/timezone"),
    )
