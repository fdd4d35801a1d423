"""The hook of the demo's stage: tells the server to load what `current` points at, and fails when it did not."""

from __future__ import annotations

import http.client
import json
import os
import sys
from pathlib import PurePath

from lineal_tui.demo.serving import HOST

_SECONDS = 10.0


def tell(port: int) -> str | None:
    """Have the server load `current`.

    Args:
        port: of 127.0.0.1.

    Returns:
        The release that it serves now; None for nothing.

    Raises:
        OSError: nobody answers.
        http.client.HTTPException: what answers is no server.
        ValueError: the server says that it could not, or speaks otherwise.
    """
    connection = http.client.HTTPConnection(HOST, port, timeout=_SECONDS)
    try:
        connection.request("POST", "/reload")
        answer = connection.getresponse()
        said = json.loads(answer.read(1 << 16))
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise ValueError(said.get("problem"))
    release: str | None = said["release"]
    return release


def main(arguments: list[str]) -> int:
    """Tell the server on the port that is the only argument."""
    port = int(arguments[0])
    try:
        release = tell(port)
    except OSError as error:
        sys.stderr.write(f"no server answers on {HOST}:{port} ({error}); `lineal demo` starts it\n")
        return 1
    except (ValueError, KeyError, http.client.HTTPException) as error:
        sys.stderr.write(f"the server on {HOST}:{port} did not load it: {error}\n")
        return 1
    wanted = PurePath(os.environ.get("LINEAL_RELEASE", "")).name or None
    if "LINEAL_RELEASE" in os.environ and release != wanted:
        sys.stderr.write(f"the server on {HOST}:{port} loaded {release or 'nothing'}, not {wanted or 'nothing'}\n")
        return 1
    sys.stdout.write(f"the server loaded {release or 'nothing'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
