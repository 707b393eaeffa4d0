"""An independent recount of chat.

It shares no code with the project and relies only on docs/metrics.md and docs/partners.md.
"""
