"""Checks of what a generated sentence claims against the sources that the model was shown."""
