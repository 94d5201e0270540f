"""Mistakes in a condition after which nothing can be guessed: what each is, and what is written instead."""

from __future__ import annotations

from nurture.criteria.stream import Stream
from nurture.criteria.text import literal_text
from nurture.criteria.tokens import SIGNS, SPELLING, SYNTAX, UNQUOTED, Complaint, Kind, Token
from nurture.criteria.tree import At, Literal


def left_over(stream: Stream) -> Complaint:
    """Something stands behind a finished condition."""
    token = stream.next
    if token.says(")"):
        return Complaint(SYNTAX, "no parenthesis is open that this one could close", token.at, "take it away")
    if token.says(*SIGNS, "in", "contains", "is"):
        return chain(stream, token.at)
    if token.says(","):
        decimal = stream.last and stream.last.kind is Kind.NUMBER
        hint = "decimals stand behind a point" if decimal else "write and, or or"
        return Complaint(SYNTAX, "a comma can't stand here", token.at, hint)
    if token.says("not"):
        return Complaint(SYNTAX, "'and' or 'or' is missing before not", token.at, "write: and not")
    if (
        token.kind is Kind.WORD
        and stream.last
        and stream.last.kind is Kind.WORD
        and not stream.is_keyword(token)
    ):
        hint = "texts go in quotes; two conditions are joined by and, or"
        return Complaint(
            SYNTAX,
            f"two words side by side: {stream.shown(stream.last)} {stream.shown(token)}",
            token.at,
            hint,
        )
    message = f"'and' or 'or' is missing before {stream.shown(token)}"
    return Complaint(SYNTAX, message, token.at, "join two conditions with and, or")


def chain(stream: Stream, at: At) -> Complaint:
    message = "comparisons don't come in chains"
    return Complaint(SYNTAX, message, (at[0], stream.next.at[1]), "write: 1 < x and x < 5")


def unknown_call(name: Token, suggestion: str | None) -> Complaint:
    hint = f"did you mean '{suggestion}'?" if suggestion else "see the list of functions"
    return Complaint(SYNTAX, f"there is no function '{name.text}'", name.at, hint)


def no_argument(name: Token, found: Token) -> Complaint:
    example = {"reachable": "email", "consents": "offers", "has_tag": '"vip"'}.get(name.text, "first")
    return Complaint(SYNTAX, f"{name.text}() needs a name", found.at, f"such as: {name.text}({example})")


def long_argument(stream: Stream, name: Token, opening: Token, argument: Token) -> Complaint:
    """Something stands between a function's name and its closing parenthesis."""
    if stream.next.kind is Kind.END:
        return Complaint(
            SYNTAX, "the parenthesis that opens here is never closed", opening.at, "write ) at its end"
        )
    if stream.next.says(","):
        hint = f"write: {name.text}(a) or {name.text}(b)"
        return Complaint(SYNTAX, f"{name.text}() takes one name", stream.next.at, hint)
    rest = stream.source[argument.at[0] :].split(")")[0].strip()
    at = (argument.at[0], argument.at[0] + len(rest))
    return Complaint(SYNTAX, UNQUOTED, at, f'write "{rest}"')


def no_value(stream: Stream, token: Token) -> Complaint:
    """A name or value should stand where `token` is."""
    if token.kind is Kind.END:
        return Complaint(SYNTAX, "the condition ends too early", token.at, "something is missing here")
    if token.says("="):
        return Complaint(SYNTAX, "a value is missing before '='", token.at, 'such as: country = "BR"')
    if token.says("and", "or"):
        return Complaint(
            SYNTAX, f"a condition is missing before '{token.text}'", token.at, f"take {token.text} away"
        )
    if token.says(")"):
        return Complaint(
            SYNTAX, "a condition is missing before ')'", token.at, "nothing stands in the parentheses"
        )
    if token.says("not"):
        return Complaint(
            SYNTAX, "not stands before the whole test", token.at, 'write != or: not country = "BR"'
        )
    if token.kind is Kind.WORD:
        hint = f'a text goes in quotes: write "{token.text}"'
        return Complaint(SYNTAX, f"'{token.text}' is a word of the language", token.at, hint)
    return Complaint(SYNTAX, f"a name or value is missing before {stream.shown(token)}", token.at)


def lone_literal(stream: Stream, value: Literal) -> Complaint:
    shown = literal_text(value)
    hint = (
        f"compare a field with it: country = {shown}"
        if isinstance(value.value, str)
        else f"such as: total_orders >= {shown}"
    )
    if stream.next.kind is not Kind.END and not stream.next.says("and", "or", ")"):
        message = f"a test is missing between {shown} and {stream.shown(stream.next)}"
        return Complaint(SYNTAX, message, stream.next.at, "such as =, in, contains")
    return Complaint(SYNTAX, f"{shown} alone is no condition", value.at, hint)


def no_list(stream: Stream) -> Complaint:
    token = stream.next
    if token.kind in (Kind.TEXT, Kind.NUMBER, Kind.DAY):
        hint = f"write: in ({stream.source[slice(*token.at)]}, ...)"
    else:
        hint = 'such as: in ("BR", "PT")'
    return Complaint(SYNTAX, "what stands behind 'in' is a list in parentheses", token.at, hint)


def unquoted_item(token: Token) -> Complaint:
    return Complaint(
        SPELLING, f"'{token.text}': texts in a list go in quotes", token.at, f'write "{token.text}"'
    )
