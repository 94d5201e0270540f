"""The table of CSS that mail programs leave out is that of caniemail.com, as of the day that it names.

The data come with the npm package of that name; `NURTURE_CANIEMAIL` names its folder, else it is looked for in the
checkout and in the cache folder:

    npm install --prefix ~/.cache/nurture-tests caniemail@2.0.2
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from nurture.rendering.css_support import AS_OF, UNSUPPORTED

ROOT = Path(__file__).parents[3]
FOLDER = Path("node_modules", "caniemail")
# The programs as caniemail.com names them: a family, and which of its apps and pages.
PROGRAMS = {
    "Gmail": ("gmail", ("desktop-webmail", "ios", "android")),
    "Outlook for Windows": ("outlook", ("windows",)),
    "Outlook.com": ("outlook", ("outlook-com",)),
    "Yahoo": ("yahoo", ("desktop-webmail", "ios", "android")),
}
# Where caniemail.com speaks of each: https://www.caniemail.com/features/ with the name behind it.
FEATURES = {
    "display: flex": ("css-display-flex",),
    "display: grid": ("css-display-grid",),
    "float": ("css-float",),
    "position": ("css-position",),
    "z-index": ("css-z-index",),
    "left, right, top and bottom": ("css-left-right-top-bottom",),
    "inset": ("css-inset",),
    "gap": ("css-gap",),
    "justify-content": ("css-justify-content",),
    "align-items": ("css-align-items",),
    "flex-direction and flex-wrap": ("css-flex-direction", "css-flex-wrap"),
    "grid-template": ("css-grid-template",),
    "column-count": ("css-column-count",),
    "visibility": ("css-visibility",),
    "transform": ("css-transform",),
    "clip-path": ("css-clip-path",),
    "object-fit": ("css-object-fit",),
    "aspect-ratio": ("css-aspect-ratio",),
    "margin-inline and the like": (
        "css-margin-inline-start-end",
        "css-margin-inline-block",
        "css-margin-block-start-end",
        "css-padding-inline-start-end",
        "css-padding-inline-block",
        "css-padding-block-start-end",
    ),
    "var()": ("css-variables",),
    "calc()": ("css-unit-calc",),
    "clamp()": ("css-function-clamp",),
    "the units rem and ch": ("css-unit-rem", "css-unit-ch"),
}


@pytest.fixture(scope="module")
def data() -> Mapping[str, Any]:
    given = os.environ.get("NURTURE_CANIEMAIL")
    places = [Path(given)] if given else [ROOT / FOLDER, Path.home() / ".cache" / "nurture-tests" / FOLDER]
    found = next((place for place in places if place.is_dir()), None)
    if found is None:
        pytest.skip("no data of caniemail.com: npm install --prefix ~/.cache/nurture-tests caniemail@2.0.2")
    read: Mapping[str, Any] = json.loads((found / "dist/data/caniemail.json").read_text(encoding="utf-8"))
    return read


def left_out_by(feature: Mapping[str, Any]) -> set[str]:
    """The programs one of whose apps or pages leaves the feature out, as last tested."""
    found = set()
    for program, (family, apps) in PROGRAMS.items():
        tested = feature["stats"][family]
        assert set(apps) <= set(tested), f"{program} was never tested for {feature['slug']}"
        if any(list(tested[app].values())[-1].startswith("n") for app in apps):
            found.add(program)
    return found


def test_it_is_that_of_the_day_that_it_names(data: Mapping[str, Any]) -> None:
    assert data["last_update_date"][:10] == AS_OF


@pytest.mark.parametrize(("name", "programs"), [each[1:] for each in UNSUPPORTED])
def test_what_is_said_of_each_feature_is_what_was_tested(
    name: str, programs: tuple[str, ...], data: Mapping[str, Any]
) -> None:
    features = {feature["slug"]: feature for feature in data["data"]}
    for slug in FEATURES[name]:
        assert left_out_by(features[slug]) == set(programs), slug


def test_the_page_on_templates_names_the_same_day() -> None:
    day = date.fromisoformat(AS_OF)
    page = (ROOT / "docs/templates.md").read_text(encoding="utf-8")
    assert f"(https://www.caniemail.com) as of {day.day} {day:%B %Y}" in page
