"""The doors of machines: they say who is calling and translate, nothing else."""
