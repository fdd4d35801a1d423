"""A folder in which a guide is followed, and a registry with the past that the guide begins with."""

from __future__ import annotations

import json
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path

from lineal.registry import create_registry, open_registry

DATA = Path(__file__).parents[1] / "data"


@dataclass(frozen=True)
class Place:
    """Where a guide is followed."""

    folder: Path
    port: int

    def here(self, text: str) -> str:
        """A text of a guide with this place's folders and port instead of a server's."""
        for name in ("/srv", "/backups"):
            text = text.replace(name, str(self.folder / name.strip("/")))
        return text.replace("127.0.0.1:8080", f"127.0.0.1:{self.port}")


def weights(path: Path, value: float) -> None:
    """Write a model of one number."""
    head = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    path.write_bytes(struct.pack("<Q", len(head)) + head + struct.pack("<f", value))


def prepare(topic: str, place: Place) -> None:
    """Put there what a guide begins with: three versions of churn, two of which were live."""
    if topic == "track":
        return
    if topic == "import":
        shutil.copytree(DATA / "mlflow-3-sqlite", ".", dirs_exist_ok=True)
        shutil.copytree(DATA / "mlflow-2-files", "old")
        shutil.copy(DATA / "trackio" / "digits.db", "digits.db")
    root = Path("other" if topic == "import" else ".lineal")
    create_registry(root).close()
    with open_registry(root) as registry:
        registry.add_dataset("customers", "train.csv", label="2026-11")
        if topic == "import":
            registry.register("churn", "model.safetensors", label="1.0.0")
            return
        parent = None
        for number, label in enumerate(("2.2.0", "2.3.0", "2.4.0")):
            weights(Path("model.safetensors"), float(number))
            with registry.start_run("churn", params={"lr": 0.01}) as run:
                run.use_dataset("data:customers:2026-11")
                run.log_metric("auc", 0.9 + number / 100)
                version = run.register(
                    "churn",
                    "model.safetensors",
                    label=label,
                    owner="ana",
                    purpose="monthly retrain",
                    parents=[] if parent is None else [parent],
                )
            parent = version.ref
            if label != "2.4.0":
                registry.promote(version.ref, "production", reason="better")
        registry.set("churn", {"metric.auc.direction": "higher", "primary_metric": "auc"})
        if topic == "release":
            # the first thing that guide shows is a rollback; what it shows next is done with three versions again
            registry.promote("churn:2.4.0", "production")
    if topic == "ci":
        Path("train.py").write_text("print('trained')\n")
        Path("auc.txt").write_text("0.95\n")
        shutil.copytree(".lineal", place.folder / "srv" / "models")
