"""Who may do what."""

from __future__ import annotations

GOVERNANCE = """
-- Without a row here the registry is open. Who had which role when is in the audit log.
CREATE TABLE role_bindings (
    id INTEGER PRIMARY KEY,
    subject TEXT NOT NULL CHECK (subject <> '' AND subject <> '@'),
    role TEXT NOT NULL CHECK (role IN ('viewer', 'contributor', 'approver', 'deployer', 'admin')),
    model_id INTEGER REFERENCES models,  -- NULL: all of them, and what belongs to none
    stage_id INTEGER REFERENCES stages,  -- NULL: all of the model
    granted_at INTEGER NOT NULL,
    granted_by TEXT NOT NULL,
    CHECK (stage_id IS NULL OR model_id IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX role_bindings_one_per_place
ON role_bindings (subject, ifnull(model_id, 0), ifnull(stage_id, 0));
CREATE TRIGGER role_bindings_stage_of_model BEFORE INSERT ON role_bindings
WHEN NEW.stage_id IS NOT NULL
AND NOT EXISTS (SELECT 1 FROM stages WHERE id = NEW.stage_id AND model_id = NEW.model_id)
BEGIN SELECT RAISE(ABORT, 'a stage belongs to one model'); END;
CREATE TRIGGER role_bindings_fixed BEFORE UPDATE OF subject, model_id, stage_id ON role_bindings
BEGIN SELECT RAISE(ABORT, 'a binding changes its role only'); END;
-- Once somebody is admin of all models, somebody always is.
CREATE TRIGGER role_bindings_keep_an_admin BEFORE DELETE ON role_bindings
WHEN OLD.role = 'admin' AND OLD.model_id IS NULL
AND NOT EXISTS (SELECT 1 FROM role_bindings WHERE role = 'admin' AND model_id IS NULL AND id <> OLD.id)
BEGIN SELECT RAISE(ABORT, 'the last admin stays'); END;
CREATE TRIGGER role_bindings_demote_no_last_admin BEFORE UPDATE OF role ON role_bindings
WHEN OLD.role = 'admin' AND OLD.model_id IS NULL AND NEW.role <> 'admin'
AND NOT EXISTS (SELECT 1 FROM role_bindings WHERE role = 'admin' AND model_id IS NULL AND id <> OLD.id)
BEGIN SELECT RAISE(ABORT, 'the last admin stays'); END;
CREATE TRIGGER role_bindings_first_is_an_admin BEFORE INSERT ON role_bindings
WHEN (NEW.role <> 'admin' OR NEW.model_id IS NOT NULL)
AND NOT EXISTS (SELECT 1 FROM role_bindings WHERE role = 'admin' AND model_id IS NULL)
BEGIN SELECT RAISE(ABORT, 'the first role is that of an admin of all models'); END;
"""
