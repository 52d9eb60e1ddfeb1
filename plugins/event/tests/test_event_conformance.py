from blockloom.testing import TriggerConformance, TriggerExample
from blockloom_event import Event, Webhook

PAID = {"name": "order.paid", "filter": "payload['total'] > 100"}


class TestEvent(TriggerConformance):
    trigger = Event
    examples = (
        TriggerExample(
            config=PAID,
            fires=[("order.paid", {"total": 101})],
            ignores=[("order.paid", {"total": 100}), ("order.made", {"total": 101})],
        ),
        TriggerExample(config={"name": "ping"}, fires=[("ping", None), ("ping", [1])], ignores=[("pong", None)]),
    )


class TestWebhook(TriggerConformance):
    trigger = Webhook
    listening = {"port": 0}
    examples = (TriggerExample(config={"path": "/orders"}), TriggerExample(config={"path": "a/b"}))
    refused = (({"path": ""}, "/path"), ({"path": "/a b"}, "/path"))
