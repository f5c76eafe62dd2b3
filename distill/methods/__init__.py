"""Methods of distillation: one file for each value of ``distill.method``, behind ``Objective``."""
