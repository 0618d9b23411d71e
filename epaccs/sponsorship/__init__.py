"""Accounts for care homes, hospices and social care: asked for, answered for by a sponsor, ended by themselves."""
