"""The process of a pipeline started by one with threads: `python -m lineal.processes.runner`, order on stdin."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from lineal.errors import LinealError, to_fields
from lineal.records.releases import Order
from lineal.records.stages import Action
from lineal.registry import open_registry
from lineal.staging.detached import let_go_of_terminal, serve


def main() -> None:
    """Begin the pipeline, say so on standard output, and finish it on one's own."""
    content = json.loads(sys.stdin.buffer.read())
    claims = (content["claim"] or "").split(",")
    claim = next((each.removeprefix("as:") for each in claims if each.startswith("as:")), None)
    order = Order(**{**content["order"], "action": Action(content["order"]["action"])})
    writer = os.dup(1)
    os.set_inheritable(writer, False)
    if os.fork() != 0:
        os._exit(0)
    os.setsid()
    let_go_of_terminal()
    try:
        with open_registry(Path(content["root"]), actor_claim=claim, vouched=content["vouched"]) as registry:
            serve(registry.context, order, writer)
    except LinealError as error:
        os.write(writer, json.dumps(to_fields(error)).encode())


if __name__ == "__main__":
    main()
