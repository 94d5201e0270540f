"""What a server of forks has ready before the first command: all that commands import when they run."""

from __future__ import annotations

import importlib
import pkgutil

import nurture

_WHEN_NEEDED = ("alembic.command", "cssselect", "holidays.countries", "lxml.html", "premailer", "ruamel.yaml")

for module in pkgutil.walk_packages(nurture.__path__, "nurture."):
    if not module.name.startswith("nurture.store.migrations."):
        importlib.import_module(module.name)
for name in _WHEN_NEEDED:
    importlib.import_module(name)
