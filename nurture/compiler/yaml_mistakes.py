"""What is wrong with a line that isn't YAML, in our words, and how it was probably meant."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from nurture.problems import Mark, Problem

HELP = "docs/reference/language.md#yaml"
_PAIR = re.compile(
    r"""^(?P<start>\s*(?:-\s+)*(?:[\w.-]+|"[^"]*"|'[^']*')\s*:\s+)(?P<value>\S.*?)(?P<end>\s*(?:\s#.*)?)$"""
)
# A condition without quotes in braces, with a comma in its parentheses that ends it.
_CUT = re.compile(r"""([{,]\s*\w+:\s+)((?![\"'])[^{},]*\([^(){}]*,[^(){}]*\)[^{},]*)""")
_INDENT = re.compile(r"^ *(?:- +)*")


class Unreadable(Protocol):
    problem: str
    line: int
    column: int
    opened: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Mended:
    """The mistake, and the line `number` (from 0) as it was meant; None: that can't be guessed."""

    problem: Problem
    number: int
    line: str | None = None


def explain(error: Unreadable, lines: list[str], original: list[str], file: str) -> Mended:
    """Say what the parser stumbled on. `lines` are what it read, `original` what was written."""
    return _Case(error, lines, original, file).mended()


@dataclass
class _Case:
    error: Unreadable
    lines: list[str]
    original: list[str]
    file: str

    def mended(self) -> Mended:
        words = self.error.problem
        number = min(self.error.line, len(self.lines) - 1)
        for at in () if words.startswith("limit") else dict.fromkeys((number, number - 1)):
            if at >= 0 and (found := self._known(at)):
                return found
        if words.startswith("limit"):
            return self._say(
                "N007", f"the file is too large or too deep: {words.removeprefix('limit: ')}", number
            )
        if words == "undefined alias":
            return self._quoted(number, "N008", "a value can't begin with '*' here")
        if words == "character":
            return self._without_controls(number)
        return self._other(words, number)

    def _known(self, number: int) -> Mended | None:
        """A mistake that the line itself gives away."""
        line = self.lines[number]
        if "\t" in line[: len(line) - len(line.lstrip())]:
            spaces = line.expandtabs(2)
            return self._say(
                "N005", "a tab at the start of the line", number, "write two spaces instead", spaces
            )
        if cut := _CUT.search(line):
            hint = "put the condition on its own line or in quotes"
            mended = _CUT.sub(lambda found: f"{found[1]}{_in_quotes(found[2])}", line)
            message = "the comma inside { } ends the condition"
            return self._say("N109", message, number, hint, mended, cut.start(2))
        pair = _PAIR.match(line)
        if not pair:
            return None
        value = pair["value"]
        if value.startswith("- "):
            hint = "put '- ' on the next line, indented"
            return self._say(
                "N012", "a list begins on a line of its own", number, hint, column=pair.start("value")
            )
        if value.startswith("{{"):
            return self._quoted(number, "N002", "a value that begins with '{{' needs quotes")
        if value[0] in "*&@`%!" or (value[0] in "|>" and value not in ("|", ">", "|-", ">-", "|+", ">+")):
            return self._quoted(number, "N008", f"a value that begins with '{value[0]}' needs quotes")
        if value[0] not in "\"'[{" and re.search(r":(\s|$)", value):
            return self._quoted(number, "N003", "a colon followed by a space needs quotes around the value")
        if value[0] in "\"'" and _stray_quote(value):
            return self._quoted(number, "N010", "the value goes on behind its closing quote", inner=True)
        return None

    def _other(self, words: str, number: int) -> Mended:
        opened, column = self.error.opened or (number, None)
        if "quoted scalar" in words:
            return self._say(
                "N010", "this quote is never closed", opened, "write the closing quote", column=column
            )
        if "flow" in words:
            return self._say(
                "N011", "this bracket is never closed", opened, "write the closing ] or }", column=column
            )
        if "mapping values" in words and number and self._deeper(number):
            return self._indented("this line is indented deeper than the one that it belongs to", number)
        if "could not find expected ':'" in words or "mapping values" in words:
            at = number if ":" not in self.lines[number] else max(number - 1, 0)
            hint = "write 'key: value'"
            return self._say("N013", "a colon and a space are missing after the key", at, hint)
        if "block" in words:
            return self._indented("this line does not line up with those above", number)
        return self._say("N001", "this is not YAML", number, "see the examples in the reference")

    def _indented(self, message: str, number: int) -> Mended:
        line = self.lines[number]
        hint = "lines of one list or table begin in the same column"
        return self._say("N012", message, number, hint, column=len(line) - len(line.lstrip()))

    def _deeper(self, number: int) -> bool:
        def indent(line: str) -> int:
            return len(line) - len(line.lstrip())

        return indent(self.lines[number]) > indent(self.lines[number - 1]) and ":" in self.lines[number - 1]

    def _quoted(self, number: int, code: str, message: str, inner: bool = False) -> Mended:
        line = self.lines[number]
        pair = _PAIR.match(line)
        if not pair:
            return self._say(code, message, number, "put the value in quotes")
        value = pair["value"]
        if inner:
            value = value[1:-1] if value[-1] == value[0] else value.replace(value[0], "", 2)
        corrected = f"{pair['start']}{_in_quotes(value)}{pair['end']}"
        return self._say(code, message, number, f"write: {corrected.strip()}", corrected, pair.start("value"))

    def _without_controls(self, number: int) -> Mended:
        line = self.lines[number]
        clean = "".join(sign for sign in line if sign.isprintable())
        return self._say(
            "N014", "an invisible character stands in this line", number, "type the line again", clean
        )

    def _say(
        self,
        code: str,
        message: str,
        number: int,
        hint: str | None = None,
        line: str | None = None,
        column: int | None = None,
    ) -> Mended:
        text = self.original[min(number, len(self.original) - 1)]
        if column is None:
            column = self.error.column if number == self.error.line else len(_indent(text))
        column = min(column, len(text))
        mark = Mark(self.file, number + 1, column + 1, 1, text)
        return Mended(Problem(code, message, mark, hint, HELP), number, line)


def _indent(line: str) -> str:
    found = _INDENT.match(line)
    return found[0] if found else ""


def _in_quotes(value: str) -> str:
    if '"' not in value and "\\" not in value:
        return f'"{value}"'
    return "'" + value.replace("'", "''") + "'"


def _stray_quote(value: str) -> bool:
    closing = value.find(value[0], 1)
    return (
        closing > 0
        and bool(value[closing + 1 :].strip())
        and not value[closing + 1 :].lstrip().startswith("#")
    )
