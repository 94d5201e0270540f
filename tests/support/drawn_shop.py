"""The workspace in which drawn journeys are checked and lived through: a word of everything that there can be."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings

from nurture.app.workspace import Workspace, load
from nurture.compiler import CompileContext
from nurture.problems import render
from tests.support.criteria_trees import Words
from tests.support.drawn_values import LIVELY
from tests.support.lives import FILES, NURTURE_YAML

_NO = '<a href="{{ unsubscribe_url }}">no</a>'
_OTHERS = {
    "fields.yaml": "plan: {type: text}\ntrial_ends: {type: date}\nvip: {type: boolean}\n"
    "interests: {type: list}\npoints: {type: number}\n",
    "events.yaml": "events:\n  webinar_booked: {fields: {starts_at: instant, webinar_id: text}}\n",
    "segments.yaml": 'buyers: total_orders >= 1\nfans: in_segment(buyers) and has_tag("vip")\n',
    "stages.yaml": "[lead, mql, customer]\n",
    "scores.yaml": "interest: How much she reads.\n",
    "routes.yaml": "sales:\n  - {when: 'country = \"BR\"', to: [bruno@example.com, davi@example.com]}\n"
    "  - {to: chloe@example.com}\n",
    "templates/email/c.html": f"<title>C</title><p>C</p>{_NO}",
    "templates/email/c.txt": "C\n{{ unsubscribe_url }}",
    "templates/email/survey/nps.html": f"<title>N</title><p>N</p>{_NO}",
    "templates/email/survey/nps.txt": "N\n{{ unsubscribe_url }}",
    "templates/sms/b.txt": "Volta: b",
    "templates/sms/c.txt": "Volta: c",
    "templates/sms/survey/nps.txt": "Volta: nps",
    # all approved: what goes to somebody else must be
    "whatsapp.yaml": "".join(f"{name}: {{category: utility}}\n" for name in ("a", "b", "c", "survey/nps")),
    "templates/whatsapp/c.txt": "Volta: c",
    "templates/whatsapp/survey/nps.txt": "Volta: nps",
    "templates/tasks/call.txt": "Call her.",
    "journeys/nudge.yaml": "journey: nudge\ntopic: news\ntrigger: {manual: true}\nreentry: after_exit\n"
    "steps:\n  - email: b\n  - wait: 1 day\n",
}
WORDS = Words(
    texts=("BR", "PT", "pro", "free", "c1", "1", "human", "vip"),
    numbers=(0, 1, 2, 5, -3, 100, 175.26),
    days=(date(2026, 2, 28), date(2026, 3, 2), date(2026, 3, 9), date(1990, 3, 10)),
    events=LIVELY,
    tags=("vip", "warm"),
    texts_of={"country": ("BR", "PT"), "plan": ("pro", "free"), "stage": ("lead", "mql", "customer")},
)


@dataclass(frozen=True)
class Shop:
    """The workspace, and the words of which journeys are drawn: with its own templates, none of the product's."""

    workspace: Workspace
    context: CompileContext


def examples(most: int) -> settings:
    """So many examples, the same ones each time. NURTURE_EXAMPLES asks for another number, new ones each time."""
    asked = os.environ.get("NURTURE_EXAMPLES")
    return settings(
        max_examples=int(asked or most),
        derandomize=not asked,
        deadline=None,
        database=None,
        phases=[Phase.generate],  # to make an example smaller takes as long as a hundred
        suppress_health_check=list(HealthCheck),
    )


def open_shop(folder: Path) -> Shop:
    """The workspace, made in this folder."""
    for name, text in {"nurture.yaml": NURTURE_YAML, **FILES, **_OTHERS}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    found = load(folder)
    assert not found.errors, "\n".join(map(render, found.errors))
    own = {
        "email": ("a", "b", "c", "survey/nps"),
        "sms": ("a", "b", "c", "survey/nps"),
        "whatsapp": ("a", "b", "c", "survey/nps"),
        "task": ("tasks/call",),
    }
    return Shop(found, replace(found.context, templates=own))
