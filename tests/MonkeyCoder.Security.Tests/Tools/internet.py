"""The internet as a node under test sees it, or the traps on the node's own loopback; until its stdin ends.

internet.py world LOG CERTIFICATE KEY: names, two sites over HTTP and TLS, and canaries at all else.
internet.py loopback LOG: canaries on the loopback of the node.

Whoever reaches a canary gets its secret; LOG has a line for each, and for each name that was asked for."""
import asyncio, ipaddress, ssl, struct, sys, urllib.parse

CANARY = b"CANARY-" + b"0123456789abcdef" * 2
EXAMPLE, MIRROR, RESOLVER, ATTACKER = "203.0.113.10", "203.0.113.11", "203.0.113.53", "203.0.113.66"
SITES = {(EXAMPLE, 80), (EXAMPLE, 443), (MIRROR, 80), (MIRROR, 443)}
PORTS = [22, 25, 80, 853, 1080, 2375, 5432, 6379, 8000, 8080, 8443, 18080, 18081, 49983]
DATAGRAMS = [("8.8.8.8", 53), ("1.1.1.1", 53), (RESOLVER, 5353), (EXAMPLE, 123), (EXAMPLE, 443), (EXAMPLE, 4500)]
A, CNAME, AAAA = 1, 5, 28
NAMES = {
    "example.com": [EXAMPLE],
    "mixed.pypi.org": [MIRROR, "10.0.0.5"],
    "aaaa.pypi.org": ["::1"],
    "mapped.pypi.org": ["::ffff:169.254.169.254"],
    "nat64.pypi.org": ["64:ff9b::a9fe:a9fe"],
    "zero.pypi.org": ["0.0.0.0"],
    "linklocal.pypi.org": ["169.254.169.254"],
    "cgnat.pypi.org": ["100.64.0.1"],
    "bcast.pypi.org": ["255.255.255.255"],
    "fastflux.pypi.org": [f"203.0.113.{i}" for i in range(100, 140)] + ["10.0.0.5"],
    "metadata.google.internal": ["169.254.169.254"],
}
asked = 0
log = open(sys.argv[2], "a", buffering=1)


def addresses(name):
    """Of one question about a name; None where it does not exist."""
    global asked
    if name == "rebind.pypi.org":
        asked += 1
        return [MIRROR if asked % 2 else "127.0.0.1"]
    if name in NAMES:
        return NAMES[name]
    if name.endswith(".pypi.org"):
        return [MIRROR]
    # The attacker's own zones answer whatever they are asked, and keep it.
    return [ATTACKER] if name.endswith((".test", ".nip.io")) else None


def labels(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def answer(query, most):
    end, parts = 12, []
    while query[end]:
        parts.append(query[end + 1 : end + 1 + query[end]].decode("latin1").lower())
        end += query[end] + 1
    question = query[12 : end + 5]
    name, kind = ".".join(parts), struct.unpack(">H", query[end + 1 : end + 3])[0]
    log.write(f"query {name}\n")
    records, owner = b"", b"\xc0\x0c"
    count = 0
    if name == "cname.pypi.org":
        target = labels("metadata.google.internal")
        records += owner + struct.pack(">HHIH", CNAME, 1, 0, len(target)) + target
        owner, count, name = target, 1, "metadata.google.internal"
    found = addresses(name) if kind == A or name != "rebind.pypi.org" else []
    for address in map(ipaddress.ip_address, found or []):
        if kind == (A if address.version == 4 else AAAA):
            records += owner + struct.pack(">HHIH", kind, 1, 0, len(address.packed)) + address.packed
            count += 1
    flags = 0x8180 if found is not None else 0x8183
    whole = query[:2] + struct.pack(">HHHHH", flags, 1, count, 0, 0) + question + records
    return whole if len(whole) <= most else query[:2] + struct.pack(">HHHHH", flags | 0x200, 1, 0, 0, 0) + question


class Names(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, peer):
        self.transport.sendto(answer(data, 512), peer)


class DatagramCanary(Names):
    def datagram_received(self, data, peer):
        log.write("canary {}:{}\n".format(*self.transport.get_extra_info("sockname")))
        self.transport.sendto(CANARY, peer)


async def names_over_tcp(reader, writer):
    try:
        while True:
            (length,) = struct.unpack(">H", await reader.readexactly(2))
            data = answer(await reader.readexactly(length), 65535)
            writer.write(struct.pack(">H", len(data)) + data)
    except (OSError, asyncio.IncompleteReadError):
        writer.close()


async def serve(reader, writer):
    local = writer.get_extra_info("sockname")[:2]
    try:
        if local not in SITES:
            log.write("canary {}:{}\n".format(*local))
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
            await reader.readexactly(int(fields.get(b"content-length", b"0")))
            status, extra, body = reply(head, fields, local)
            writer.write(b"HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s" % (status, extra, len(body), body))
            await writer.drain()
            if fields.get(b"connection") == b"close":
                break
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
        pass
    writer.close()


def reply(head, fields, local):
    if local not in SITES:
        return b"200 OK", b"", CANARY
    path, _, query = head.split(b" ")[1].decode("latin1").partition("?")
    if path == "/redir":
        asked_for = urllib.parse.parse_qs(query)
        return asked_for.get("code", ["302"])[0].encode() + b" Found", b"Location: " + asked_for["to"][0].encode() + b"\r\n", b""
    if path.startswith("/echo"):
        return b"200 OK", b"", head
    return b"200 OK", b"", b"This is %s at %s port %d.\n" % (fields.get(b"host", b"-"), local[0].encode(), local[1])


async def world(certificate, key):
    loop = asyncio.get_running_loop()
    for port in PORTS:
        await asyncio.start_server(serve, "0.0.0.0", port)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    await asyncio.start_server(serve, "0.0.0.0", 443, ssl=tls)
    await asyncio.start_server(names_over_tcp, RESOLVER, 53)
    await loop.create_datagram_endpoint(Names, local_addr=(RESOLVER, 53))
    for address in DATAGRAMS:
        await loop.create_datagram_endpoint(DatagramCanary, local_addr=address)


async def loopback():
    for port in (80, 1080, 18081):
        await asyncio.start_server(serve, "127.0.0.1", port)


async def main():
    await (world(*sys.argv[3:]) if sys.argv[1] == "world" else loopback())
    print("READY", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
