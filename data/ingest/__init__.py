"""From what channels parsed to clean partitions: checked, redacted, without duplicates, counted."""
