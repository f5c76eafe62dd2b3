"""A day of 100,000 dialogues through ingest, measured, and the same day through datatrove."""
