"""The official connector, imported once and forked for each run: its packages take two seconds of CPU to import, and a
run of the suite starts it some two hundred times.

A program of its own, with nothing but the standard library. `python preloaded.py serve SOCKET MODULE`, with the python
of the connector's environment, imports the module and waits. `python preloaded.py run SOCKET FOLDER ARGUMENT ...` has
it run `MODULE.run()` out of another folder, as if by itself: with these arguments, and the standard streams, folder and
environment of the caller. It ends with its exit code; killing it kills the run.
"""

import contextlib
import importlib
import json
import os
import selectors
import signal
import socket
import struct
import sys
import time
from dataclasses import dataclass

LENGTH = struct.Struct("!I")


@dataclass(frozen=True)
class Order:
    """What a run is to be, as its caller asked for it."""

    folder: str
    arguments: list[str]
    working_folder: str
    environment: dict[str, str]


def serve(path: str, module: str) -> int | None:
    importlib.import_module(module)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(128)
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        runs: dict[int, tuple[int, socket.socket]] = {}
        while True:
            for key, _ in selector.select():
                if key.fileobj is listener:
                    connection, _ = listener.accept()
                    order, streams = received(connection)
                    child = os.fork()
                    if child == 0:
                        selector.close()
                        for inherited in (listener, connection, *(other for _, other in runs.values())):
                            inherited.close()
                        # The interpreter ends as it does after any program.
                        return work(module, order, streams)
                    for stream in streams:
                        os.close(stream)
                    ended = os.pidfd_open(child)
                    runs[ended] = child, connection
                    selector.register(ended, selectors.EVENT_READ)
                    selector.register(connection, selectors.EVENT_READ, child)
                elif key.data is None:
                    child, connection = runs.pop(key.fd)
                    _, status = os.waitpid(child, 0)
                    selector.unregister(key.fd)
                    os.close(key.fd)
                    if connection.fileno() >= 0:
                        selector.unregister(connection)
                        answer(connection, os.waitstatus_to_exitcode(status))
                else:
                    # Nobody waits for it any more.
                    selector.unregister(key.fileobj)
                    key.fileobj.close()
                    os.kill(key.data, signal.SIGKILL)


def received(connection: socket.socket) -> tuple[Order, list[int]]:
    size, streams, *_ = socket.recv_fds(connection, LENGTH.size, 3)
    left = LENGTH.unpack(size)[0]
    content = b""
    while len(content) < left:
        content += connection.recv(left - len(content))
    return Order(**json.loads(content)), streams


def answer(connection: socket.socket, exit_code: int) -> None:
    # The caller may have been killed in this moment.
    with connection, contextlib.suppress(OSError):
        connection.sendall(str(exit_code).encode())


def work(module: str, order: Order, streams: list[int]) -> int | None:
    for standard, stream in enumerate(streams):
        os.dup2(stream, standard)
        os.close(stream)
    os.chdir(order.working_folder)
    os.environ.clear()
    os.environ.update(order.environment)
    time.tzset()
    # The package is imported anew: out of the folder, not the one that is installed, which would ask the real API.
    package = module.partition(".")[0]
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]
    sys.path.insert(0, order.folder)
    importlib.invalidate_caches()
    program = importlib.import_module(module)
    assert program.__file__.startswith(order.folder), program.__file__
    sys.argv[:] = [package, *order.arguments]
    return program.run()


def run(path: str, folder: str, *arguments: str) -> int:
    content = json.dumps(vars(Order(folder, list(arguments), os.getcwd(), dict(os.environ)))).encode()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        socket.send_fds(connection, [LENGTH.pack(len(content))], [0, 1, 2])
        connection.sendall(content)
        # It alone must hold the streams, so that their readers see where they end.
        for standard in (0, 1, 2):
            os.close(standard)
        exit_code = int(connection.recv(16) or 1)
    if exit_code < 0:
        os.kill(os.getpid(), -exit_code)
    return exit_code


if __name__ == "__main__":
    sys.exit({"serve": serve, "run": run}[sys.argv[1]](*sys.argv[2:]))
