"""`python -m tools.library_page` writes docs/reference/library.md: the journeys that ship, from what they say of
themselves."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from nurture.app.adding import shipped
from nurture.app.init import init
from nurture.app.library import library
from nurture.app.workspace import compile_context, load
from nurture.compiler import compile_journey

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "library.md"
SAYS = re.compile(r"(?:For (?P<whom>[^.]+)\. )?(?P<what>.+?)(?: Why it works: (?P<why>.+))?")
HEAD = """# The journeys that ship

`nurture init` brings {first}. The others wait in the library:

```console
$ nurture init my-shop
$ cd my-shop
$ nurture add abandoned-cart
...
$ nurture check
6 journeys: everything is right
```

`nurture add` copies a journey with its mails and its tests; from then on they are yours to change. Without a name it
lists them. No two have the same plan, so each is also an example of something that the language can say. Their letters
are written, in Portuguese, for a coffee roaster that doesn't exist: its figures, prices and promises are examples. Make
them your own before you publish. [Another language](../how-to/add-a-language.md) stands beside them.
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a journey says of itself. Those of a new workspace say no more than `what`."""

    name: str
    whom: str
    what: str
    starts: str
    why: str


def entries() -> list[Entry]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "shop"
        init(folder)
        workspace = load(folder, for_work=False)
        names = (*workspace.context.journeys, *library())
        context = compile_context(folder, workspace.as_read, names)
    found = []
    for each in shipped():
        plan = compile_journey(each.path.read_text(encoding="utf-8"), each.path.name, context).plan
        said = SAYS.fullmatch(each.description)
        assert plan is not None, each.name
        assert said is not None, each.name
        found.append(
            Entry(each.name, said["whom"] or "", said["what"], plan.trigger.describe(), said["why"] or "")
        )
    return found


def page() -> str:
    """The whole page."""
    rest = library()
    first = ", ".join(f"`{each.name}`" for each in entries() if each.name not in rest)
    parts = [HEAD.format(first=first)]
    for each in entries():
        if each.name in rest:
            rows = (("For", each.whom), ("Starts", each.starts), ("Why it works", each.why))
            table = "\n".join(f"| {head} | {_cell(text[0].upper() + text[1:])} |" for head, text in rows)
            parts.append(f"## {each.name}\n\n{each.what}\n\n| | |\n|---|---|\n{table}\n")
    return "\n".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
