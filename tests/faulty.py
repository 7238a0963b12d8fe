"""Servers that do what no server should, a connection at a time."""

import gzip
import socket
import struct
import threading
from contextlib import suppress

SLOW = 0.2
"""Seconds between two bytes of a server that drips."""
CHUNK = b"x" * 65536
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
FOUND = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n"
BOMB = gzip.compress(bytes(1 << 20)) * 1024
"""A megabyte that unpacks to a gigabyte."""


class Faulty:
    """A server on this machine that treats each connection as `behaviour` does."""

    def __init__(self, behaviour):
        self.behaviour = behaviour
        self.sent = 0
        self.connections = 0
        self.over = threading.Event()
        self.asked = threading.Event()
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.over.set()
        self.socket.close()

    def _accept(self):
        with suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                self.connections += 1
                threading.Thread(target=self._treat, args=(connection,), daemon=True).start()

    def _treat(self, connection):
        with connection, suppress(OSError):
            connection.recv(65536)
            self.asked.set()
            self.behaviour(self, connection)

    def send(self, connection, data):
        connection.sendall(data)
        self.sent += len(data)

    def repeat(self, connection, data):
        while not self.over.is_set():
            self.send(connection, data)

    def drip(self, connection):
        while not self.over.wait(SLOW):
            self.send(connection, b"1")


def never_answers(server, _):
    server.over.wait(60)


def drips_headers(server, connection):
    server.send(connection, OK + b"X-Long: ")
    server.drip(connection)


def drips_a_body(server, connection):
    server.send(connection, OK + b"Content-Length: 100000\r\n\r\n")
    server.drip(connection)


def resets(_, connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hangs_up(*_):
    """Close at once."""


def talks_nonsense(server, connection):
    server.send(connection, b"\x00\xff 220 mail.example ESMTP\r\n")


def sends_endless_headers(server, connection):
    server.send(connection, OK)
    server.repeat(connection, b"X-More: " + b"x" * 1000 + b"\r\n")


def sends_an_endless_header(server, connection):
    server.send(connection, OK + b"X-More: ")
    server.repeat(connection, CHUNK)


def continues_for_ever(server, connection):
    server.repeat(connection, b"HTTP/1.1 100 Continue\r\n\r\n")


def sends_an_endless_body(server, connection):
    server.send(connection, OK + b"\r\n")
    server.repeat(connection, CHUNK)


def sends_endless_chunks(server, connection):
    server.send(connection, OK + b"Transfer-Encoding: chunked\r\n\r\n")
    server.repeat(connection, b"10000\r\n" + CHUNK + b"\r\n")


def sends_a_chunk_of_less_than_nothing(server, connection):
    server.send(connection, OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n")
    server.repeat(connection, CHUNK)


def informs_for_ever(server, connection):
    server.repeat(connection, b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")


def sends_a_gigabyte(server, connection):
    server.send(connection, OK + b"Content-Length: 1073741824\r\n\r\n")
    for _ in range(16384):
        server.send(connection, CHUNK)


def redirects_with_an_endless_body(server, connection):
    server.send(connection, FOUND + b"\r\n")
    server.repeat(connection, CHUNK)


def sends_a_bomb(server, connection, head=OK):
    length = b"Content-Length: %d\r\n" % len(BOMB)
    server.send(connection, head + b"Content-Encoding: gzip\r\n" + length + b"\r\n" + BOMB)


def redirects_with_a_bomb(server, connection):
    sends_a_bomb(server, connection, FOUND)


class NeverAccepts:
    """A server whose queue of connections is full."""

    def __enter__(self):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=0)
        address = self.socket.getsockname()
        self.url = f"http://127.0.0.1:{address[1]}"
        self.waiting = [socket.socket() for _ in range(4)]
        for each in self.waiting:
            each.settimeout(0)
            each.connect_ex(address)
        return self

    def __exit__(self, *_):
        for each in (*self.waiting, self.socket):
            each.close()
