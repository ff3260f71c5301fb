"""Customers: what backends write and operators read, and what an app may see and change of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from actors.commands import CustomerWrite
from actors.ports import CustomerFilter
from actors.records import CustomerRow
from rules.customers.profile import Profile
from rules.limits import NAME_BYTES_MAX
from server.errors import ApiError, ErrorCode
from server.logins import log_in

from .answers import instant
from .bodies import escape
from .checks import Faults, check_data, check_text
from .lists import PageQuery, page_size, row_cursor
from .refusals import unwrap
from .routes import Call, Route

TAG = "Customers"
_profile = msgspec.msgpack.Decoder(Profile)

APP_MAY_WRITE = frozenset(
    {
        "first_name",
        "last_name",
        "name",
        "email",
        "phone",
        "city",
        "region",
        "country",
        "locale",
        "timezone",
        "preferences",
    }
)
"""What an app may change of its own customer: nothing that rules rely on, such as tags or `test`."""


class CustomerItem(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's profile (HTTP API, Customers)."""

    id: str
    first_name: str | None
    last_name: str | None
    name: str | None
    email: str | None
    phone: str | None
    city: str | None
    region: str | None
    country: str | None
    locale: str | None
    timezone: str | None
    fields: dict[str, Any]
    tags: Sequence[str]
    segments: Sequence[str]
    test: bool
    preferences: dict[str, Any]
    activity: dict[str, Any]
    created_at: str | None
    updated_at: str | None


class CustomerPage(msgspec.Struct, frozen=True, kw_only=True):
    items: Sequence[CustomerItem]
    next_cursor: str | None


class CustomerQuery(PageQuery, frozen=True, kw_only=True):
    tag: str | None = None
    segment: str | None = None
    test: bool | None = None
    q: str | None = None


def item(row: CustomerRow) -> CustomerItem:
    profile = _profile.decode(row.profile)
    preferences = profile.preferences
    shown = {
        name: getattr(profile, name)
        for name in CustomerItem.__struct_fields__
        if name not in ("preferences", "activity", "created_at", "updated_at")
    }
    return CustomerItem(
        **shown,
        preferences={
            "notifications_enabled": preferences.notifications_enabled,
            "windows": preferences.windows,
            "topics": preferences.topics,
        },
        activity={
            "first_seen_at": instant(profile.activity.first_seen_at),
            "last_seen_at": instant(profile.activity.last_seen_at),
        },
        created_at=instant(profile.created_at),
        updated_at=instant(profile.updated_at),
    )


async def list_customers(call: Call) -> CustomerPage:
    query: CustomerQuery = call.query
    given = msgspec.structs.asdict(query)
    given |= {"limit": page_size(call, query.limit), "cursor": row_cursor(query.cursor)}
    rows, cursor = await call.parts.store.customers(CustomerFilter(**given))
    return CustomerPage(items=[item(row) for row in rows], next_cursor=cursor)


async def get_customer(call: Call) -> CustomerItem:
    return await found(call, call.path("customer"))


async def found(call: Call, id: str) -> CustomerItem:
    rows = await call.parts.store.profiles([id])
    if id not in rows:
        raise ApiError("not_found", f"There is no customer {id[:64]!r}.")
    return item(rows[id])


async def put_customer(call: Call) -> CustomerItem:
    """Replaces the profile; an id that is new creates the customer."""
    return await written(call, path_id(call), "put", call.body)


async def patch_customer(call: Call) -> CustomerItem:
    """Merges into the profile; null removes a field."""
    return await written(call, path_id(call), "patch", call.body)


def path_id(call: Call) -> str:
    id = call.path("customer")
    faults = Faults()
    check_text(id, NAME_BYTES_MAX, "/path/customer", faults)
    faults.end()
    return id


async def written(call: Call, id: str, mode: Literal["put", "patch"], body: dict[str, Any]) -> CustomerItem:
    faults = Faults()
    check_data(body, "", faults)
    faults.end()
    write = CustomerWrite(id=id, mode=mode, body=body, client=call.client)
    return item(unwrap(await call.parts.engine.write_customer(write)))


async def get_me(call: Call) -> CustomerItem:
    """The app's own customer, whom the first login creates; what the token says is taken over."""
    assert call.token is not None, "the route is for apps"
    return item(unwrap(await log_in(call.parts.engine, call.token)))


async def patch_me(call: Call) -> CustomerItem:
    faults = Faults()
    for name in call.body:
        if name not in APP_MAY_WRITE:
            faults.add(f"/{escape(name)}", "not_allowed", "Apps may not write this field.")
    faults.end()
    return await written(call, call.customer, "patch", call.body)


_WRITE: tuple[ErrorCode, ...] = ("overloaded", "unknown_outcome")
ROUTES = (
    Route(
        method="GET",
        path="/v1/customers",
        handle=list_customers,
        summary="List customers",
        tag=TAG,
        role="operate",
        query=CustomerQuery,
        answer=CustomerPage,
    ),
    Route(
        method="GET",
        path="/v1/customers/{customer}",
        handle=get_customer,
        summary="One customer",
        tag=TAG,
        role="operate",
        answer=CustomerItem,
        codes=("not_found",),
    ),
    Route(
        method="PUT",
        path="/v1/customers/{customer}",
        handle=put_customer,
        summary="Replace a profile",
        tag=TAG,
        role="events",
        body=dict[str, Any],
        answer=CustomerItem,
        codes=_WRITE,
    ),
    Route(
        method="PATCH",
        path="/v1/customers/{customer}",
        handle=patch_customer,
        summary="Merge into a profile",
        tag=TAG,
        role="events",
        body=dict[str, Any],
        answer=CustomerItem,
        codes=_WRITE,
    ),
    Route(
        method="GET",
        path="/v1/me",
        handle=get_me,
        summary="The app's own customer",
        tag="App",
        audience="app",
        answer=CustomerItem,
        codes=_WRITE,
    ),
    Route(
        method="PATCH",
        path="/v1/me",
        handle=patch_me,
        summary="Change the own profile",
        tag="App",
        audience="app",
        body=dict[str, Any],
        answer=CustomerItem,
        codes=_WRITE,
    ),
)
