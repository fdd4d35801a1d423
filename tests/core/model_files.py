"""Small model files for tests, as their writers make them."""

from __future__ import annotations

import io
import json
import struct
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

WEIGHTS: dict[str, np.ndarray[Any, Any]] = {
    "layer.weight": np.arange(12, dtype=np.float32).reshape(3, 4),
    "layer.bias": np.zeros(3, dtype=np.float16),
    "empty": np.zeros((0, 5), dtype=np.int64),
    "scalar": np.array(7, dtype=np.uint8),
}


def packed(header: object, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


VALID = safetensors.numpy.save(WEIGHTS, metadata={"a": "b"})


def array_bytes() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.arange(4))
    return stream.getvalue()


def archive_bytes() -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, w=np.arange(4), b=np.ones(2))
    return stream.getvalue()


ARRAY, ARCHIVE = array_bytes(), archive_bytes()
