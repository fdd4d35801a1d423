"""The documentation that is read where the tool is used: one Markdown file for each topic."""
