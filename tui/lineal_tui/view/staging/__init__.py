"""Stages as rows and pages, their history, what is observed there, and what is asked before they change."""
