"""Automations and what they ran, as rows and pages."""
