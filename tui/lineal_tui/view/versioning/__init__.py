"""Models and their versions as trees, rows and pages: files, costs, endings, lineage, reproduction."""
