"""Versions that differ in just what a test says."""

from __future__ import annotations

from dataclasses import replace

from lineal.records.base import Micros, Uid
from lineal.records.models import Version, VersionDetail, VersionStatus


def detail(label: str = "1.0.0", **more: object) -> VersionDetail:
    version = Version(
        id=1,
        model="fraud",
        label=label,
        seq=1,
        uid=Uid("6f9619ff-8b86-4011-b42d-00c04fc964ff"),
        digest=None,
        status=VersionStatus.ACTIVE,
        owner=None,
        purpose=None,
        notes=None,
        created_at=Micros(0),
        created_by="ada",
        run=None,
    )
    return replace(VersionDetail(version=version, label_reason=""), **more)  # type: ignore[arg-type]
