"""Who is on the register: identity, the two consents, the practice, death and removal. The pattern for every room."""
