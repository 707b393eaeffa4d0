"""An independent recount: it shares no code with the project, only what docs/metrics.md and docs/partners.md say."""
