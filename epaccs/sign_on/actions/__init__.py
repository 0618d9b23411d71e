"""Sign in by another way than the password, each deed in one transaction with its line in the audit."""
