"""CPR decisions: what is stored, what is shown, what is refused."""
