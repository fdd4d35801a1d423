"""What every change goes through: one transaction, the permission asked for in it, the audit log's next event."""
