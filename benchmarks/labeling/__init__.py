"""Several ways to label, on two sets, compared fairly."""
