from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from nurture.app.runtime import Runtime
from nurture.settings import Company, Settings
from nurture.store.engine import Store


def test_a_clock_in_another_zone_is_read_in_utc(tmp_path: Path) -> None:
    """São Paulo's clocks went forward on 15 October 2017: sixty days are not sixty midnights."""
    settings = Settings(Company("Torra Serena", "Rua do Café 1"), {}, {})
    midnight = datetime(2017, 11, 1, tzinfo=ZoneInfo("America/Sao_Paulo"))
    runtime = Runtime(Store("sqlite://"), settings, tmp_path, lambda: midnight)
    assert runtime.now() - timedelta(days=60) == datetime(2017, 9, 2, 2, tzinfo=UTC)
    runtime.close()
