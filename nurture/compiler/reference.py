"""The reference of the journey language, made from the tables that the compiler reads by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from nurture.compiler import journey
from nurture.compiler.quiet_hours import CHANNEL_HOURS, QUIET_HOURS
from nurture.compiler.reading import STEP_ID_OPTION
from nurture.model import EventKind, Field
from nurture.options.codes import CODES
from nurture.options.tables import Kind, Option, Table
from nurture.steps import STEPS
from nurture.steps.ab import arm_table, rule_table
from nurture.steps.branch import WAY
from nurture.steps.update import CHANGES
from nurture.triggers import TRIGGERS
from nurture.vocabulary import CONTACT_FIELDS, EVENT_ALIASES, EVENTS

TABLES: tuple[Table, ...] = (
    journey.REENTRY,
    journey.GOAL,
    journey.EXIT,
    journey.LIMITS,
    QUIET_HOURS,
    CHANNEL_HOURS,
    journey.CAP,
    journey.CHANNEL_CAP,
)
_TITLES = {journey.EXIT.what: "exit rules"}
_INSIDE = {"update": CHANGES.options, "branch": WAY.options}  # what stands inside a kind's main value
HEAD = """# The journey language

This page is made from the tables that `nurture check` reads journeys by. One file is one journey; a step is a
table with one key that names its kind, and its options stand beside that key.
"""
YAML = """## YAML

YAML 1.2, strictly: every value is read as the text that was typed, and its key gives it a type, so `21:00`,
`NO` and `01310` stay what they are. A key that is there twice is an error. Quotes are needed around a value that
begins with `{{`, `*`, `&`, `@`, `%`, `!` or a backtick, and around one with a colon and a space inside. A condition with a
comma stands on its own line or in quotes.
"""
CONDITIONS = """## Conditions

The same in `where`, `if`, `when` and `send_if`:

```
country in ("BR", "PT") and lifetime_value >= 1000
last_order_at older than 60 days or last_order_at is empty
did("order_completed", at least 2 times, within 90 days, where event.total > 100)
did not("email_clicked", within 30 days)
clicked(first) and not answered(nps) and nps.score >= 9
has_tag("vip") and consents(offers) and reachable(sms)
(in_segment("vip-customers") or stage in ("mql", "sql")) and score.interest >= 60
```

Bare names are fields of the person. `event.x` is a field of the event being looked at, `trigger.x` of what started
the run, `ID.x` what a step brought, `score.x` the points of a score. Of several triggers `trigger.name` says which it
was, and `trigger.item.x` is a field of the item that a run is of. `in_segment` is looked at at that moment. A test with an unknown value is false, and `not` turns it round; `is empty` is
the only test that sees unknown. A day is 24 hours.
"""
AB_TESTS = """`ab` of a message tries texts against each other. A person falls to the same arm in every run. Once `after` has passed
since the first message and each arm has `at_least` people, the test is decided: an arm wins if the interval of its
difference from every other arm (95 %, corrected for their number) lies above 0, and who comes later gets it. Otherwise
nobody wins and the shares stay. It is decided once for each version and step; no message that was sent changes, and
`clicked(ID)` means the message of that step, whichever arm it was. An SMS has no subject and no opens, a WhatsApp
message no subject. By
`conversions` those are compared who reached the journey's goal after the arm's message and within the goal's time; give
`after` as long as buying takes.
"""
VARIABLES = """## Variables

Templates see the person's fields by their names (also as `contact.x`), `trigger.x`, what steps brought as `ID.x`, the
values of `with:`, `company.x`, `unsubscribe_url`, and in the message of a survey `survey.question`, `survey.links`
and `survey.url`. What may be unknown needs a default: `{{ first_name | default("you") }}`.
"""
OWN_EVENTS = """Each has `occurred_at`. Own ones are declared in `events.yaml`, or learnt from what came in:
`events.learnt.yaml` then says what each carries.
"""
WORKSPACE = """## Workspace

