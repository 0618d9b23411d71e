"""The plan: what the person wants and what the team agreed, one declaration a section."""
