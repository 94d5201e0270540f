"""`coupon:` gives the person a code of her own."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from nurture import clock, digests
from nurture.model import Decision, IssueCoupon, Json, Run, Stay
from nurture.options.reader import Options
from nurture.options.tables import Kind, Option
from nurture.options.values import POOL, STEP_ID, Choice
from nurture.steps.base import Facts, Step

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # without what is mistaken for something else: 0 O 1 I L U
HOLD = timedelta(hours=1)  # until it is looked again whether a pool without free codes has some


@dataclass(frozen=True, slots=True, kw_only=True)
class Coupon(Step):
    """The code follows from the workspace's secret and the run, and is drawn again where somebody has it."""

    pool: str
    save_as: str | None = None
    on_empty: str = "hold"

    KIND = Kind(
        "coupon",
        "Give the person a code of her own from a pool of coupons.yaml.",
        Option("coupon", POOL, "The pool.", "WINBACK15", required=True, default=""),
        (
            Option(
                "save_as",
                STEP_ID,
                "Another name by which templates and conditions know it, as `coupon.code`.",
                "coupon",
            ),
            Option(
                "on_empty",
                Choice(("skip", "hold")),
                "Where the pool has no free code: go on without one, or wait until it has.",
                "skip",
                default="hold",
            ),
        ),
        example="coupon: WINBACK15\nsave_as: coupon",
        brings="`code`, `expires_at`, `percent` or `amount`",
    )

    @classmethod
    def parse(cls, options: Options, **place: Any) -> Coupon:
        return cls(**place, pool=options["coupon"], save_as=options["save_as"], on_empty=options["on_empty"])

    def describe(self) -> str:
        return f"give a coupon of {self.pool}"

    def decide(self, run: Run, facts: Facts, now: datetime) -> Decision:
        pool, secret = facts.settings.coupons.get(self.pool), facts.settings.secret
        if pool is None:  # taken out of coupons.yaml after publishing
            return self._none("no_pool", run, now)
        code = facts.code(lambda run, draw: make_code(pool.pattern, secret, run, self.id, draw))
        if code is None:
            return self._none("pool_exhausted", run, now)
        at = self._free_since(run)
        expires = clock.add(at, pool.valid, run.zone) if pool.valid else None
        worth = {"percent": pool.percent, "amount": pool.amount}
        brings: dict[str, Json] = {
            "code": code,
            **{name: float(value) for name, value in worth.items() if value},
        }
        if expires is not None:
            brings["expires_at"] = expires.isoformat()
        effect = IssueCoupon(self.pool, code, expires)
        issued = self.done("coupon.issued", at, effect, brings=brings)
        return issued._replace(save_as=self.save_as)

    def _none(self, why: str, run: Run, now: datetime) -> Decision:
        if self.on_empty == "skip":
            return self.done(f"coupon.skipped.{why}", run.arrived_at)
        return Decision(Stay(now + HOLD), f"coupon.{why}", brings={"held": (now + HOLD).isoformat()})

    def _free_since(self, run: Run) -> datetime:
        """When the person came here; who was held for want of a code, when it was looked again and there was one."""
        held = run.memory.get(self.id, {}).get("held")
        return datetime.fromisoformat(held) if held else run.arrived_at


def make_code(pattern: str, secret: bytes, run: Run, step: str, draw: int) -> str:
    """The pattern with each `#` replaced by a letter or digit; another one at each draw."""
    seed = digests.keyed(secret, "coupon", run.journey, run.ref, run.key, run.anchor, step, str(draw))
    number = int.from_bytes(hashlib.blake2b(seed.encode(), digest_size=64).digest(), "big")
    code = []
    for sign in pattern:
        if sign == "#":
            number, place = divmod(number, len(ALPHABET))
            sign = ALPHABET[place]
        code.append(sign)
    return "".join(code)