`nurture.yaml` holds the company, its channels, topics, limits, costs and addresses; `fields.yaml`, `events.yaml`,
`surveys.yaml` and `coupons.yaml` stand beside it. `whatsapp.yaml` declares the WhatsApp templates that the provider has
approved, [each by its name](whatsapp.md) with `category`, `name`, `languages` and `contents`. So do `segments.yaml` (names with their conditions), `stages.yaml` (a
list, in the order in which people pass them) and `scores.yaml` (names with what they mean); journeys in `journeys/`, templates in `templates/`, tests in
`tests/`. A field of `fields.yaml` may be computed from another date: `renewal_on: {is: contract_start + 1 year}` is a date
like any other, for triggers, conditions and templates; it follows that date whenever it is told anew, and a changed rule
when a journey is published. `leap_day: march_1` has 29 February kept on 1 March of other years, not on 28 February:
[what that means](dates.md#29-february). Secrets are written as `${NAME}` and come from the environment or from the workspace's `.env`. To
change `secret` itself, write the new one first and leave the old one last: [why](operating.md#the-secret).
A channel says how fast it may send, how a new sender warms up and what stops its marketing: `rate`, `burst`, `domains`,
`warm_up` and `stop_at`, [as shown here](../how-to/send-at-a-steady-pace.md).
"""


def markdown() -> str:
    """The whole page."""
    parts = [
        HEAD,
        YAML,
        *_journey(),
        *_triggers(),
        *_steps(),
        CONDITIONS,
        VARIABLES,
        *_names(),
        WORKSPACE,
        *_problems(),
    ]
    return "\n".join(part.rstrip() + "\n" for part in parts)


def _journey() -> Iterator[str]:
    yield "## Journey\n\n" + _options(journey.JOURNEY.options)
    for table in TABLES:
        yield f"### {_TITLES.get(table.what, table.what.strip(chr(39)))}\n\n" + _options(table.options)


def _triggers() -> Iterator[str]:
    yield "## Triggers\n\n`trigger:` is one of these.\n"
    for kind in TRIGGERS.values():
        yield _kind(kind.KIND, ())


def _steps() -> Iterator[str]:
    yield "## Steps\n\nEvery step may have an `id`.\n\n" + _options((STEP_ID_OPTION,))
    for kind in STEPS.values():
        yield _kind(kind.KIND, _INSIDE.get(kind.KIND.name, ()))
    yield "### A/B tests\n\n" + AB_TESTS
    for title, table in (("arms of `ab`", arm_table("email")), ("`winner` of `ab`", rule_table())):
        yield f"#### {title}\n\n" + _options(table.options)


def _kind(kind: Kind, extra: Iterable[Option]) -> str:
    brings = f"\n\nBrings back {kind.brings}, and `at`." if kind.brings else ""
    example = f"\n\n```yaml\n{kind.example}\n```" if kind.example else ""
    table = _options((kind.argument, *kind.options, *extra))
    return f"### {kind.name}\n\n{kind.doc}{example}\n\n{table}{brings}\n"


def _options(options: Iterable[Option]) -> str:
    rows = ["| key | what it holds | meaning |", "|---|---|---|"]
    for option in options:
        name = f"`{option.name}`" + (" (required)" if option.required else "")
        example = (
            f", such as `{option.example}`" if option.example and "such as" not in option.value.words else ""
        )
        rows.append(f"| {name} | {_cell(option.value.words + example)} | {_cell(option.doc)} |")
    return "\n".join(rows) + "\n"


def _names() -> Iterator[str]:
    yield "## Fields\n\n" + _fields(CONTACT_FIELDS.values())
    yield "## Events\n\n" + OWN_EVENTS + "\n" + _events(EVENTS.values())
    aliases = ", ".join(f"`{alias}` is `{name}`" for alias, name in EVENT_ALIASES.items())
    yield f"What shops call them is understood too: {aliases}.\n"


def _fields(fields: Iterable[Field]) -> str:
    rows = ["| field | type | meaning |", "|---|---|---|"]
    rows += [f"| `{field.name}` | {field.type} | {_cell(field.doc)} |" for field in fields]
    return "\n".join(rows) + "\n"


def _events(kinds: Iterable[EventKind]) -> str:
    rows = ["| event | meaning | fields |", "|---|---|---|"]
    rows += [
        f"| `{kind.name}` | {_cell(kind.doc)} | {_list(field.name for field in kind.fields)} |"
        for kind in kinds
    ]
    return "\n".join(rows) + "\n"


def _problems() -> Iterator[str]:
    rows = ["| code | what is wrong | the way out |", "|---|---|---|"]
    rows += [
        f"| [{each.code}](problems.md#{each.code.lower()}) | {_cell(each.title)} | {_cell(each.way_out)} |"
        for each in CODES.values()
    ]
    yield "## Problems\n\n" + "\n".join(rows) + "\n"


PROBLEMS = """# Problems

What `nurture check` and `nurture test` say of mistakes, by code, each with an example and the way out.
`nurture check --format json`, `github` and `sarif` say the same to machines.
"""


def problems_page(examples: Mapping[str, str]) -> str:
    """The page of all problems; `examples` are what a person reads of each."""
    parts = [PROBLEMS]
    for each in CODES.values():
        parts.append(
            f"## {each.code}\n\n{each.title}. {each.way_out}\n\n```text\n{examples[each.code]}\n```\n"
        )
    return "\n".join(parts)


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
