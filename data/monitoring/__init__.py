"""The profile of a day: what came in, how it differs from the weeks before, which questions are new."""
