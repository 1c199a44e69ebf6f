"""relay.py PORT NETWORK: connections to a port of this machine's loopback go to the same port in another network namespace; until its
stdin ends. A socket belongs to the namespace that it was made in, so the listener is made first."""
import asyncio, ctypes, os, socket, sys

port = int(sys.argv[1])
listener = socket.create_server(("127.0.0.1", port), backlog=512)
if ctypes.CDLL(None, use_errno=True).setns(os.open(sys.argv[2], os.O_RDONLY), 0x40000000) != 0:
    raise OSError(ctypes.get_errno(), "setns")


async def copy(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.transport.abort()


relays = set()


async def relay(reader, writer):
    # A loop alone does not keep its tasks.
    relays.add(asyncio.current_task())
    asyncio.current_task().add_done_callback(relays.discard)
    try:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))
        far_writer.close()
    except OSError:
        pass
    writer.close()


async def main():
    await asyncio.start_server(relay, sock=listener)
    print("READY", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    # Connections that are open end with the process.
    os._exit(0)


asyncio.run(main())
