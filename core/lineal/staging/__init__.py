"""What is live where: stages, transitions, and the pipelines that put releases into directories."""
