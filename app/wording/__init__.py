"""The language of templates: which tokens exist, how Liquid is fenced in, what is refused.

A part of its own below `playbooks` (which checks a template when it is saved) and `actions` (which
fills it in when a touch is due), because neither may import the other and two copies of these
limits would drift apart.
"""
