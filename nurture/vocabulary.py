"""The fields and events that the product knows by name.

The condition language checks names and types against these tables, the reference is
generated from them, and a workspace adds its own in `fields.yaml` and `events.yaml`.
"""

from __future__ import annotations

from collections.abc import Mapping

from nurture.model import EventKind, Field, FieldType

_T = FieldType

CONTACT_FIELDS: dict[str, Field] = {
    f.name: f
    for f in (
        Field("ref", _T.TEXT, "The person's id in the shop or CRM.", "ref", personal=True, unknown=False),
        Field("email", _T.TEXT, "E-mail address.", "email", personal=True),
        Field("phone", _T.TEXT, "Phone number in international form.", "phone", personal=True),
        Field("first_name", _T.TEXT, "First name.", "first_name", personal=True, example="Ana"),
        Field("last_name", _T.TEXT, "Family name.", "last_name", personal=True),
        Field("locale", _T.TEXT, "Language and country of texts.", "locale", example="pt-BR"),
        Field("country", _T.TEXT, "Country, ISO 3166 code.", "country", example="BR"),
        Field("state", _T.TEXT, "State or province.", "state", example="SP"),
        Field("city", _T.TEXT, "City.", "city", example="Campinas"),
        Field("birthday", _T.DATE, "Day of birth.", "birthday", personal=True),
        Field(
            "owner", _T.TEXT, "E-mail of the colleague who looks after the person.", "owner", personal=True
        ),
        Field(
            "stage",
            _T.TEXT,
            "Where the person stands: one of the stages in stages.yaml.",
            "stage",
            example="mql",
        ),
        Field("created_at", _T.INSTANT, "When the person was first seen.", "created_at", unknown=False),
        Field(
            "total_orders",
            _T.NUMBER,
            "Completed orders, cancelled ones left out.",
            "total_orders",
            unknown=False,
        ),
        Field(
            "lifetime_value",
            _T.NUMBER,
            "Sum of completed orders less refunds, in the company's currency.",
            "lifetime_value",
            scale=100,
            unknown=False,
        ),
        Field("first_order_at", _T.INSTANT, "First completed order.", "first_order_at"),
        Field("last_order_at", _T.INSTANT, "Latest completed order.", "last_order_at"),
        Field("last_click_at", _T.INSTANT, "Latest human click in a message.", "last_click_at"),
    )
}

_ORDER = (
    Field("order_id", _T.TEXT, "The order's id in the shop.", unknown=False),
    Field("total", _T.NUMBER, "What was paid, in the order's currency."),
    Field("currency", _T.TEXT, "ISO 4217 code.", example="BRL"),
    Field("status", _T.TEXT, "The shop's own word for the order's state."),
    Field("items", _T.LIST, "Ids of the products."),
)
_PRODUCT = (
    Field("product_id", _T.TEXT, "The product's id in the shop."),
    Field("name", _T.TEXT, "What it is called.", example="Café Serra do Caparaó"),
    Field("category", _T.TEXT),
    Field("price", _T.NUMBER),
)
_SUBSCRIPTION = (
    Field("plan", _T.TEXT, example="Equipe"),
    Field("amount", _T.NUMBER, "What a term costs."),
)
_INVOICE = (
    Field("invoice_id", _T.TEXT),
    Field("amount", _T.NUMBER, "What is to be paid."),
)
_WEBINAR = (
    Field("webinar_id", _T.TEXT),
    Field("title", _T.TEXT, example="Café para quem recebe visitas"),
    Field("starts_at", _T.INSTANT),
)
_COURSE = (
    Field("course_id", _T.TEXT),
    Field("course", _T.TEXT, "What it is called.", example="Barista em seis aulas"),
    Field("starts_at", _T.INSTANT, "Its first lesson."),
)
_MESSAGE = (
    Field("message", _T.TEXT, "The message's key."),
    Field("journey", _T.TEXT, "The journey that sent it."),
    Field("step", _T.TEXT, "The step that sent it."),
    Field("template", _T.TEXT, "Its template."),
    Field("link", _T.TEXT, "The link that was followed (clicked only)."),
    Field("class", _T.TEXT, "human, suspect or proxy (opened and clicked only)."),
)
_VERBS = {
    "sent": "was handed over and accepted",
    "delivered": "reached the mailbox or phone",
    "opened": "was opened by a person, as far as its pixel tells; what proxies open counts only for a `where` that "
    "asks for `event.class`",
    "clicked": "had a link followed by a person; what scanners follow counts only for a `where` that asks for "
    "`event.class`",
    "bounced": "came back",
    "complained": "was reported as spam",
    "replied": "was answered",
}

