"""Makes the SAMPLE days of a shop pack: invented conversations with known truth, for demo and tests.

The engine knows nothing of any business: words, scripts, typos and formats are the pack's
(``sample/*.yaml``). It is not a model of real customers: figures measured on it only show that the loop
works (``docs/measurements/real-data.md`` has the real ones).
"""
