"""Everything on this machine, without containers. Standard library only: it runs before the environments stand."""
