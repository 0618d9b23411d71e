"""Who looks after a person: referred to, taken on, ended."""
