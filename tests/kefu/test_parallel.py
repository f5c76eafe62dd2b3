"""Results in order, memory bounded, and no process left behind."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from functools import partial

import psutil
import pytest

from kefu.parallel import AHEAD, Workers
from kefu.paths import ROOT


def squarer(plus: int):
    return partial(_square, plus)


def _square(plus: int, number: int) -> tuple[int, int]:
    if number < 0:
        raise ValueError(f"{number} is negative")
    return number * number + plus, os.getpid()


def test_results_come_in_order_from_other_processes():
    with Workers(partial(squarer, 1), 2) as workers:
        results = list(workers.map(range(40)))
        again = list(workers.map(range(3)))
    assert [value for value, _ in results] == [n * n + 1 for n in range(40)]
    assert os.getpid() not in {pid for _, pid in results}
    assert [value for value, _ in again] == [1, 2, 5]


@pytest.mark.parametrize(("count", "small"), [(1, False), (2, True)])
def test_few_items_need_no_process(count, small):
    with Workers(partial(squarer, 0), count) as workers:
        assert list(workers.map([2], small=small)) == [(4, os.getpid())]


def test_only_a_few_items_are_read_ahead():
    taken: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    with Workers(partial(squarer, 0), 2) as workers:
        results = workers.map(numbers())
        next(results)
        assert len(taken) <= AHEAD * 2
        next(results)
        assert len(taken) <= AHEAD * 2 + 1


def test_an_error_in_a_worker_reaches_the_caller():
    with Workers(partial(squarer, 0), 2) as workers, pytest.raises(ValueError, match="-1 is negative"):
        list(workers.map([1, -1, 2]))


def test_workers_end_when_their_parent_is_killed():
    program = textwrap.dedent("""
        from functools import partial
        from kefu.parallel import Workers
        from tests.kefu.test_parallel import squarer

        if __name__ == "__main__":
            with Workers(partial(squarer, 0), 2) as workers:
                results = workers.map(iter(int, 1))
                print(*{next(results)[1] for _ in range(20)}, flush=True)
                input()
    """)
    parent = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    workers = [psutil.Process(pid) for pid in pids]
    assert workers
    parent.kill()
    parent.wait()
    gone, alive = psutil.wait_procs(workers, timeout=60)
    assert not alive
