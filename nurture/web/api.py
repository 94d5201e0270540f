"""What other systems ask of nurture by HTTP: take events in, let somebody into a journey."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil, inf
from threading import Lock
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from nurture.app import api_events, api_keys
from nurture.app.entering import Closed, Entry, Misfit, NotLive, Unknown, enter_by_request
from nurture.app.ingest import ingest
from nurture.app.runtime import Runtime
from nurture.model import Json
from nurture.options.values import NAME
from nurture.problems import NurtureError
from nurture.settings import ApiKey, Rate, Scope
from nurture.web.desk import Desk
from nurture.web.forms import raw_body

PREFIX = "/api"
_LONGEST_NAME = 320  # an e-mail address has no more
_LONGEST_NUMBER = 300  # digits
_DEEPEST = 32
_MOST_ERRORS = 100
_LIMITS = f"one request takes {api_events.MOST:,} events in 1 MB, and 64 kB elsewhere"
_KEY = re.compile(r"[!-~]{1,200}")
_STATUS: Mapping[type[NurtureError], int] = {NotLive: 404, Unknown: 404, Closed: 409, Misfit: 422}


class Refused(Exception):
    """A request that is answered with a problem, `errors` of which say where."""

    def __init__(
        self, status: int, detail: str, errors: Sequence[Mapping[str, Json]] = (), **headers: str
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors = status, detail, errors
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def problem(
    status: int,
    detail: str,
    headers: Mapping[str, str] | None = None,
    errors: Sequence[Mapping[str, Json]] = (),
) -> JSONResponse:
    """A problem as RFC 9457 has it."""
    said: dict[str, Any] = {"status": status, "title": _TITLES.get(status, "Error"), "detail": detail}
    if errors:
        said["errors"] = errors
    return JSONResponse(said, status, dict(headers or {}), media_type="application/problem+json")


_TITLES = {
    400: "Bad request",
    401: "Not authenticated",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Too large",
    422: "Can't be done",
    429: "Too many requests",
    500: "Internal error",
}


def apology(status: int) -> JSONResponse:
    """Where nobody else has an answer."""
    if status >= 500:
        detail = "ask again in a minute by the same ids or the same key: what was taken already counts once"
        return problem(status, detail, {"retry-after": "60"})
    return problem(status, _LIMITS if status == 413 else "there is nothing here to do that")


def routes(desk: Desk) -> APIRouter:
    router = APIRouter(prefix=PREFIX)
    door = _Door(desk)

    @router.post("/journeys/{journey}/enter")
    def enter(journey: str, request: Request, body: bytes = Depends(raw_body)) -> Response:
        try:
            caller = door.admit(request)
            door.must(caller, Scope.ENTER)
            return door.enter(caller, journey, request.headers.get("idempotency-key", ""), body)
        except Refused as refused:
            return problem(refused.status, refused.detail, refused.headers)

    @router.post("/events")
    def tell(request: Request, body: bytes = Depends(raw_body)) -> Response:
        try:
            return door.tell(door.admit(request), body)
        except Refused as refused:
            return problem(refused.status, refused.detail, refused.headers, refused.errors)

    return router


@dataclass
class Turnstile:
    """Lets so many requests of each caller through: the generic cell rate algorithm."""

    rate: Rate
    free_at: dict[str, datetime] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def wait(self, caller: str, now: datetime) -> timedelta:
        """How long the caller must wait; nothing: it has passed."""
        interval = self.rate.interval
        with self.lock:
            free = max(self.free_at.get(caller, now), now)
            wait = free - now - interval * (self.rate.burst - 1)
            if wait <= timedelta():
                self.free_at[caller] = free + interval
        return max(wait, timedelta())


class _Door:
    """Checks who asks, and lets people in one after the other."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._access = desk, desk.runtime.settings.api
        shared = desk.runtime
        self._runtime = Runtime(shared.store, shared.settings, shared.folder, desk.now)  # of this room alone
        self._turnstile, self._lock = Turnstile(self._access.rate), Lock()

    def admit(self, request: Request) -> ApiKey:
        """Whose key the request bears, where that one need not wait."""
        if not self._access.keys:
            raise Refused(403, "no key is set: `nurture api-key` makes one for api.keys in nurture.yaml")
        scheme, _, said = request.headers.get("authorization", "").partition(" ")
        digest = api_keys.digest(said.strip())
        known = [
            key for key in self._access.keys for each in key.digests if hmac.compare_digest(digest, each)
        ]
        if scheme.lower() != "bearer" or not known:
            raise Refused(
                401, "say 'Authorization: Bearer KEY' with a key of api.keys", www_authenticate="Bearer"
            )
        wait = self._turnstile.wait(known[0].name, self._desk.now())
        if wait:
            seconds = str(ceil(wait.total_seconds()))
            raise Refused(429, f"a key may make {self._access.rate.text}", retry_after=seconds)
        return known[0]

    def must(self, caller: ApiKey, *scopes: Scope) -> None:
        """Refuse who lacks one of these."""
        lacking = [scope for scope in scopes if scope not in caller.may]
        if lacking:
            names = " and ".join(f"'{scope}'" for scope in lacking)
            where = f"api.keys.{caller.name}.may in nurture.yaml"
            raise Refused(403, f"the key '{caller.name}' may not do this: {names} is missing in {where}")

    def enter(self, caller: ApiKey, journey: str, key: str, body: bytes) -> JSONResponse:
        key = key.strip().strip('"')  # the draft of the header quotes it
        if not _KEY.fullmatch(key):
            detail = "say 'Idempotency-Key: ...', another for each entry: 1 to 200 letters, digits and signs"
            raise Refused(400, detail)
        person, values = _asked(body)
        if not NAME.fullmatch(journey):
            raise Refused(404, f"no journey called {journey!r} is live")
        key = f"{caller.name}:{key}"  # each names its entries for itself
        try:
            with self._lock:
                entry = enter_by_request(self._runtime, journey, person, key, values, self._desk.now())
        except tuple(_STATUS) as error:
            raise Refused(_STATUS[type(error)], str(error)) from None
        return JSONResponse(_told(journey, entry))

    def tell(self, caller: ApiKey, body: bytes) -> JSONResponse:
        """Take events in: all of them, or none. Answered once they are committed."""
        said, at = _events(_json(body))
        self.must(caller, *api_events.needed(said))
        now = self._desk.now()
        events, mistakes = api_events.read(said, caller, self._runtime.settings, now)
        if mistakes:
            wrong = len({each.index for each in mistakes})
            detail = f"{wrong} of {len(said)} events can't be taken, so none was"
            raise Refused(422, detail, [_error(each, at) for each in mistakes[:_MOST_ERRORS]])
        taken = ingest(self._runtime.store, events, now)
        ahead = sum(event.occurred_at > now for event in events)
        told = {"new": taken.new, "known": len(said) - taken.new}
        return JSONResponse({**told, **({"ahead": ahead} if ahead else {})})


