"""Going from one person to the next: the round of a care home."""
