"""Ways in beside the password: an identity provider, passkeys, and another system that sends somebody here."""
