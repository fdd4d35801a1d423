"""Widgets that know how to show and nothing of the registry: data comes down by attributes, messages go up."""
