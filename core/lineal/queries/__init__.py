"""Every SQL statement, one module for each noun; rows become records here and nowhere else."""
