"""The agents' keys: which there are, what each may do, and how guesses are slowed down.

``TOLLGATE_AGENT_KEY`` is one key, without limits; ``TOLLGATE_JUDGE_KEY`` is that of Langfuse's judges, for their model and
customer. ``TOLLGATE_AGENT_KEYS`` is a JSON list of more, by the SHA-256 of each:

    [{"name": "agent-2", "sha256": "<64 hexadecimal digits>", "routes": [...], "customers": [...], "calls_in_flight": 4},
     {"name": "chat-ui", "sha256": "...", "identity": {"customer_id": "acme", "query_type": "simple_lookup"}}]
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import os
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .config import Config
from .identity import CUSTOMER, HEADERS
from .log import log
from .refusals import Refusal, invalid
from .request import ChatRequest

# Wrong keys a minute from one address; then only keys that have been used from there get in.
_WRONG_KEYS_A_MINUTE = 60
_WINDOW_SECONDS = 60.0

# Addresses that are remembered, for wrong keys and for right ones.
_REMEMBERED = 10_000

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class KeysUnusable(ValueError):
    """A list of keys that cannot be used: each line of the message is a field and the remedy."""


@dataclass(frozen=True)
class Key:
    """A key's name and limits; None: no limit."""

    name: str
    digest: bytes
    routes: frozenset[str] | None = None
    customers: frozenset[str] | None = None
    calls_in_flight: int | None = None
    # For clients that can only send a key: customer_id and query_type of each of its calls.
    identity: Mapping[str, str] | None = None

    def identify(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """The identity's headers of a request: the key's own where it has an identity, with a session for each call.

        Raises:
            Refusal: ``key_not_allowed``, where a header names another identity.
        """
        if self.identity is None:
            return headers
        known = {**self.identity, "session_id": f"{self.name}-{secrets.token_hex(8)}"}
        for name, value in headers.items():
            if value != known[HEADERS[name]]:
                raise invalid(name, value, "this key has its own identity; leave the header out", "key_not_allowed")
        return {name: known[field] for name, field in HEADERS.items()}

    def check(self, request: ChatRequest) -> None:
        """Lets a request through that the key may make.

        Raises:
            Refusal: ``key_not_allowed``.
        """
        if self.routes is not None and request.model not in self.routes:
            raise invalid("model", request.model, f"this key may use {', '.join(sorted(self.routes))}", "key_not_allowed")
        customer = request.identity.customer_id
        if self.customers is not None and customer not in self.customers:
            raise invalid("metadata.customer_id", customer, "this key is for other customers", "key_not_allowed")


class Keys:
    """The keys of a gateway, and who has presented which."""

    def __init__(self, keys: list[Key]) -> None:
        self._keys = {key.digest: key for key in keys}
        self._in_flight = {key.name: 0 for key in keys}
        # By address: when its minute began, and the wrong keys in it.
        self._wrong: OrderedDict[str, tuple[float, int]] = OrderedDict()
        # Right keys with the address that they came from.
        self._seen: OrderedDict[tuple[str, bytes], None] = OrderedDict()

    def find(self, authorization: bytes, address: str) -> Key:
        """The key in an Authorization header.

        Raises:
            Refusal: ``unauthorized``, or ``too_many_wrong_keys`` where an address has guessed too often.
        """
        kind, _, text = authorization.partition(b" ")
        if kind.lower() != b"bearer":
            raise Refusal("unauthorized")
        digest = hashlib.sha256(text.strip()).digest()
        source = (_network(address), digest)
        if source in self._seen:
            return self._keys[digest]
        now = time.monotonic()
        began, count = self._wrong.get(source[0], (now, 0))
        if now - began > _WINDOW_SECONDS:
            began, count = now, 0
        if count >= _WRONG_KEYS_A_MINUTE:
            raise Refusal("too_many_wrong_keys", retry_after=began + _WINDOW_SECONDS - now)
        key = self._keys.get(digest)
        if key is not None:
            _remember(self._seen, source, None)
            return key
        _remember(self._wrong, source[0], (began, count + 1))
        if count + 1 == _WRONG_KEYS_A_MINUTE:
            log("warn", "auth.throttled", "An address has sent too many wrong keys", address=source[0])
        raise Refusal("unauthorized")

    @contextmanager
    def place(self, key: Key) -> Iterator[None]:
        """Counts a call among its key's.

        Raises:
            Refusal: ``key_busy``.
        """
        if key.calls_in_flight is not None and self._in_flight[key.name] >= key.calls_in_flight:
            raise Refusal("key_busy", retry_after=1)
        self._in_flight[key.name] += 1
        try:
            yield
        finally:
            self._in_flight[key.name] -= 1


def _remember(known: OrderedDict[Any, Any], key: object, value: object) -> None:
    known[key] = value
    known.move_to_end(key)
    if len(known) > _REMEMBERED:
        known.popitem(last=False)


def _network(address: str) -> str:
    """The address, or the /64 of an IPv6 address: who has one has all of it."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))


def read_keys(environment: Mapping[str, str], config: Config) -> Keys:
    """The keys of the environment.

    Raises:
        KeysUnusable: there is none, or one cannot be used.
    """
    keys = []
    if single := environment.get("TOLLGATE_AGENT_KEY"):
        keys.append(Key("agent", hashlib.sha256(single.encode()).digest()))
    listed = environment.get("TOLLGATE_AGENT_KEYS") or "[]"
    try:
        entries = json.loads(listed)
    except ValueError:
        entries = None
    if not isinstance(entries, list):
        raise KeysUnusable("TOLLGATE_AGENT_KEYS must be a JSON list of objects with name and sha256")
    problems: list[str] = []
    for index, entry in enumerate(entries):
        problems += [f"TOLLGATE_AGENT_KEYS[{index}]{problem}" for problem in _problems(entry, config)]
    if problems:
        raise KeysUnusable("\n".join(problems))
    for entry in entries:
        routes, customers = entry.get("routes"), entry.get("customers")
        keys.append(
            Key(
                entry["name"],
                bytes.fromhex(entry["sha256"]),
                None if routes is None else frozenset(routes),
                None if customers is None else frozenset(customers),
                entry.get("calls_in_flight"),
                entry.get("identity"),
            )
        )
    if not keys:
        raise KeysUnusable("TOLLGATE_AGENT_KEY or TOLLGATE_AGENT_KEYS must name a key")
    if judges := environment.get("TOLLGATE_JUDGE_KEY"):
        judge = config.judge
        identity = {"customer_id": judge.customer_id, "query_type": judge.query_type}
        keys.append(Key("judge", hashlib.sha256(judges.encode()).digest(), frozenset([judge.model]), identity=identity))
    for what, values in (("name", [key.name for key in keys]), ("sha256", [key.digest for key in keys])):
        if len(set(values)) < len(values):
            raise KeysUnusable(
                f"TOLLGATE_AGENT_KEYS must have each {what} once "
                "(TOLLGATE_AGENT_KEY is named agent, TOLLGATE_JUDGE_KEY judge)"
            )
    return Keys(keys)


def _problems(entry: object, config: Config) -> Iterator[str]:
    """What is wrong with an entry. Its values are not shown: one may be a key that does not belong there."""
    if not isinstance(entry, dict):
        yield " must be an object with name and sha256"
        return
    for unknown in sorted(entry.keys() - {"name", "sha256", "routes", "customers", "calls_in_flight", "identity"}):
        yield f".{unknown} is unknown: use name, sha256, routes, customers, calls_in_flight and identity"
    if not _matches(_NAME, entry.get("name")):
        yield ".name must be 1 to 64 letters, digits, _ . or -"
    if not _matches(_SHA256, entry.get("sha256")):
        yield ".sha256 must be the SHA-256 of the key, as 64 lower-case hexadecimal digits"
    if (routes := entry.get("routes")) is not None and not (
        isinstance(routes, list) and routes and all(isinstance(name, str) and config.route(name) for name in routes)
    ):
        yield f".routes must be a list of {', '.join(sorted(config.routes))}"
    if (customers := entry.get("customers")) is not None and not (
        isinstance(customers, list) and customers and all(_matches(CUSTOMER, name) for name in customers)
    ):
        yield ".customers must be a list of customer ids"
    calls = entry.get("calls_in_flight")
    if calls is not None and (not isinstance(calls, int) or isinstance(calls, bool) or calls < 1):
        yield ".calls_in_flight must be a whole number above 0"
    if (identity := entry.get("identity")) is not None and not (
        isinstance(identity, dict)
        and identity.keys() == {"customer_id", "query_type"}
        and _matches(CUSTOMER, identity["customer_id"])
        and identity["query_type"] in config.query_types
    ):
        yield f".identity must have a customer_id and a query_type, one of {', '.join(config.query_types)}"


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def keys_of_the_environment(config: Config) -> Keys:
    """As :func:`read_keys`, of this process; ends it where they cannot be used."""
    try:
        return read_keys(os.environ, config)
    except KeysUnusable as error:
        lines = "\n".join(f"  {line}" for line in str(error).splitlines())
        raise SystemExit(f"The gateway's keys cannot be used (docs/keys.md says how they are written):\n{lines}") from None
