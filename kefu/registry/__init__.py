"""Experiments and the model registry, in MLflow. Only this room imports it."""

import os

# A shop's runs are nobody else's business. MLflow reads both while it is imported.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")
