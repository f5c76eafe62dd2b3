"""Removes a person from everything the loop wrote, and says what was removed and which models saw them."""
