"""Time as people mean it: lengths, zones, the time on the wall, quiet hours, holidays.

Pure: `now` is always an argument, and instants are aware datetimes in UTC.
"""

from nurture.clock.days import check_region, holidays_of, is_holiday, kept_on, known_region
from nurture.clock.places import (
    state_of_number,
    zone_of_area_code,
    zone_of_city,
    zone_of_country,
    zone_of_state,
)
from nurture.clock.quiet import NeverOpen, day_off, is_open, next_open
from nurture.clock.spans import (
    EVERY_DAY,
    WEEKDAYS,
    WEEKENDS,
    parse_business_days,
    parse_days,
    parse_quiet_hours,
    parse_span,
    parse_wall,
    say_days,
)
from nurture.clock.wall import (
    add,
    add_business,
    at_wall,
    jitter,
    local,
    next_at,
    on_wall,
    transition,
    zone_info,
)

__all__ = [
    "EVERY_DAY",
    "WEEKDAYS",
    "WEEKENDS",
    "NeverOpen",
    "add",
    "add_business",
    "at_wall",
    "check_region",
    "day_off",
    "holidays_of",
    "is_holiday",
    "is_open",
    "jitter",
    "kept_on",
    "known_region",
    "local",
    "next_at",
    "next_open",
    "on_wall",
    "parse_business_days",
    "parse_days",
    "parse_quiet_hours",
    "parse_span",
    "parse_wall",
    "say_days",
    "state_of_number",
    "transition",
    "zone_info",
    "zone_of_area_code",
    "zone_of_city",
    "zone_of_country",
    "zone_of_state",
]
