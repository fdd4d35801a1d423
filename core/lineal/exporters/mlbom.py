"""A machine-learning bill of materials: CycloneDX 1.6 in JSON, https://cyclonedx.org/docs/1.6/json/."""

from __future__ import annotations

import json
import math
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from lineal.exporters.facts import VersionFacts
    from lineal.records.base import Micros
    from lineal.records.data import DatasetVersion


def mlbom(facts: VersionFacts, *, lineal_version: str, at: Micros) -> str:
    """The bill of materials of a version: the model, its data, its parents, and the packages it was trained with.

    Args:
        facts: of the version.
        lineal_version: of the program that writes it.
        at: when it is written.
    """
    version = facts.detail.version
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.UUID(version.uid), f'mlbom {at}')}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(at / 1e6, UTC).isoformat(timespec="seconds"),
            "tools": {"components": [{"type": "application", "name": "lineal", "version": lineal_version}]},
            "component": _model(facts),
        },
        "components": [*_datasets(facts), *_parents(facts), *_packages(facts)],
        "dependencies": [
            {
                "ref": version.uid,
                "dependsOn": sorted(
                    {*(data.ref for data, _ in facts.datasets), *(parent.ref for parent in version.parents)}
                ),
            }
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _model(facts: VersionFacts) -> dict[str, object]:
    detail, version = facts.detail, facts.detail.version
    card: dict[str, object] = {
        "modelParameters": {
            "datasets": [{"ref": data.ref} for data, role in facts.datasets if role == "train"],
            **_architecture(facts),
        },
        "quantitativeAnalysis": {
            "performanceMetrics": [
                {"type": metric.name, "value": f"{metric.value:.9g}", "slice": metric.dataset or "not said"}
                for metric in detail.metrics.values()
                if math.isfinite(metric.value)
            ]
        },
    }
    if facts.purpose:
        card["considerations"] = {"useCases": [facts.purpose]}
    component: dict[str, object] = {
        "type": "machine-learning-model",
        "bom-ref": version.uid,
        "name": version.model,
        "version": version.label,
        "modelCard": card,
        "properties": [
            {"name": "lineal:status", "value": version.status.value},
            *({"name": f"lineal:param:{name}", "value": json.dumps(value)} for name, value in detail.params.items()),
        ],
    }
    if version.notes:
        component["description"] = version.notes
    if facts.owner:
        component["authors"] = [{"name": facts.owner}]
    if detail.artifact is not None:
        component["components"] = [
            {
                "type": "file",
                "bom-ref": f"{version.uid}/{file.path}",
                "name": file.path,
                "hashes": [{"alg": "SHA-256", "content": file.digest.removeprefix("sha256:")}],
                "properties": [{"name": "lineal:format", "value": file.format}],
            }
            for file in detail.artifact.files
        ]
    return component


def _architecture(facts: VersionFacts) -> dict[str, object]:
    architecture = facts.detail.architecture
    if architecture is None:
        return {}
    told = architecture.kind
    if architecture.parameters is not None:
        told += f", {architecture.parameters} parameters in {len(architecture.tensors)} tensors"
    return {"modelArchitecture": told}


def _datasets(facts: VersionFacts) -> list[dict[str, object]]:
    by_ref: dict[str, tuple[DatasetVersion, list[str]]] = {}
    for data, role in facts.datasets:
        by_ref.setdefault(data.ref, (data, []))[1].append(role)
    components: list[dict[str, object]] = []
    for ref, (data, roles) in by_ref.items():
        told = {"type": "dataset", "name": data.dataset, "description": f"used for: {', '.join(roles)}"}
        components.append(
            {
                "type": "data",
                "bom-ref": ref,
                "name": data.dataset,
                "version": data.label,
                "hashes": [{"alg": "SHA-256", "content": data.digest.removeprefix("sha256:")}],
                "data": [told],
            }
        )
    return components


def _parents(facts: VersionFacts) -> list[dict[str, object]]:
    parents: list[dict[str, object]] = []
    for parent in facts.detail.version.parents:
        name, _, label = parent.ref.partition(":")
        parents.append(
            {
                "type": "machine-learning-model",
                "bom-ref": parent.ref,
                "name": name,
                "version": label,
                "properties": [{"name": "lineal:relation", "value": parent.relation.value}],
            }
        )
    return parents


def _packages(facts: VersionFacts) -> list[dict[str, object]]:
    environment = facts.detail.environment
    if environment is None:
        return []
    components: list[dict[str, object]] = []
    for name, number in environment.packages:
        purl = f"pkg:pypi/{quote(name)}@{quote(number)}"
        components.append({"type": "library", "bom-ref": purl, "name": name, "version": number, "purl": purl})
    return components
