"""The tests; this file is imported before anything of the project that they test."""

import time

STARTED = time.time()  # not psutil's create_time(), which is seconds off once the clock has been set
