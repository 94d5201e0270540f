"""What keeps a journey from going live beside its own words: the texts that it sends."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nurture.app.init import init
from nurture.app.opening import open_runtime
from nurture.app.publish_checks import refuse_differences, refuse_mistakes
from nurture.app.runtime import Runtime
from nurture.app.workspace import Workspace, chosen, load
from nurture.problems import NurtureError
from nurture.rendering import renderer
from nurture.rendering.structure import Structure, Tokens
from tests.support.operator import Operator

NOW = datetime(2026, 6, 1, 15, tzinfo=UTC)
BROKEN = """\
journey: broken
topic: news
trigger: {event: signed_up}
steps:
  - sms: birthday/present
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    init(tmp_path / "shop")
    return tmp_path / "shop"


@pytest.fixture
def opened(folder: Path) -> Iterator[Runtime]:
    runtime = open_runtime(folder, lambda: NOW)
    yield runtime
    runtime.close()


def put(folder: Path, name: str, text: str) -> Workspace:
    (folder / "journeys" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return load(folder)


def test_what_a_template_takes_and_nobody_gives_is_refused_by_the_command(folder: Path) -> None:
    put(folder, "broken", BROKEN)
    nurture = Operator(folder)
    last = {
        "publish": "nothing was published",
        "plan": "mend them, then `nurture plan` shows what would change",
    }
    for words in (("publish", "broken", "--yes"), ("plan", "broken", "--quick")):
        said = nurture(*words, status=1)
        assert "journeys/broken.yaml:5:5: error[N508]: template 'birthday/present' uses 'coupon.code'" in said
        assert said.splitlines()[-1].endswith(f" errors; {last[words[0]]}")
    assert "no journey called 'broken' is published" in nurture("versions", "broken", status=1)


def test_mistakes_in_texts_of_other_journeys_are_their_own_affair(folder: Path) -> None:
    workspace = put(folder, "broken", BROKEN)
    refuse_mistakes(workspace, chosen(workspace, ["welcome"]))
    with pytest.raises(NurtureError, match="3 errors; nothing was published"):
        refuse_mistakes(workspace, chosen(workspace, None))


def test_a_mail_that_the_fast_way_makes_otherwise_is_refused(
    folder: Path, opened: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fast way is given a fault that shows in English only."""
    made = renderer.compile_html

    def faulty(html: str, tokens: Tokens, with_text: bool) -> Structure:
        return made(html.replace("Do you take milk?", "Milk?"), tokens, with_text)

    monkeypatch.setattr(renderer, "compile_html", faulty)
    with pytest.raises(NurtureError, match="nothing was published") as refused:
        refuse_differences(opened, load(folder), ["welcome"], NOW)
    said = [(each.code, each.mark.file) for each in refused.value.problems if each.mark]
    assert set(said) == {("N810", "templates/email/welcome/choose.html")}
    refuse_differences(opened, load(folder), ["birthday"], NOW)


def test_who_is_hardly_known_and_gets_no_message_keeps_nothing_from_going_live(
    folder: Path, opened: Runtime
) -> None:
    shutil.rmtree(folder / "templates" / "email" / "birthday")
    (folder / "templates" / "email" / "birthday").mkdir()
    text = '<html lang="pt"><p>{{ first_name | upper }}</p><a href="{{ unsubscribe_url }}">x</a></html>'
    (folder / "templates" / "email" / "birthday" / "present.html").write_text(text, encoding="utf-8")
    refuse_differences(opened, load(folder), ["birthday"], NOW)


def test_a_template_that_comes_to_no_end_is_refused(folder: Path, opened: Runtime) -> None:
    """`nurture check` does not run templates, so it does not see that."""
    mail = folder / "templates" / "email" / "birthday" / "present.html"
    mail.write_text('{% extends "email/birthday/present.html" %}', encoding="utf-8")
    with pytest.raises(NurtureError, match="1 error; nothing was published") as refused:
        refuse_differences(opened, load(folder), ["birthday"], NOW)
    assert [each.code for each in refused.value.problems] == ["N805"]


def test_a_plan_ends_with_what_to_do_next(folder: Path) -> None:
    nurture = Operator(folder)
    said = "Next: `nurture publish welcome` makes it live."
    assert nurture("plan", "welcome", "--quick").splitlines()[-1] == said
    nurture("publish", "welcome", "--yes", "--quick")
    said = "Nothing to publish: everything is live as it stands here."
    assert nurture("plan", "welcome", "--quick").splitlines()[-1] == said
