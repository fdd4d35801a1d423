"""The process of an alert's command: `python -m lineal.processes.alert_runner`, which alert fired on standard input."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from lineal.operations.reacting import run_command
from lineal.registry import open_registry
from lineal.staging.detached import let_go_of_terminal


def main() -> None:
    """Leave whoever began this, and run the command to its end."""
    content = json.loads(sys.stdin.buffer.read())
    claims = (content["claim"] or "").split(",")
    claim = next((each.removeprefix("as:") for each in claims if each.startswith("as:")), None)
    if os.fork() != 0:
        os._exit(0)
    os.setsid()
    let_go_of_terminal()
    with open_registry(Path(content["root"]), actor_claim=claim, vouched=content["vouched"]) as registry:
        run_command(registry.context, content["episode"])


if __name__ == "__main__":
    main()
