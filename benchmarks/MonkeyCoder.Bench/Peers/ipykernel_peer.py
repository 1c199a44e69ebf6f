"""A plain ipykernel, driven by jupyter_client: prints milliseconds, one sample a line."""

import sys
import time

from jupyter_client.manager import start_new_kernel


def run_cell(client):
    """Runs 1+1 and waits for its result and for the kernel to be idle again."""
    request = client.execute("1+1")
    result = None
    while True:
        message = client.get_iopub_msg(timeout=60)
        if message["parent_header"].get("msg_id") != request:
            continue
        if message["msg_type"] == "execute_result":
            result = message["content"]["data"]["text/plain"]
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            assert result == "2", result
            return


def stop(manager, client):
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def measure_start(count):
    for index in range(count + 1):
        started = time.perf_counter()
        manager, client = start_new_kernel(kernel_name="python3")
        run_cell(client)
        elapsed = time.perf_counter() - started
        stop(manager, client)
        if index > 0:  # The first one warms the page cache.
            print(elapsed * 1000, flush=True)


def measure_round_trip(count):
    manager, client = start_new_kernel(kernel_name="python3")
    run_cell(client)
    for _ in range(count):
        started = time.perf_counter()
        run_cell(client)
        print((time.perf_counter() - started) * 1000, flush=True)
    stop(manager, client)


if __name__ == "__main__":
    {"start": measure_start, "round-trip": measure_round_trip}[sys.argv[1]](int(sys.argv[2]))
