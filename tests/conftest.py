"""What holds for every test and for each process that a test starts: numeric libraries use one thread.

The models and matrices of the tests are so small that a second thread mostly waits, and OpenBLAS and OpenMP wait
in a busy loop. Set here because a library reads it once, when it is imported.
"""

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
