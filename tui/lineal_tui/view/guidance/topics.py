"""The names of the guides, for whoever offers them without reading one."""

from __future__ import annotations

TOPICS = ("track", "release", "explore", "govern", "gates", "roles", "import", "ci", "automate", "upkeep", "reference")
"""In the order in which a newcomer meets them."""
