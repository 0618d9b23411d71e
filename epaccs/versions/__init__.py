"""The one writer: every fact about a person is a numbered version, and every change is an edit that `apply_edit` decides."""
