"""Who saw, searched, changed, printed or was refused what: written in the transaction of the deed, never changed."""
