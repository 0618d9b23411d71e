"""Pure rules of bringing a tablet up to date."""
