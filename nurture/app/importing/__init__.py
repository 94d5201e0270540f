"""Importing contacts, orders and events from spreadsheets and event files.

`run` reads a file and hands its rows to the inbox; `files` finds out how it is written, `headers` and `mapping_file`
say what its columns are, `cells` and `values` what stands in them, `rows` makes events, `refused` keeps the others.
"""

from nurture.app.importing.mapping import ColumnMapping, Kind
from nurture.app.importing.mapping_file import read_mapping
from nurture.app.importing.refused import Refused
from nurture.app.importing.run import Imported, Preview, load, preview

__all__ = ["ColumnMapping", "Imported", "Kind", "Preview", "Refused", "load", "preview", "read_mapping"]
