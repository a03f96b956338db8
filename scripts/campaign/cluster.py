# SPDX-License-Identifier: Apache-2.0
"""The Dask cluster that a regression runs on: this machine, a running scheduler, or a batch system."""

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import dask.config
import dask.system
from distributed import Client, LocalCluster

from models.errors import InputError

BATCH = {"slurm": "SLURMCluster", "lsf": "LSFCluster"}
WAIT_S = 10  # for a scheduler, and for the first of its workers


@contextmanager
def connected(where: str, jobs: int | None = None) -> Iterator[Client]:
    """A client of the cluster that CLUSTER names, for the length of a ``with``.

    Args:
        where: '' is a cluster of one worker a core on this machine; 'tcp://host:port' the address of a running
            scheduler, with workers that see this checkout and its .venv under the same paths; 'slurm' and 'lsf' take
            jobs of that batch system as workers, as many as Dask's configuration files allow (jobqueue.slurm,
            jobqueue.lsf, distributed.adaptive).
        jobs: workers on this machine; None: one a core.

    Raises:
        InputError: there is no such cluster, or it has no worker, or ``jobs`` is for another one than this machine.
    """
    if where and jobs:
        raise InputError(f"{where!r} has workers of its own", "JOBS", "leave it out")
    if where in BATCH:
        with _batch(where) as cluster, Client(cluster) as client:
            bounds = dask.config.get("distributed.adaptive")
            cluster.adapt(minimum=bounds["minimum"], maximum=bounds["maximum"])
            yield client
    elif "://" in where:
        with _running(where) as client:
            yield client
    elif where:
        raise InputError(f"unknown cluster {where!r}", "CLUSTER", "give tcp://host:port, slurm or lsf, or leave it out")
    else:
        with _local(jobs or dask.system.CPU_COUNT) as cluster, Client(cluster) as client:
            yield client


def _local(workers: int) -> LocalCluster:
    """So many workers, deaf to Ctrl-C: it is this process that stops them."""
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)  # which they inherit
    try:
        return LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            memory_limit=None,
            dashboard_address="127.0.0.1:0",  # a free port
            silence_logs=logging.CRITICAL,
        )
    finally:
        signal.signal(signal.SIGINT, handler)


def _batch(where: str):
    try:
        import dask_jobqueue
    except ImportError:
        hint = "install it: .venv/bin/python -m pip install dask-jobqueue"
        raise InputError(f"dask-jobqueue is missing, and CLUSTER={where} needs it", "CLUSTER", hint) from None
    try:
        return getattr(dask_jobqueue, BATCH[where])()
    except (ValueError, TypeError) as problem:
        hint = f"set jobqueue.{where} in ~/.config/dask/jobqueue.yaml"
        raise InputError(" ".join(str(problem).split()), f"CLUSTER={where}", hint) from None


def _running(address: str) -> Client:
    hint = "start `dask scheduler` and `dask worker`, or leave it out"
    try:
        client = Client(address, timeout=WAIT_S)
    except (OSError, ValueError):
        raise InputError(f"no scheduler answers at {address!r}", "CLUSTER", hint) from None
    try:
        client.wait_for_workers(1, timeout=WAIT_S)
    except TimeoutError:
        client.close()
        raise InputError(f"the scheduler at {address!r} has no worker", "CLUSTER", hint) from None
    return client
