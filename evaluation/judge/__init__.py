"""A language model that compares two answers, and whether reviewers would agree with it."""
