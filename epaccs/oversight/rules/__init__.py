"""What is unusual about an access, by which thresholds, and how it is decided."""