EVENTS: dict[str, EventKind] = {
    e.name: e
    for e in (
        *(
            EventKind(f"{channel}_{verb}", f"A message by {label} {doc}.", _MESSAGE)
            for channel, label in (("email", "e-mail"), ("sms", "SMS"), ("whatsapp", "WhatsApp"))
            for verb, doc in _VERBS.items()
        ),
        EventKind(
            "consent_given",
            "A consent was given.",
            (Field("topic", _T.TEXT), Field("channel", _T.TEXT), Field("how", _T.TEXT)),
        ),
        EventKind(
            "consent_withdrawn",
            "A consent was withdrawn.",
            (Field("topic", _T.TEXT), Field("channel", _T.TEXT), Field("how", _T.TEXT)),
        ),
        EventKind("form_submitted", "A form was sent.", (Field("form", _T.TEXT), Field("page", _T.TEXT))),
        EventKind("ebook_downloaded", "An e-book was downloaded.", (Field("ebook", _T.TEXT),)),
        EventKind("signed_up", "An account or newsletter sign-up.", (Field("page", _T.TEXT),)),
        EventKind(
            "survey_answered",
            "A survey was answered.",
            (
                Field("survey", _T.TEXT),
                Field("score", _T.NUMBER),
                Field("comment", _T.TEXT, personal=True),
                Field("journey", _T.TEXT),
                Field("step", _T.TEXT),
                Field("order_id", _T.TEXT),
            ),
        ),
        EventKind(
            "coupon_redeemed",
            "A coupon was used in an order.",
            (
                Field("code", _T.TEXT),
                Field("pool", _T.TEXT),
                Field("order_id", _T.TEXT),
                Field("discount", _T.NUMBER),
            ),
        ),
        EventKind(
            "task_done",
            "A colleague closed a task.",
            (
                Field("task", _T.NUMBER),
                Field("outcome", _T.TEXT),
                Field("journey", _T.TEXT),
                Field("step", _T.TEXT),
            ),
        ),
        EventKind(
            "field_changed",
            "A field of the person changed.",
            (
                Field("field", _T.TEXT),
                Field("old", _T.TEXT, personal=True),
                Field("new", _T.TEXT, personal=True),
            ),
        ),
        EventKind("tag_added", "A tag was put on the person.", (Field("tag", _T.TEXT),)),
        EventKind("tag_removed", "A tag was taken off the person.", (Field("tag", _T.TEXT),)),
        EventKind(
            "stage_changed",
            "The person came to another stage.",
            (Field("stage", _T.TEXT), Field("before", _T.TEXT)),
        ),
        EventKind(
            "score_reached",
            "A score of the person went up.",
            (
                Field("score", _T.TEXT, "The score's name."),
                Field("value", _T.NUMBER, "Its points now."),
                Field("before", _T.NUMBER, "Its points before."),
            ),
        ),
        EventKind("segment_entered", "The person came into a segment.", (Field("segment", _T.TEXT),)),
        EventKind("segment_left", "The person left a segment.", (Field("segment", _T.TEXT),)),
        EventKind(
            "journey_started",
            "A step of another journey, or another system by the API, let the person into one.",
            (Field("journey", _T.TEXT, "The journey whose step it was."),),
        ),
        EventKind("contact_created", "The person was seen for the first time."),
        EventKind("identified", "The shop, CRM or a spreadsheet told us about the person."),
        EventKind("order_completed", "An order was placed and counts as revenue.", _ORDER),
        EventKind("order_delivered", "An order reached the customer.", _ORDER),
        EventKind("order_cancelled", "An order was cancelled: its revenue is taken back.", _ORDER),
        EventKind("order_refunded", "All or part of an order's money was given back.", _ORDER),
        EventKind("product_viewed", "A product's page was looked at.", _PRODUCT),
        EventKind("cart_added", "A product was put into the cart.", (Field("cart_id", _T.TEXT), *_PRODUCT)),
        EventKind("stock_alert_requested", "Somebody wants to hear when a product is there again.", _PRODUCT),
        EventKind("back_in_stock", "A product that the person waits for is there again.", _PRODUCT),
        EventKind("review_written", "A product or an order was reviewed.", (*_ORDER[:1], *_PRODUCT)),
        EventKind("account_verified", "The address of a new account was confirmed."),
        EventKind(
            "trial_started",
            "A trial began.",
            (Field("plan", _T.TEXT, example="Equipe"), Field("ends_at", _T.INSTANT, "When it ends.")),
        ),
        EventKind("trial_ended", "A trial came to its end.", (Field("plan", _T.TEXT, example="Equipe"),)),
        EventKind("feature_used", "A part of the product was used.", (Field("feature", _T.TEXT),)),
        EventKind(
            "limit_reached",
            "A plan's limit is near, or was reached.",
            (
                Field("limit", _T.TEXT, "What is limited.", example="contatos"),
                Field("used", _T.NUMBER, "How much of it is used, in percent."),
                Field("plan", _T.TEXT, example="Equipe"),
            ),
        ),
        EventKind("subscription_started", "Somebody became a paying subscriber.", _SUBSCRIPTION),
        EventKind("subscription_changed", "A subscription went to another plan.", _SUBSCRIPTION),
        EventKind("subscription_renewed", "A subscription goes on for another term.", _SUBSCRIPTION),
        EventKind("subscription_cancelled", "A subscription will not go on.", _SUBSCRIPTION),
        EventKind("payment_failed", "A charge did not go through.", _INVOICE),
        EventKind("invoice_paid", "An invoice was paid.", _INVOICE),
        EventKind("webinar_registered", "Somebody will come to a webinar.", _WEBINAR),
        EventKind("webinar_attended", "Somebody was there.", _WEBINAR),
        EventKind("webinar_cancelled", "Somebody will not come after all, or nobody will.", _WEBINAR),
        EventKind("course_viewed", "A course's page was looked at.", _COURSE),
        EventKind("application_started", "An application for a course was begun.", _COURSE),
        EventKind("enrolled", "Somebody took a place in a course.", _COURSE),
        EventKind("course_left", "Somebody gave up a place in a course.", _COURSE),
        EventKind("meeting_booked", "A talk with a colleague was arranged."),
        EventKind("service_booked", "A day for maintenance was arranged."),
    )
}

