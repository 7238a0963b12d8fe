"""One HTTP exchange within a time limit, whatever the other side does.

Apart from the rest of the edge so that only what sends pays for importing requests.
"""

import http.client
import io
import queue
import re
import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any, NoReturn, TypeVar

import requests
import requests.adapters
import requests.utils
import urllib3.connection
import urllib3.connectionpool
import urllib3.exceptions

from devlake_ci import __version__
from devlake_ci.devlake.request import Answer, NotSentError, Request
from devlake_ci.options import Options

LONGEST_ANSWER = 64 * 1024
"""Bytes of an answer that are read; DevLake's are far shorter."""
LONGEST_JSON = 8 * 1024 * 1024
"""Bytes of a CI's API answer that are read."""
_LONGEST_EXCHANGE = LONGEST_JSON + 1024 * 1024
"""Bytes that one exchange may take off the wire, heads and framing and all."""
_CONNECT = 10.0
_WAKE = 0.1
_BUNDLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE")
_HEADERS = {
    "User-Agent": f"devlake-ci/{__version__}",
    "Accept": "application/json",
    "Accept-Encoding": "identity",  # nothing to unpack, so nothing that explodes
}
_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")

T = TypeVar("T")
_MAIN = threading.main_thread()


class Connections:
    """Connections that are kept alive, with the certificates that the user named."""

    def __init__(self, options: Options, env: Mapping[str, str]) -> None:
        """Take certificates and proxies from the options and `env`."""
        self._adapter = _Adapter()
        self._proxies = lru_cache(requests.utils.get_environ_proxies)
        self._addressed = lru_cache(lambda method, url: requests.Request(method, url).prepare())
        self._idle: _Worker | None = None
        self._verify = next(filter(None, (options.ca_bundle, *map(env.get, _BUNDLES))), True)
        # The CA of its server, which GitLab hands to every job; DevLake's may be another one.
        # https://docs.gitlab.com/ci/variables/predefined_variables/
        self._ci_bundle = env.get("CI_SERVER_TLS_CA_FILE")
        key = options.client_key
        self._cert = (options.client_cert or "", key) if key else options.client_cert

    def send(self, request: Request, seconds: float) -> Answer:
        """POST a request as JSON; raise NotSentError. Redirects are given back, not followed."""
        return self._exchange(request, seconds, LONGEST_ANSWER, self._verify, self._cert)

    def call(self, request: Request, seconds: float) -> Answer:
        """Send a request of any method to DevLake, and read a long answer; raise NotSentError."""
        return self._exchange(request, seconds, LONGEST_JSON, self._verify, self._cert)

    def get(self, url: str, headers: Mapping[str, str], seconds: float) -> Answer:
        """GET a CI's API, without the client certificate; raise NotSentError."""
        return self._ask(Request(url, None, headers, "GET"), seconds)

    def query(
        self, url: str, headers: Mapping[str, str], body: Mapping[str, Any], seconds: float
    ) -> Answer:
        """POST a question to a CI's API, which changes nothing there; raise NotSentError."""
        return self._ask(Request(url, body, headers), seconds)

    def _ask(self, request: Request, seconds: float) -> Answer:
        deadline = time.monotonic() + seconds
        try:
            return self._exchange(request, seconds, LONGEST_JSON, self._verify)
        except NotSentError as error:
            if error.passing or not self._ci_bundle:
                raise
        left = deadline - time.monotonic()
        return self._exchange(request, left, LONGEST_JSON, self._ci_bundle)

    def proxy(self, url: str) -> str | None:
        """Name the proxy on the way to a URL, without the login that may be in it."""
        found = requests.utils.select_proxy(url, self._proxies(url))
        scheme, separator, rest = (found or "").rpartition("://")
        return scheme + separator + rest.rpartition("@")[2] or None

    def resolves(self, host: str, seconds: float) -> bool:
        """Return whether a host's name resolves; False too if that takes too long."""
        try:
            return bool(self._within(seconds, lambda: socket.getaddrinfo(host, None)))
        except (OSError, UnicodeError, NotSentError):
            return False

    def _exchange(
        self,
        request: Request,
        seconds: float,
        longest: int,
        verify: str | bool,
        cert: tuple[str, str] | str | None = None,
    ) -> Answer:
        """Exchange a request for an answer of at most `longest` bytes, by an adapter.

        To tell where a redirect points, a session would read all of its body, however long, and
        unpack it (requests/sessions.py, resolve_redirects); and it would look through the whole
        environment for each request.
        """

        def work() -> Answer:
            with _plain_errors():
                prepared = self._addressed(request.method, request.url).copy()
                prepared.prepare_headers({**_HEADERS, **request.headers})  # no login in the URL
                prepared.prepare_body(None, None, request.body)
                with self._adapter.send(
                    prepared, timeout=(min(_CONNECT, seconds), seconds), verify=verify, cert=cert,
                    proxies=self._proxies(request.url),
                ) as response:  # fmt: skip
                    text = _read(response.raw, longest)
                    given = {name.lower(): value for name, value in response.headers.items()}
                    return Answer(response.status_code, text.decode(errors="replace"), given)

        return self._within(seconds, work)

    def _within(self, seconds: float, work: Callable[[], T]) -> T:
        """Do the work in a thread that is left behind when time is up.

        A timeout of a socket bounds neither name look-ups nor a server that drips a byte a second.
        """
        if seconds <= 0:
            raise NotSentError("no time is left")
        try:
            worker, self._idle = self._idle or _Worker(), None
        except RuntimeError:  # can't start new thread
            with _alarm(seconds):
                return work()
        result = worker.do(work, seconds)
        self._idle = worker
        if isinstance(result, BaseException):
            raise result
        return result


