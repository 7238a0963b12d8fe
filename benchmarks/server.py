"""A server that answers every POST as DevLake does when it stored something.

Usage: server.py [SECONDS], which each answer takes; 0 if not given.

It reads no more of a request than where it ends, so that what is compared are its clients. Prints
its port, then answers until it is ended.
"""

import asyncio
import re
import sys

BODY = b'{"success":true,"message":"success","data":null}'
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
)


class Client(asyncio.Protocol):
    """One connection, kept alive."""

    def __init__(self, seconds: float) -> None:
        """Take how long an answer takes."""
        self.seconds = seconds

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin with nothing read."""
        self.transport = transport
        self.read = b""

    def data_received(self, data: bytes) -> None:
        """Answer each request that is there to its end."""
        self.read += data
        while b"\r\n\r\n" in self.read:
            head, _, rest = self.read.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            size = int(length[1]) if length else 0
            if len(rest) < size:
                return
            self.read = rest[size:]
            if self.seconds:
                asyncio.get_running_loop().call_later(self.seconds, self.transport.write, ANSWER)
            else:
                self.transport.write(ANSWER)


async def serve(seconds: float) -> None:
    """Listen on any port that is free."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Client(seconds), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]) if sys.argv[1:] else 0.0))