# What nurture itself tells, of messages and of changes: nobody from outside can claim it.
OWN_EVENTS: frozenset[str] = frozenset(
    name
    for name in EVENTS
    if name.startswith(("email_", "sms_", "whatsapp_", "consent_", "field_", "tag_", "segment_"))
) | {"contact_created", "stage_changed", "score_reached", "journey_started", "task_done"}

# What shops and analytics tools call the same thing (Segment's specification, Shopify, WooCommerce).
EVENT_ALIASES: dict[str, str] = {
    "Order Placed": "order_completed",
    "Order Completed": "order_completed",
    "Order Delivered": "order_delivered",
    "Order Cancelled": "order_cancelled",
    "Order Refunded": "order_refunded",
    "Survey Answered": "survey_answered",
    "Signed Up": "signed_up",
    "Product Viewed": "product_viewed",
    "Product Added": "cart_added",
    "Product Reviewed": "review_written",
    "Trial Started": "trial_started",
    "Trial Ended": "trial_ended",
}

# What each kind of step brings back, beside `at`.
BROUGHT: dict[str, tuple[Field, ...]] = {
    "survey": (Field("score", _T.NUMBER), Field("comment", _T.TEXT, personal=True)),
    "task": (Field("outcome", _T.TEXT),),
    "split": (Field("arm", _T.TEXT),),
    "on_date": (Field("date", _T.INSTANT),),
    "coupon": (
        Field("code", _T.TEXT),
        Field("expires_at", _T.INSTANT),
        Field("percent", _T.NUMBER),
        Field("amount", _T.NUMBER),
    ),
}


def contact_fields(own: Mapping[str, Field]) -> dict[str, Field]:
    """The fields of a contact by name: those that the product knows, and a workspace's own."""
    return {**CONTACT_FIELDS, **own}


def event_fields(own: Mapping[str, tuple[Field, ...]]) -> dict[str, tuple[Field, ...]]:
    """The fields of each event: of those that the product knows, and of a workspace's own."""
    return {**{name: kind.fields for name, kind in EVENTS.items()}, **own}
