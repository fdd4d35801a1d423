"""Which commands there are, in groups of what one wants to do: listing them imports none of them."""

from __future__ import annotations

from itertools import chain

GROUPS: dict[str, dict[str, tuple[str, str]]] = {
    "What is live, and who moves it": {
        "live": ("stages", "Tell which version is live at a stage, now or at a time."),
        "history": ("stages", "Who was live at a stage, and who moved it."),
        "promote": ("transitions", "Make a version live at a stage."),
        "rollback": ("transitions", "Put back what was live at a stage before."),
        "undo": ("transitions", "Take the last transition of a stage back."),
        "clear": ("transitions", "Make nothing live at a stage."),
        "pipeline": ("pipelines", "List, follow or cancel what moves a stage now."),
        "stage": ("stage", "Declare, bind and show the stages of a model."),
    },
    "Models and their versions": {
        "models": ("models", "List the models with what is live where."),
        "versions": ("versions", "List the versions of a model, newest first."),
        "tree": ("models", "Draw the version tree of a model."),
        "show": ("show", "Everything about one thing."),
        "diff": ("comparison", "Put versions, or runs, side by side."),
        "lineage": ("lineage", "What something came from, and what came from it."),
        "register": ("register", "Register files as a new version of a model."),
        "set": ("describe", "Set owner, purpose, notes, tags, and how metrics are read."),
        "mark": ("versions", "Mark a version as bad, or as active again."),
        "export": ("exports", "Write a version's files, card, bill of materials, or bundle."),
        "identify": ("identify", "Tell which version, file or dataset some bytes are."),
    },
    "Training": {
        "run": ("running", "Run any command as a run."),
        "log": ("running", "Add figures, hyperparameters or tags to a run from a script."),
        "runs": ("runs", "List runs, the latest first."),
        "experiments": ("runs", "List the experiments."),
        "curve": ("curve", "Draw a metric of runs, across versions, or as observed."),
        "dataset": ("datasets", "Record data."),
        "datasets": ("datasets", "List the datasets."),
        "reproduce": ("reproduce", "What it takes to train a version again, and doing it."),
        "import": ("imports", "Bring what MLflow or Trackio recorded, or a bundle."),
    },
    "Approvals, roles and the audit log": {
        "inbox": ("approvals", "What waits for your approval or review."),
        "approve": ("approvals", "Approve of a version for a stage."),
        "reject": ("approvals", "Reject a version for a stage, or take your approval back."),
        "review": ("approvals", "Say that you have looked at what somebody forced."),
        "roles": ("roles", "Who may do what, where."),
        "grant": ("roles", "Give a user or a group a role."),
        "revoke": ("roles", "Take a role away."),
        "policy": ("policy", "Roles, gates, alerts and automations as a file for git."),
        "audit": ("audit", "The log of every change, chained by hashes."),
        "shell": ("shell", "Serve one person under a service account, and nothing else."),
    },
    "While it is live": {
        "observe": ("observe", "Record what was measured on what is live."),
        "observations": ("observe", "What was observed of what is live."),
        "alerts": ("observe", "How the alerts over what is observed stand."),
        "on": ("automation", "Run commands when something happens."),
    },
    "How versions end": {
        "deprecate": ("endings", "Say until when a version may be used."),
        "retire": ("endings", "End a version, and keep its record."),
        "retention": ("endings", "Say which versions of a model keep their bytes."),
        "gc": ("upkeep", "Remove what no version refers to."),
        "du": ("costs", "What models and their versions cost on disk."),
    },
    "The registry itself": {
        "init": ("init", "Make a new, empty registry."),
        "doctor": ("doctor", "Compare the registry with the disk, and mend it."),
        "verify": ("upkeep", "Check the database, the log and every object."),
        "backup": ("upkeep", "Write a backup while others write."),
        "restore": ("upkeep", "Make a registry from a backup."),
        "demo": ("demo", "Train real models into a sample registry, then open it."),
    },
    "Help": {
        "guide": ("guide", "Read how to do something."),
        "help": ("help", "Tell about a command, as --help after it does."),
        "keys": ("keys", "The application's keys, by their ids."),
        "completion": ("completion", "Print the script that completes words in a shell."),
    },
}
"""Title to commands; a command to the module it is in, and its line in the list."""

COMMANDS = dict(chain.from_iterable(group.items() for group in GROUPS.values()))
"""All of them, by name."""