class _Bounded(io.RawIOBase):
    """A file that ends after so many bytes, whatever is asked of it."""

    def __init__(self, file: io.BufferedIOBase, most: int) -> None:
        self._file, self._left = file, most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 (any buffer, as in typeshed)
        count = self._file.readinto1(memoryview(buffer)[: self._left])
        self._left -= count
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """An answer whose bytes are bounded, and that leaves no connection in doubt.

    http.client skips 100 alone and takes any other informational answer for the final one
    (https://github.com/python/cpython/blob/v3.13.0/Lib/http/client.py#L326). The final one would
    then be read as the answer to the next request on that connection.
    """

    def __init__(self, sock: socket.socket, *rest: Any, **more: Any) -> None:  # noqa: ANN401
        super().__init__(sock, *rest, **more)
        self.fp = io.BufferedReader(_Bounded(self.fp, _LONGEST_EXCHANGE))

    def begin(self) -> None:
        """Read the head of the final answer (RFC 9110, 15.2); 101 is final: nobody asked for it."""
        super().begin()
        is_odd = False
        while 100 <= self.status < 200 and self.status != http.HTTPStatus.SWITCHING_PROTOCOLS:
            is_odd = True
            self.headers = self.msg = None  # type: ignore[assignment] # as before the first
            super().begin()
        if len({*self.headers.get_all("content-length", [])}) > 1:
            raise http.client.HTTPException("two lengths")  # urllib3 would leave the socket open
        if is_odd or not _is_plain(self.status, self.headers):
            self.will_close = True  # http.client then closes the connection after this answer


def _is_plain(status: int, headers: http.client.HTTPMessage) -> bool:
    """Return whether everybody on the way agrees where this answer ends (RFC 9112, 6.3)."""
    lengths = headers.get_all("content-length", [])
    codings = headers.get_all("transfer-encoding", [])
    if status < 200 or status in (204, 304):
        return status >= 200 and not codings and lengths in ([], ["0"])
    if codings:
        return not lengths and [each.strip().lower() for each in codings] == ["chunked"]
    return len(lengths) == 1 and re.fullmatch("[0-9]+", lengths[0].strip()) is not None


class _Pool(urllib3.connectionpool.HTTPConnectionPool):
    class ConnectionCls(urllib3.connection.HTTPConnection):
        response_class = _Response


class _SecurePool(urllib3.connectionpool.HTTPSConnectionPool):
    class ConnectionCls(urllib3.connection.HTTPSConnection):
        response_class = _Response


_POOLS = {"http": _Pool, "https": _SecurePool}


