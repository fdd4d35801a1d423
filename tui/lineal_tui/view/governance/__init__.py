"""Gates, decisions and the audit log, as rows, lines and pages."""
