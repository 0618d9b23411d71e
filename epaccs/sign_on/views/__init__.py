"""The other ways in, and the pages on which administrators look after them."""

from epaccs.sign_on.views import administration, passkeys, provider, step_up

BLUEPRINTS = (provider.bp, passkeys.bp, step_up.bp, administration.bp)

__all__ = ["BLUEPRINTS"]
