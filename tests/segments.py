"""100,000 texts counted as SMS, against their bytes made by the specifications: `make segments`.

SEGMENTS says how many texts, SEGMENTS_SEED which. The exit status is 1 where the product counts otherwise.
"""

from __future__ import annotations

import os
import sys
from collections import Counter

from nurture.rendering import sms
from tests.support.sms_parts import drawn, parts


def main() -> int:
    texts = drawn(int(os.environ.get("SEGMENTS_SEED", "1")), int(os.environ.get("SEGMENTS", "100000")))
    wrong, kinds, longer = 0, Counter[str](), 0
    for text in texts:
        counted, made, plain = sms.count(text), parts(text), sms.transliterate(text)
        kinds[f"{made.encoding} in {'one part' if len(made.bodies) < 2 else 'several parts'}"] += 1
        if (counted.encoding, counted.units, counted.segments) != (
            made.encoding,
            made.units,
            len(made.bodies),
        ):
            wrong += 1
            print(f"{text!r}: {counted}, and it is {len(made.bodies)} of {made.units} units, {made.encoding}")
        longer += len(parts(plain).bodies) > len(made.bodies)
    print(f"{len(texts):,} texts: " + ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items())))
    print(f"{wrong:,} counted otherwise; {longer:,} longer when they are transliterated")
    return 1 if wrong or longer else 0


if __name__ == "__main__":
    sys.exit(main())
