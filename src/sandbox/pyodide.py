"""What Pyodide needs before its memory is kept: modules that rows use, and an event loop without a browser."""

import asyncio
import gc
import os
import time

# Loaded once for all rows: from the archive of the standard library each takes a hundredth of a second.
import abc, array, bisect, calendar, cmath, collections, contextlib, copy, dataclasses, datetime, decimal, enum  # noqa
import fractions, functools, hashlib, heapq, itertools, json, math, numbers, operator, queue, random, re  # noqa
import statistics, string, textwrap, typing, unittest, uuid  # noqa


class Loop(asyncio.BaseEventLoop):
    """Waits for nothing but time."""

    def __init__(self):
        super().__init__()
        self._selector = self

    def select(self, timeout):
        if timeout is None:
            raise RuntimeError("every task waits for another")
        if timeout > 0:
            time.sleep(timeout)
        return []

    def _process_events(self, events):
        pass

    def _write_to_self(self):
        pass


asyncio._set_running_loop(None)
asyncio.run = asyncio.runners.run
asyncio.new_event_loop = asyncio.events.new_event_loop = Loop


def no_process(*_, **__):
    raise PermissionError("no processes in the sandbox")


os.system = os.popen = no_process
os.environ.clear()
