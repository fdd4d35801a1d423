"""Keeping a registry whole: backups, verification, the doctor."""