def _events(said: Any) -> tuple[list[Any], str]:
    """The events of a request, and where in it they stand: one alone, or a list of them."""
    if not isinstance(said, dict):
        raise Refused(400, 'the body is no table; write an event, or {"events": [...]}')
    if "events" not in said:
        return [said], ""
    unknown = sorted(said.keys() - {"events"})
    if unknown:
        raise Refused(422, f"unknown key {unknown[0]!r} beside 'events'")
    if not isinstance(said["events"], list):
        raise Refused(422, "'events' is no list")
    if len(said["events"]) > api_events.MOST:
        raise Refused(413, _LIMITS)
    return said["events"], "/events/{}"


def _error(mistake: api_events.Mistake, at: str) -> dict[str, Json]:
    pointer = f"#{at.format(mistake.index)}{mistake.pointer}"
    return {"index": mistake.index, "pointer": pointer, "detail": mistake.detail}


def _told(journey: str, entry: Entry) -> dict[str, Json]:
    outcome = "held_out" if entry.held_out else "entered" if entry.enters else "refused"
    told: dict[str, Json] = {"journey": journey, "person": entry.person, "outcome": outcome}
    if not entry.enters:
        told["why"] = entry.why
        if entry.truth is not None:
            told["looked_at"] = [
                {"test": text, "holds": value, "values": dict(seen)}
                for text, value, seen in entry.truth.atoms
            ]
    return told


def _asked(body: bytes) -> tuple[str, dict[str, Json]]:
    """Whom the request is about, and what it brings."""
    said = _json(body)
    if not isinstance(said, dict):
        raise Refused(400, 'the body is no table; write {"person": "ana@example.com"}')
    unknown = sorted(said.keys() - {"person", "with"})
    if unknown:
        raise Refused(422, f"unknown key {unknown[0]!r}; there is 'person' and 'with'")
    person, values = said.get("person"), said.get("with", {})
    if not isinstance(person, str) or len(person) > _LONGEST_NAME or not person.strip().isprintable():
        raise Refused(422, "'person' is a ref, an e-mail address or a phone number, as text")
    if not isinstance(values, dict):
        raise Refused(422, "'with' is a table of values by name")
    return person.strip(), values


def _json(body: bytes) -> Any:
    try:
        said = json.loads(body.decode(), object_pairs_hook=_once, parse_constant=_no_number, parse_int=_whole)
        json.dumps(said, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError):
        raise Refused(400, "the body is not JSON in UTF-8, or says a key twice") from None
    if _deeper(said, _DEEPEST):
        raise Refused(400, f"tables and lists stand in each other more than {_DEEPEST} deep")
    return said


def _deeper(said: Any, levels: int) -> bool:
    inside = said.values() if isinstance(said, dict) else said if isinstance(said, list) else ()
    return levels < 0 or any(_deeper(each, levels - 1) for each in inside)


def _whole(text: str) -> float:
    """A whole number; one that nobody counts to is as good as endless, and Python would not read it."""
    return int(text) if len(text) <= _LONGEST_NUMBER else inf


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")
