"""`form:` starts a run when a form is sent."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nurture.options.reader import Options
from nurture.options.tables import Kind, Option
from nurture.options.values import Matching
from nurture.problems import Mark
from nurture.triggers.base import WHERE
from nurture.triggers.event import KEY, MAX_AGE, SortTrigger, and_where, of_kind, read_key

EVENT = "form_submitted"
_NAME = Matching(
    "the name of a form", re.compile(r'[^"\\\s]+'), "write it as the form sends it, such as 'ebook-crm'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormTrigger(SortTrigger):
    KIND = Kind(
        "form",
        "A form that is sent starts a run: the event `form_submitted` with this `form`.",
        Option("form", _NAME, "The form's name.", "ebook-crm", required=True, default=""),
        (WHERE, MAX_AGE, KEY),
        example="form: ebook-crm",
    )

    @classmethod
    def parse(cls, options: Options, mark: Mark) -> FormTrigger:
        items, key = read_key(options, EVENT)
        return cls(
            mark=mark,
            words=f"when form {options['form']} is sent{and_where(options)}",
            max_age=options["max_age"],
            key=key,
            items=items,
            **of_kind(options, EVENT, f'trigger.form = "{options["form"]}"', {"form": options["form"]}),
        )
