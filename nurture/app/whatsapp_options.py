"""What `nurture.yaml` and `whatsapp.yaml` say of WhatsApp."""

from __future__ import annotations

import re
from typing import Any

from nurture.nodes import Node
from nurture.options import shapes
from nurture.options.desk import Desk
from nurture.options.reader import Options, read_table
from nurture.options.tables import Option, Table
from nurture.options.values import Choice, Custom, Matching, Number, TableOf, Text
from nurture.settings import ApprovedTemplate
from nurture.whatsapp import CATEGORIES

COSTS = Table(
    "'whatsapp'",
    tuple(
        Option(name, Number(), f"{what}.", cost)
        for name, what, cost in (
            ("marketing", "A template of this category", "0.06"),
            ("utility", "A template of this category", "0.008"),
            ("authentication", "A template of this category", "0.03"),
            ("service", "A text that isn't a template, within 24 hours of the person's last message", "0"),
        )
    ),
    anchor="workspace",
)


def _costs(node: Node, desk: Desk) -> dict[str, Any] | None:
    options = read_table(node, COSTS, desk)
    if options is None:
        return None
    return {name: options[name] for name in options.nodes if options[name] is not None}


COSTS_VALUE = Custom("costs by category", _costs, lambda desk: shapes.table(COSTS, desk))
APPROVED = Table(
    "an approved template",
    (
        Option(
            "category",
            Choice(CATEGORIES),
            "What the provider charges it as: it may move a `utility` template that sells to `marketing`.",
            "utility",
            required=True,
            default="utility",
        ),
        Option(
            "name",
            Matching(
                "a provider's name of a template",
                re.compile(r"[a-z0-9_]{1,512}"),
                "write small letters, digits and underscores",
            ),
            "What the provider calls it. As a rule the template's own name, with `_` for `/` and `-`.",
            "order_shipped",
        ),
        Option(
            "languages",
            TableOf(Text(), "languages"),
            "The languages that it is approved in: our locale, and the provider's code. As a rule the languages of "
            "its files, with `_` for `-`.",
            "{pt-BR: pt_BR}",
            default={},
        ),
        Option(
            "contents",
            TableOf(Text(), "contents"),
            "For a provider that names contents by ids (Twilio): the id for each locale.",
            "{pt-BR: HXb5b62575e6e4ff6129ad7c8efe1f983e}",
            default={},
        ),
    ),
    anchor="workspace",
)


def approved_template(name: str, options: Options) -> ApprovedTemplate:
    own = re.sub(r"[^a-z0-9_]", "_", name.lower())
    return ApprovedTemplate(
        options["category"] or "utility",
        options["name"] or own,
        options["languages"] or {},
        options["contents"] or {},
    )
