"""django-drip-campaigns with its defaults, run as its users run it: `send_drips` for everybody who is due.

Called with a JSON object on standard input (people, port, html, subject, database); prints the messages it sent and
the seconds that it took as JSON. It runs in an environment of its own, with requirements.txt beside this file.
"""

import json
import sys
import time
from datetime import timedelta

import django
from django.conf import settings


def main() -> None:
    given = json.load(sys.stdin)
    settings.configure(
        SECRET_KEY="bench",
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "drip"],
        DATABASES={"default": given["database"]},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=given["port"],
        DRIP_FROM_EMAIL="ola@cafe.example",
    )
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    _people(given["people"])
    _drip(given["subject"], given["html"])
    started = time.perf_counter()
    call_command("send_drips")
    seconds = time.perf_counter() - started
    from drip.models import SentDrip

    sent = SentDrip.objects.count()
    if sent != given["people"]:
        sys.exit(f"{sent} of {given['people']} were sent")
    print(json.dumps({"sent": sent, "seconds": seconds}))


def _people(number: int) -> None:
    """Users who joined 60 days ago."""
    from django.contrib.auth.models import User
    from django.utils import timezone

    joined = timezone.now() - timedelta(days=60)
    User.objects.bulk_create(
        User(username=f"p{i}", first_name=f"Ana{i % 400}", email=f"p{i}@example.com", date_joined=joined)
        for i in range(number)
    )


def _drip(subject: str, html: str) -> None:
    """One drip, to whoever joined a month ago or earlier."""
    from drip.models import Drip

    drip = Drip.objects.create(name="bench", enabled=True, subject_template=subject, body_html_template=html)
    drip.queryset_rules.create(
        method_type="filter", field_name="date_joined", lookup_type="lte", field_value="now-30 days"
    )


main()
