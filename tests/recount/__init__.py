"""An independent recount of chat. It shares no code with the project, only docs/metrics.md and docs/partners.md."""
