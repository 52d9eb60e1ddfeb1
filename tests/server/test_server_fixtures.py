"""The fixtures that the pytest plugin of the server gives: a real server, and a client of it."""

import pytest
from blockloom_server.background import Background, Caller, CallFailed

GRAPH = {
    "blockloom": 1,
    "inputs": {"n": {}},
    "tasks": [{"id": "start", "type": "start"}, {"id": "end", "type": "end"}],
    "connections": [{"from": "start.n", "to": "end.n"}],
}


def test_a_client_runs_a_graph_on_the_server(blockloom_client: Caller) -> None:
    run = blockloom_client.run(GRAPH, {"n": 1})
    assert (run["state"], run["outputs"]) == ("COMPLETED", {"n": 1})
    assert {notice["type"] for notice in blockloom_client.notices} >= {"run.started", "run.completed"}


def test_what_the_server_refuses_is_raised(blockloom_client: Caller) -> None:
    with pytest.raises(CallFailed, match=r"run\.get: .* \(-32002\)"):
        blockloom_client.call("run.get", run="nowhere")


def test_two_clients_share_a_server(blockloom_server: Background, blockloom_client: Caller) -> None:
    with Caller(blockloom_server.url) as other:
        made = blockloom_client.call("workflow.create", graph=GRAPH)["workflow"]
        assert made in {workflow["workflow"] for workflow in other.call("workflow.list")["workflows"]}
