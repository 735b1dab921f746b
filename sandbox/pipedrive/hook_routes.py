"""The endpoints of webhooks: an app sees, makes and deletes its own."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from sandbox.pipedrive import errors, words
from sandbox.pipedrive.call import Answer, Call, route
from sandbox.pipedrive.errors import ApiError
from sandbox.pipedrive.hooks import ACTIONS, MOST, OBJECTS, Hook
from sandbox.refusals.table import TABLE


def _shape(hook: Hook) -> dict[str, Any]:
    return {
        "id": hook.id,
        "company_id": hook.portal_id,
        "owner_id": int(hook.owner_id),
        "user_id": int(hook.user_id),
        "event_action": hook.action,
        "event_object": hook.object,
        "subscription_url": hook.url,
        "version": "2.0",
        "is_active": 1,
        "add_time": words.rfc3339(hook.added),
        "remove_time": words.rfc3339(hook.removed),
        "type": "application",
        "http_auth_user": hook.auth_user or None,
        "http_auth_password": hook.auth_password or None,
        "remove_reason": hook.reason or None,
        "last_delivery_time": words.rfc3339(hook.last_delivery),
        "last_http_status": hook.last_status,
        "admin_id": int(hook.owner_id),
        "name": hook.name,
    }


def _own(call: Call) -> list[Hook]:
    """What the app has made for the user of the token."""
    hooks = call.vendor.hooks.of(call.account.portal_id)
    mine = (call.app.app_id, call.owner.id)
    return [hook for hook in hooks if (hook.app_id, hook.owner_id) == mine]


@route("GET", "v1/webhooks", "admin", cost=10)
def webhooks(call: Call) -> Answer:
    """The app's webhooks."""
    return 200, {"success": True, "status": "ok", "data": [_shape(one) for one in _own(call)]}


@route("POST", "v1/webhooks", "admin", cost=10)
def add_webhook(call: Call) -> Answer:
    """A new webhook, for one kind of event."""
    body = call.json()
    for name in ("subscription_url", "event_action", "event_object", "name"):
        if not isinstance(body.get(name), str) or not body[name]:
            raise errors.hook("pd_hook_field", name, "is required")
    for name, known in (("event_action", ACTIONS), ("event_object", OBJECTS)):
        if body[name] not in known:
            raise errors.hook("pd_hook_event", name, f"must be one of {', '.join(known)}")
    if body.get("version", "2.0") != "2.0":
        raise errors.hook("pd_hook_version", "version", "must be 2.0")
    _address(call, body["subscription_url"])
    user = _user(call, body.get("user_id"))
    if len(_own(call)) >= MOST:
        raise errors.hook("pd_hook_limit", "webhooks", f"limit of {MOST} reached")
    with call.vendor.world.lock:
        hook = call.vendor.hooks.add(
            portal_id=call.account.portal_id,
            app_id=call.app.app_id,
            owner_id=call.owner.id,
            user_id=user,
            action=body["event_action"],
            object=body["event_object"],
            url=body["subscription_url"],
            name=body["name"],
            auth_user=str(body.get("http_auth_user") or ""),
            auth_password=str(body.get("http_auth_password") or ""),
        )
    call.vendor.deliveries.watch(call.account)
    return 201, {"success": True, "status": "ok", "data": _shape(hook)}


def _address(call: Call, url: str) -> None:
    """An address is https; in the sandbox one on this machine may be plain http."""
    parts = urlsplit(url)
    local = parts.hostname in ("localhost", "127.0.0.1")
    own = parts.path.startswith("/pipedrive/")
    if not parts.hostname or own or (parts.scheme != "https" and not local):
        raise errors.hook("pd_hook_url", "subscription_url", "invalid or non-reachable URL")


def _user(call: Call, given: Any) -> str:
    """The user whose permissions a webhook has; only an admin may name another one."""
    if given is None:
        return call.owner.id
    if isinstance(given, bool) or not isinstance(given, int):
        raise errors.hook("pd_hook_field", "user_id", "must be an integer")
    if str(given) not in call.account.owners:
        raise errors.hook("pd_hook_user", "user_id", "not found")
    if str(given) != call.owner.id:
        call.need_admin()
    return str(given)


@route("DELETE", "v1/webhooks/{hook_id}", "admin", cost=6)
def delete_webhook(call: Call, hook_id: str) -> Answer:
    """Ends a webhook of the app; that of another app is left alone."""
    found = call.vendor.hooks.get(int(hook_id)) if hook_id.isdigit() else None
    if found is None or found.portal_id != call.account.portal_id:
        raise errors.hook("pd_hook_missing", "id", "not found")
    if found not in _own(call):
        told = {"success": False, "message": "Forbidden"}
        row = "pd_hook_foreign"
        raise ApiError(TABLE[row].status, told, rows=(row,), message="Forbidden")
    with call.vendor.world.lock:
        call.vendor.hooks.remove(found, "deleted by app")
    return 200, {"success": True, "status": "ok"}
