"""The protocol as TypeScript: made from the descriptions, and of use to who writes a front end."""

import json
import os
import subprocess
from pathlib import Path
from typing import Final

import pytest
from blockloom_server.methods import TABLE
from blockloom_server.openrpc import describe

ROOT: Final = Path(__file__).parents[2]
WEB: Final = ROOT / "server/web"

FRONT_END: Final = """
import type { ErrorCode, Methods, Notifications } from "./protocol.ts";

declare function call<Name extends keyof Methods>(
  name: Name, params: Methods[Name]["params"],
): Promise<Methods[Name]["result"]>;
declare function hear(what: (event: Notifications["event"]) => void): void;

const started = await call("run.start", { workflow: "triage", inputs: { ticket: "down" }, key: "k1" });
const { seq, tasks } = await call("run.get", { run: started.run });
export const states: string[] = Object.values(tasks).map((task) => task.state);
export const known: ErrorCode = -32003;
hear(({ run, type, data }) => { console.log(run ?? "outside of runs", type, data["outputs"], seq); });
"""


def _run(tool: Path, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    path = f"{ROOT / '.web/bin'}{os.pathsep}{os.environ['PATH']}"
    assert tool.exists(), f"{tool} is not there: `make test` installs it"
    return subprocess.run(
        [tool, *arguments], input=given, capture_output=True, text=True, cwd=WEB, env={**os.environ, "PATH": path}
    )


def _check(folder: Path, source: str) -> str:
    """What the compiler says of a module beside the types, with the page's own settings."""
    for name in ("tsconfig.json", "src/protocol.ts"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text((WEB / name).read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "src/front.ts").write_text(source, encoding="utf-8")
    return _run(WEB / "node_modules/.bin/tsc", "--project", str(folder), "--allowImportingTsExtensions").stdout


def test_the_types_are_fresh() -> None:
    made = _run(ROOT / ".web/bin/node", "protocol.js", given=json.dumps(describe(TABLE)))
    assert made.returncode == 0, made.stderr
    assert (WEB / "src/protocol.ts").read_text(encoding="utf-8") == made.stdout, "make types"


def test_a_front_end_that_follows_the_types_compiles(tmp_path: Path) -> None:
    assert _check(tmp_path, FRONT_END) == ""


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ('"run.start"', '"run.begin"', "run.begin"),
        ("workflow: ", "wrokflow: ", "wrokflow"),
        ('key: "k1"', "key: 1", "number"),
        ("{ seq, tasks }", "{ sequence, tasks }", "sequence"),
        ("-32003", "-32099", "-32099"),
    ],
)
def test_a_front_end_that_does_not_is_told(tmp_path: Path, right: str, wrong: str, said: str) -> None:
    assert FRONT_END.count(right) == 1
    complaints = _check(tmp_path, FRONT_END.replace(right, wrong)).splitlines()
    assert [line for line in complaints if "src/front.ts(" in line and said in line], complaints
