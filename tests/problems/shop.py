"""The words of a small shop, against which the journeys of this folder are compiled."""

from nurture.compiler import CompileContext
from nurture.model import Route

SHOP = CompileContext(
    topics=("news", "offers", "surveys"),
    pools=("WINBACK15", "BIRTHDAY10"),
    surveys=("post-sale-nps",),
    journeys=("welcome",),
    stages=("lead", "mql", "customer"),
    routes={
        "sales": (Route('country = "BR"', ("mariana@example.com",)), Route(None, ("sales@example.com",)))
    },
    scores=("interest",),
    hosts=("crm.example", "10.0.0.5:8080"),
    places=("sales",),
    segments={"vip-customers": "lifetime_value >= 1000"},
    templates={
        "email": (
            "birthday/present",
            "reactivation/coupon",
            "survey/post-sale-nps",
            "welcome/choose",
            "welcome/first-order",
            "welcome/hello",
        ),
        "sms": ("birthday/present", "reactivation/coupon"),
        "whatsapp": ("birthday/present", "orders/shipped", "reactivation/coupon"),
        "task": ("tasks/warm-call",),
    },
)
