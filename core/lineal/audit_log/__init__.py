"""Reading, checking, exporting and anchoring the audit log."""
