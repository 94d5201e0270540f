"""What an address of the preview asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from urllib.parse import urlencode

from nurture.app.previewing.studio import Asked

WIDTHS = {"phone": 360, "desktop": 720}


@dataclass(frozen=True, slots=True)
class Query:
    """The parts of an address; what is as usual isn't written."""

    show: str = ""  # a text: welcome:hello, email/welcome/hello
    person: str = ""
    locale: str = ""
    part: str = "message"  # or text, headers, html, or a page: unsubscribe, survey, ...
    width: str = "phone"
    dark: str = ""
    find: str = ""  # people who are looked for

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Query:
        known = {each.name: given[each.name] for each in fields(cls) if each.name in given}
        if known.get("width") not in WIDTHS:
            known.pop("width", None)
        return cls(**known)

    @property
    def asked(self) -> Asked:
        return Asked(self.show, self.person, self.locale)

    def to(self, path: str = "/", **changes: str) -> str:
        """The address of the same with these changes."""
        other = replace(self, **changes)
        usual = Query()
        said = {each.name: getattr(other, each.name) for each in fields(other)}
        return (
            path
            + "?"
            + urlencode({name: value for name, value in said.items() if value != getattr(usual, name)})
        )