class _Adapter(requests.adapters.HTTPAdapter):
    """An adapter of requests whose connections read answers as `_Response` does."""

    def init_poolmanager(self, *given: Any, **more: Any) -> None:  # noqa: ANN401 (requests')
        super().init_poolmanager(*given, **more)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **more: Any) -> Any:  # noqa: ANN401 (requests')
        manager = super().proxy_manager_for(proxy, **more)
        manager.pool_classes_by_scheme = _POOLS
        return manager


class _Worker:
    """A thread that does one thing after the other, and ends when nobody holds it any more."""

    def __init__(self) -> None:
        self._todo: queue.SimpleQueue[Callable[[], Any] | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=_work, args=(self._todo, self._done), daemon=True).start()

    def __del__(self) -> None:
        self._todo.put(None)

    def do(self, work: Callable[[], T], seconds: float) -> T | BaseException:
        """Do the work, and give what comes of it; raise NotSentError if it takes too long."""
        self._todo.put(work)
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            with suppress(queue.Empty):
                # In short waits: a signal may reach the other thread, and wouldn't wake this one.
                done: T | BaseException = self._done.get(timeout=min(left, _WAKE))
                return done
        raise NotSentError(f"no answer within {seconds:.0f} s")


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """End what is done in here after so many seconds, where the system has such a clock."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not _MAIN:
        yield
        return

    def late(*_: object) -> NoReturn:
        raise NotSentError(f"no answer within {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _work(
    todo: "queue.SimpleQueue[Callable[[], Any] | None]", done: "queue.SimpleQueue[Any]"
) -> None:
    while work := todo.get():
        done.put(_outcome(work))
        del work  # it holds what holds us


def _outcome(work: Callable[[], T]) -> T | BaseException:
    try:
        return work()
    except BaseException as error:  # noqa: BLE001 (raised again where it is waited for)
        return error


def _read(raw: urllib3.BaseHTTPResponse, longest: int) -> bytes:
    """Read to the end or to the limit; only a second read notices that an answer was cut short."""
    content = bytearray()
    while len(content) < longest and (more := raw.read(longest - len(content))):
        content += more
    return bytes(content)


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Raise what went wrong in our own words: those of requests may quote headers and proxies."""
    try:
        yield
    except requests.exceptions.SSLError as error:
        is_http = "WRONG_VERSION_NUMBER" in repr(error) or "record layer failure" in repr(error)
        raise NotSentError(
            f"TLS failed ({_reason(error)})",
            "The server speaks plain http on this port: begin the URL with http://, or use the "
            "port of its https."
            if is_http
            else "A private certificate authority is named by --ca-bundle FILE.",
            passing=any(isinstance(each, ssl.SSLEOFError) for each in _causes(error)),
        ) from None
    except requests.exceptions.ProxyError as error:
        raise NotSentError(
            f"the proxy failed ({_reason(error)})",
            "Check HTTPS_PROXY; a proxy that wants a login has it in its URL. NO_PROXY names what "
            "needs no proxy.",
        ) from None
    except requests.exceptions.Timeout:
        raise NotSentError("no answer in time") from None
    except (requests.exceptions.InvalidURL, requests.exceptions.InvalidProxyURL) as error:
        raise NotSentError(f"not a URL ({_reason(error)})", passing=False) from None
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
        unresolved = any(isinstance(each, socket.gaierror) for each in _causes(error))
        raise NotSentError(
            f"no connection ({_reason(error)})",
            "Check the host in --url, and whether this machine can look it up (DNS, VPN)."
            if unresolved
            else "",
        ) from None
    except OSError as error:  # a certificate file that isn't there
        raise NotSentError(
            f"the certificates can't be read ({error})",
            "Check --ca-bundle, --client-cert, --client-key, REQUESTS_CA_BUNDLE, SSL_CERT_FILE.",
            passing=False,
        ) from None


def _reason(error: BaseException) -> str:
    """Find the innermost cause, which the operating system worded, behind the wrappings."""
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror):
            return "its name can't be resolved"
        if isinstance(cause, http.client.HTTPException):
            return "it was cut short"
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        if isinstance(cause, OSError) and (said := _TUNNEL.search(str(cause))):
            return f"it answered {said[1]}"
    return type(error).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Unwrap an error of requests, of urllib3 in it, and of the system in that."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        wrapped = (getattr(cause, "reason", None), *cause.args, cause.__cause__, cause.__context__)
        cause = next((each for each in wrapped if isinstance(each, BaseException)), None)
