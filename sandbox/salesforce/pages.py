"""The few pages of the login host and of an org's setup."""

from __future__ import annotations

from html import escape

from sandbox.salesforce.call import Html

_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;background:#f3f3f3;color:#181818;margin:0}}
main{{max-width:34rem;margin:3rem auto;background:#fff;padding:2rem;border-radius:4px;
box-shadow:0 1px 4px #0002}}button{{font:inherit;padding:.5rem 1.2rem;border-radius:4px;
border:1px solid #747474;background:#fff;cursor:pointer}}button.go{{background:#0176d3;
border-color:#0176d3;color:#fff}}code{{background:#f3f3f3;padding:0 .2rem}}</style></head>
<body><main>{body}</main></body></html>"""


def page(title: str, body: str) -> Html:
    """A page; ``body`` is HTML."""
    return Html(_PAGE.format(title=escape(title), body=body))
