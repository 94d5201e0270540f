"""`did("order_completed", at least 2 times, within 90 days, where event.total > 100)`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nurture.criteria.stream import Stream
from nurture.criteria.tokens import SPELLING, SYNTAX, UNQUOTED, Complaint, Kind, Stop, Token
from nurture.criteria.tree import Did, Expr, negation
from nurture.model import Span

_EXAMPLE = 'such as: did("order_completed", at least 2 times, within 90 days)'
_TIMES = {"once": 1, "twice": 2}


@dataclass
class _Clauses:
    op: str = ">="
    count: int | None = None
    within: Span | None = None
    since_entry: bool = False
    where: Expr | None = None


def parse_did(stream: Stream, condition: Callable[[Stream], Expr]) -> Expr:
    """A did or did not; `condition` reads what stands behind its `where`."""
    start = stream.take().at[0]
    denied = stream.accept("not") is not None
    opening = stream.accept("(")
    if opening is None:
        raise Stop(Complaint(SYNTAX, "the event stands in parentheses after did", stream.next.at, _EXAMPLE))
    event = _event(stream)
    clauses = _Clauses()
    while not stream.next.says(")"):
        if not stream.accept(","):
            _missing_comma(stream, opening)
        if clauses.where is not None:
            hint = "put where at the end"
            raise Stop(Complaint(SYNTAX, "where comes last in did()", stream.next.at, hint))
        _clause(stream, clauses, condition)
    end = stream.take().at[1]
    did = Did(
        event=event.text,
        op=clauses.op,
        count=1 if clauses.count is None else clauses.count,
        within=clauses.within,
        since_entry=clauses.since_entry,
        where=clauses.where,
        at=(start, end),
    )
    return negation(did) if denied else did


def _event(stream: Stream) -> Token:
    event = stream.take()
    if event.kind not in (Kind.WORD, Kind.TEXT):
        raise Stop(Complaint(SYNTAX, "did() needs the name of an event", event.at, _EXAMPLE))
    follows = stream.next
    if follows.kind is Kind.WORD and event.kind is Kind.WORD and not stream.is_keyword(follows):
        whole = (event.at[0], follows.at[1])
        name = stream.source[slice(*whole)]
        raise Stop(Complaint(SYNTAX, UNQUOTED, whole, f'write "{name}"'))
    return event


def _missing_comma(stream: Stream, opening: Token) -> None:
    """Complain, and go on where a clause follows all the same."""
    token = stream.next
    if not token.says("at", "exactly", "within", "since", "where"):
        stream.close(opening)
    message = f"a comma is missing before {stream.shown(token)}"
    stream.complain(Complaint(SYNTAX, message, token.at, f"write , {token.text}"))


def _clause(stream: Stream, clauses: _Clauses, condition: Callable[[Stream], Expr]) -> None:
    word = stream.take()
    if word.says("at", "exactly"):
        _once(word, clauses.count is not None)
        clauses.op, clauses.count = _times(stream, word)
    elif word.says("within"):
        _once(word, clauses.within is not None)
        _plain_within(stream)
        clauses.within, _ = stream.duration()
    elif word.says("since"):
        _once(word, clauses.since_entry)
        stream.expect("entry", "write: since entry")
        clauses.since_entry = True
    elif word.says("where"):
        clauses.where = condition(stream)
    else:
        raise Stop(_no_clause(stream, word))


def _once(word: Token, given: bool) -> None:
    if given:
        raise Stop(Complaint(SYNTAX, f"'{word.text}' stands twice in did()", word.at, "keep one of them"))


def _times(stream: Stream, word: Token) -> tuple[str, int]:
    if word.text == "exactly":
        op = "="
    elif stream.accept("least"):
        op = ">="
    else:
        stream.expect("most", "write: at least 2 times, or at most 2 times")
        op = "<="
    count = stream.take()
    if count.kind is Kind.WORD and count.text in _TIMES:
        right = _TIMES[count.text]
        hint = f"write {right} time{'s' if right > 1 else ''}"
        stream.complain(Complaint(SPELLING, f"'{count.text}' is a number here", count.at, hint))
        return op, right
    if count.kind is not Kind.NUMBER or not count.text.isdigit():
        raise Stop(
            Complaint(SYNTAX, "a whole number of times is missing", count.at, "such as: at least 2 times")
        )
    if not stream.accept("time", "times"):
        hint = f"write {count.text} times"
        raise Stop(Complaint(SYNTAX, f"'times' is missing after {count.text}", count.at, hint))
    return op, int(count.text)


def _plain_within(stream: Stream) -> None:
    """`within the last 30 days`: in did() there is only the past."""
    extra = [stream.take() for _ in range(2) if stream.next.says("the", "last", "past")]
    if extra:
        at = (extra[0].at[0], extra[-1].at[1])
        stream.complain(Complaint(SPELLING, "did() looks back only", at, "write: within 30 days"))


def _no_clause(stream: Stream, word: Token) -> Complaint:
    if word.kind is Kind.NUMBER and stream.next.says("time", "times"):
        hint = f"write: at least {word.text} times, or exactly {word.text} times"
        return Complaint(SYNTAX, f"{word.text} times or more, or no more?", word.at, hint)
    if word.kind is Kind.WORD and word.text.startswith("event."):
        return Complaint(
            SYNTAX, "a condition on the event begins with where", word.at, f"write: where {word.text}"
        )
    hint = "at least, at most, exactly, within, since entry, where"
    return Complaint(SYNTAX, f"{stream.shown(word)} can't stand in did()", word.at, hint)
