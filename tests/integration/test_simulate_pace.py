"""What `nurture simulate --history` and `--contact` say where a channel has a pace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from nurture.app import process
from nurture.app.ingest import ingest
from nurture.app.init import init
from nurture.app.runtime import Runtime
from nurture.app.simulating.past import Journey, simulate
from nurture.app.simulating.person import Question
from nurture.app.simulating.person import simulate as look
from nurture.app.workspace import load, publishable
from nurture.cli.simulating import in_words, past_in_words
from nurture.model import Channel, ConsentRecord, NewEvent, Person
from nurture.settings import Pace, Rate
from nurture.store import buckets, stops
from nurture.store.engine import Store

NOW = datetime(2026, 6, 1, 15, tzinfo=UTC)  # a Monday, noon in São Paulo
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
PEOPLE = 12
JOURNEY = """
journey: thanks
topic: offers
trigger: {event: order_completed}
steps:
  - email: reactivation/we-miss-you
"""


@pytest.fixture(scope="module")
def shop(one_database_of_module: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """Twelve people order at 11:05 UTC ten days ago, every third of them with an address at Gmail."""
    folder = tmp_path_factory.mktemp("pace") / "shop"
    init(folder)
    (folder / "journeys" / "thanks.yaml").write_text(JOURNEY, encoding="utf-8")
    settings = load(folder).settings
    assert settings is not None
    runtime = Runtime(Store(one_database_of_module), settings, folder, lambda: NOW)
    at = NOW - 10 * DAY - 4 * HOUR + timedelta(minutes=5)
    ingest(runtime.store, [order(number, at) for number in range(PEOPLE)], NOW)
    process.process(runtime, NOW)
    yield runtime
    runtime.close()


def order(number: int, at: datetime) -> NewEvent:
    domain = "example.com" if number % 3 else "gmail.com"
    person = Person(f"p{number}", f"p{number}@{domain}")
    yes = ConsentRecord("offers", given=True, how="form", at=at)
    payload = {"order_id": str(number), "total": 80}
    return NewEvent(
        "order_completed", person, at, "test", str(number), payload=payload, consents=(yes,), silent=True
    )


def with_pace(shop: Runtime, pace: Pace) -> tuple[Journey, str]:
    """What would have been, and how that is told."""
    mail = replace(shop.settings.channels[Channel.EMAIL], pace=pace)
    shop.settings = replace(shop.settings, channels={**shop.settings.channels, Channel.EMAIL: mail})
    found = simulate(shop, publishable(shop.folder, ["thanks"]), NOW - 20 * DAY, NOW)
    return found.journeys[0], "\n".join(past_in_words(found, "BRL"))


def sent(journey: Journey) -> list[int]:
    """How many messages left on each day on which any did."""
    return [day.messages["email"] for day in journey.days if day.messages]


def hourly(count: int) -> Rate:
    return Rate(count, HOUR, 1, f"{count}/hour")


def test_without_a_pace_all_leave_at_once_and_nothing_is_said_of_it(shop: Runtime) -> None:
    journey, said = with_pace(shop, Pace())
    assert sent(journey) == [PEOPLE]
    assert "pace" not in said


def test_messages_leave_at_the_rate_of_their_channel(shop: Runtime) -> None:
    journey, said = with_pace(shop, Pace(hourly(5)))
    assert sent(journey) == [PEOPLE]
    assert "waited for the pace  7, the longest 2 h" in said, "5, 5 and 2, an hour apart"
    assert "the pace of email is all for what is shown" in " ".join(said.split())


def test_a_rate_and_quiet_hours_together_take_days(shop: Runtime) -> None:
    journey, _ = with_pace(shop, Pace(Rate(6, DAY, 1, "6/day")))
    # one every four hours, of which two come at night; what was not sent then is not saved up
    assert sent(journey) == [4, 4, 4]
    assert journey.held_back == {"quiet_hours": 8}


def test_a_domain_with_a_limit_holds_up_nobody_else(shop: Runtime) -> None:
    journey, said = with_pace(shop, Pace(domains={"gmail.com": Rate(1, DAY, 1, "1/day")}))
    assert sent(journey) == [9, 1, 1, 1]
    assert "waited for the pace  3, the longest 3 d" in said


def test_a_new_sender_follows_its_plan_and_one_that_has_come_further_goes_on_from_there(
    shop: Runtime,
) -> None:
    plan = Pace(warm_up=(2, 3, 4))
    assert sent(with_pace(shop, plan)[0]) == [2, 3, 4, 3]
    mail = shop.settings.channels[Channel.EMAIL]
    with shop.store.begin() as tx:
        name = f"email from {mail.sender.address.partition('@')[2]}"
        buckets.warmth(tx, [name], NOW.date())
        buckets.warm(tx, {name: buckets.Warmth(2, 3)}, NOW.date())
    assert sent(with_pace(shop, plan)[0]) == [4, 8], "its third day, and then no limit"


def test_what_waits_at_the_end_is_told(shop: Runtime) -> None:
    journey, said = with_pace(shop, Pace(Rate(1, 2 * DAY, 1, "1/2 days")))
    assert journey.waited is not None
    assert (sum(sent(journey)), journey.waited.still) == (6, 6)
    assert "6 wait still" in said


def test_of_one_person_it_is_told_that_nothing_waits(shop: Runtime) -> None:
    with_pace(shop, Pace(hourly(5)))
    with shop.store.begin() as tx:
        stops.stop(tx, "email", "complaints", {}, NOW)
    (file,) = publishable(shop.folder, ["thanks"])
    said = " ".join(" ".join(in_words(look(shop, file, Question("p1")))).split())
    assert "nothing waits for the pace of email" in said
    assert "marketing by email, which has stopped, goes on" in said
