"""The JSON Schema of a journey, made from the tables that the compiler reads by."""

from __future__ import annotations

from typing import Any

from nurture.compiler.context import CompileContext
from nurture.compiler.journey import JOURNEY
from nurture.compiler.reading import STEP_ID_OPTION
from nurture.options import shapes
from nurture.options.desk import Desk
from nurture.steps import STEPS

DRAFT = "http://json-schema.org/draft-07/schema#"


def journey_schema(context: CompileContext | None = None) -> dict[str, Any]:
    """The schema of a journey. With the words of a workspace, names that it doesn't know are wrong."""
    desk = Desk() if context is None else desk_of(context)
    step = shapes.kinds([each.KIND for each in STEPS.values()], desk, (STEP_ID_OPTION,), "a step")
    return {
        "$schema": DRAFT,
        "title": "A journey of nurture",
        **shapes.table(JOURNEY, desk),
        "definitions": {"step": step},
    }


def desk_of(context: CompileContext) -> Desk:
    """What is known of a workspace, where one of its files is looked at."""
    return Desk(
        names=context.names,
        aliases=context.event_aliases,
        contact_fields=context.contact_fields,
        event_fields=context.event_fields,
    )
