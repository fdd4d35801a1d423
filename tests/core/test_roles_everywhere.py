"""Everything that changes a registry is refused to a viewer, and leaves everything as it was."""

from __future__ import annotations

import getpass
import io
import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from lineal.errors import ExitCode, NotPermitted
from lineal.records.observations import Observation
from lineal.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.core.conftest import Served

ME = getpass.getuser()
OTHER = "daemon"

READS = frozenset(
    {
        *("alert_episodes", "alerts", "firing", "observed_at", "observed_hours", "observed_latest", "observed_of"),
        *("observed_values", "unobserved"),
        *("actor", "assess", "audit_head", "backup", "binding", "child_counts", "close", "compare_with_machine"),
        *(
            "compare_policy",
            "complete",
            "context",
            "data_uses",
            "policy",
            "cost",
            "count_runs",
            "count_versions",
            "curve_metrics",
            "curves",
            "data_version",
        ),
        *("dataset", "dataset_version", "dataset_versions", "datasets", "decisions", "detail", "details", "diff"),
        *("event_filter", "event_numbers", "event_totals", "events", "events_numbered", "events_since", "examine"),
        *("experiment", "experiments", "expired", "export", "export_bundle", "export_events", "follow", "gates"),
        *("history", "holds", "identify", "inbox", "lacks", "lineage", "live", "live_at", "lost_runs"),
        *("metric_across", "metrics_across", "model", "model_cost", "models", "nested_runs", "newest_seq"),
        *("open_file", "pipelines", "place", "plan_clear", "plan_promote", "plan_rollback", "plan_undo", "points"),
        *("prepare", "read_only", "read_only_reason", "recipe", "resolve", "retention", "roles", "rollback_candidates"),
        *("root", "run", "run_cells", "run_count", "run_detail", "run_details", "run_fields", "run_figures", "runs"),
        "scopes_of",
        *("runs_later", "runs_page", "running_pipelines", "search_datasets", "search_runs", "search_runs_page"),
        *("search_versions", "search_versions_page", "spans", "stage_state", "stages", "standing", "tree"),
        *("tree_skeleton", "uid", "uncommitted_changes", "values", "verify", "verify_events", "version"),
        *("version_cost", "version_costs", "version_count", "version_matches", "versions", "versions_by_id"),
        *("versions_page", "why_not", "write_files", "current"),
        *("overdue", "runs_by_number", "search_experiments", "search_models", "search_run_numbers"),
        *("automation_states", "delivered_events", "delivery_attempts", "observed_curve", "observed_metrics"),
        *("automation", "automations", "deliveries", "delivery", "runs_automations", "settle_automations"),
    }
)
"""What leaves a registry as it is."""


class Ground:
    """A registry with one of everything, in which whoever runs the tests is a viewer."""

    def __init__(self, served: Served) -> None:
        """Fill it, and give it away."""
        self.registry, self.served = served.registry, served
        registry = served.registry
        registry.add_automation("promoted", None, ["true"])
        for label in (1, 2):
            registry.promote(f"m:{label}", "production")
        registry.settle_automations()
        self.delivery = registry.deliveries()[0].id
        self.data = served.folder / "data.csv"
        self.data.write_text("a\n1\n")
        registry.add_dataset("d", self.data)
        with registry.start_run("e", params={"lr": 1.0}) as run:
            run.log_metric("loss", 0.5)
        self.run = run.ref
        stream = io.BytesIO()
        registry.export_bundle("m:1", stream)
        self.bundle = stream.getvalue()
        self.promotion = registry.plan_promote("m:3", "production")
        registry.mark("m:6", "bad")
        registry.grant(OTHER, "admin")
        with registry.context.db.write("test") as connection:
            connection.execute(
                "INSERT INTO role_bindings (subject, role, granted_at, granted_by) VALUES (?, 'viewer', 0, ?)",
                (ME, OTHER),
            )

    def state(self) -> tuple[list[str], list[tuple[str, int]]]:
        """Everything that could change."""
        registry, served = self.registry, self.served
        with closing(sqlite3.connect(registry.root / "registry.db")) as connection:
            content = list(connection.iterdump())
        files = [
            (os.fspath(path), path.lstat().st_size)
            for folder in (registry.root, served.directory)
            for path in sorted(folder.rglob("*"))
            if "lock" not in path.name and path.name not in {"tmp", "uses"}
        ]
        return content, files


