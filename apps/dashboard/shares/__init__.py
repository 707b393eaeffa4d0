"""Links by which others see one page without an account: pages, widgets and overlays."""
