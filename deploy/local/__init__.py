"""Runs Twitchly on one machine, without containers.

Uses the standard library only, because it runs before any package is installed.
"""