CHANGES: dict[str, Callable[[Ground, Registry], Any]] = {
    "add_automation": lambda _, registry: registry.add_automation("promoted", "m@production", ["true"]),
    "add_dataset": lambda ground, registry: registry.add_dataset("d2", ground.data),
    "add_stage": lambda _, registry: registry.add_stage("m", "canary"),
    "remove_stage": lambda _, registry: registry.remove_stage("m@canary"),
    "apply_policy": lambda _, registry: registry.apply_policy(f'[[roles]]\nsubject = "{ME}"\nrole = "admin"\n'),
    "approve": lambda _, registry: registry.approve("m:3", "production"),
    "begin": lambda ground, registry: registry.begin(ground.promotion),
    "bind_stage": lambda ground, registry: registry.bind_stage("m@staging", release=str(ground.served.folder / "new")),
    "cancel_pipeline": lambda _, registry: registry.cancel_pipeline("m@production"),
    "clear": lambda _, registry: registry.clear("m@production"),
    "configure_stage": lambda _, registry: registry.configure_stage("m@production", gates={"approvals": 0}),
    "deliver_again": lambda ground, registry: registry.deliver_again(ground.delivery),
    "deprecate": lambda _, registry: registry.deprecate("m:4", until=None),
    "enable_automation": lambda _, registry: registry.enable_automation("promoted", enabled=False),
    "evaluate": lambda _, registry: registry.evaluate("m:3", {"auc": 0.9}),
    "execute": lambda ground, registry: registry.execute(ground.promotion),
    "expire": lambda _, registry: registry.expire(),
    "gc": lambda _, registry: registry.gc(),
    "grant": lambda _, registry: registry.grant(ME, "admin"),
    "import_bundle": lambda ground, registry: registry.import_bundle(io.BytesIO(ground.bundle)),
    "import_mlflow": lambda ground, registry: registry.import_mlflow(ground.data),
    "import_trackio": lambda ground, registry: registry.import_trackio(ground.data),
    "log_figures": lambda ground, registry: registry.log_figures(ground.run, {"auc": 0.9}),
    "log_params": lambda ground, registry: registry.log_params(ground.run, {"a": 1}),
    "log_tags": lambda ground, registry: registry.log_tags(ground.run, {"a": "b"}),
    "mark": lambda _, registry: registry.mark("m:3", "bad"),
    "observe": lambda _, registry: registry.observe("m@production", {"latency": 71.0}),
    "observe_all": lambda _, registry: registry.observe_all("m@production", [Observation("latency", 71.0)]),
    "promote": lambda _, registry: registry.promote("m:3", "production"),
    "register": lambda ground, registry: registry.register("m", ground.data),
    "reject": lambda _, registry: registry.reject("m:3", "production"),
    "remove_alerts": lambda _, registry: registry.remove_alerts("m@production", "all"),
    "remove_automation": lambda _, registry: registry.remove_automation("promoted"),
    "repair": lambda _, registry: registry.repair(),
    "retire": lambda _, registry: registry.retire("m:4", reason="old"),
    "review": lambda _, registry: registry.review("m@production#1"),
    "revoke": lambda _, registry: registry.revoke(ME, "viewer"),
    "rollback": lambda _, registry: registry.rollback("m@production", bad=True),
    "set_alerts": lambda _, registry: registry.set_alerts("m@production", "latency < 80"),
    "set": lambda _, registry: registry.set("m:3", {"owner": "eve"}),
    "set_gates": lambda _, registry: registry.set_gates("m@production", approvals=0),
    "set_retention": lambda _, registry: registry.set_retention("m", keep_last=1),
    "start_run": lambda _, registry: registry.start_run("e"),
    "unbind_stage": lambda _, registry: registry.unbind_stage("m@production"),
    "undo": lambda _, registry: registry.undo("m@production"),
}
"""Everything else, each done so that only the role stands against it."""


def test_it_is_known_of_every_method_whether_it_changes_a_registry() -> None:
    names = {name for name in dir(Registry) if not name.startswith("_")}
    unknown = names - READS - CHANGES.keys()
    assert not unknown, "say in READS or CHANGES what these do, so that roles are known to hold for them"
    assert not READS & CHANGES.keys()


@pytest.mark.parametrize("name", CHANGES)
def test_a_viewer_changes_nothing(name: str, served: Served) -> None:
    ground = Ground(served)
    before = ground.state()
    with pytest.raises(NotPermitted) as refused:
        CHANGES[name](ground, ground.registry)
    assert refused.value.exit_code == ExitCode.REFUSED
    assert f"{ME} is viewer of all models" in str(refused.value)
    assert ground.state() == before


@pytest.mark.parametrize("name", ["register", "promote", "add_stage", "evaluate", "retire", "set_retention"])
def test_the_same_is_done_for_an_admin(name: str, served: Served) -> None:
    ground = Ground(served)
    with ground.registry.context.db.write("test") as connection:
        connection.execute("UPDATE role_bindings SET role = 'admin'")
    before = ground.state()
    CHANGES[name](ground, ground.registry)
    assert ground.state() != before


def test_a_run_that_goes_on_when_its_role_is_revoked_records_no_more(served: Served) -> None:
    registry = served.registry
    run = registry.start_run("e")
    run.log_metric("loss", 1.0)
    run.flush()
    registry.grant(OTHER, "admin")
    with pytest.raises(NotPermitted):
        run.log_params({"a": 1})
    with pytest.raises(NotPermitted):
        registry.log_figures(run.ref, {"loss": 2.0})
    assert registry.run_detail(run.ref).run.status == "running"
    with registry.context.db.write("test") as connection:  # only admins grant
        connection.execute(
            "INSERT INTO role_bindings (subject, role, granted_at, granted_by) VALUES (?, 'contributor', 0, ?)",
            (ME, OTHER),
        )
    run.finish()
    assert registry.run_detail(run.ref).run.status == "finished"
