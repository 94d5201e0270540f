"""`survey:` starts a run when somebody answers a survey."""

from __future__ import annotations

from dataclasses import dataclass

from nurture.options.reader import Options
from nurture.options.tables import Kind, Option
from nurture.options.values import SURVEY
from nurture.problems import Mark
from nurture.triggers.base import WHERE
from nurture.triggers.event import KEY, MAX_AGE, SortTrigger, and_where, of_kind, read_key

EVENT = "survey_answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyTrigger(SortTrigger):
    KIND = Kind(
        "survey",
        "An answer to a survey starts a run: the event `survey_answered` of this `survey`.",
        Option("survey", SURVEY, "The survey.", "post-sale-nps", required=True, default=""),
        (WHERE, MAX_AGE, KEY),
        example="survey: post-sale-nps\nwhere: trigger.score <= 6",
    )

    @classmethod
    def parse(cls, options: Options, mark: Mark) -> SurveyTrigger:
        items, key = read_key(options, EVENT)
        return cls(
            mark=mark,
            words=f"when survey {options['survey']} is answered{and_where(options)}",
            max_age=options["max_age"],
            key=key,
            items=items,
            **of_kind(
                options, EVENT, f'trigger.survey = "{options["survey"]}"', {"survey": options["survey"]}
            ),
        )
