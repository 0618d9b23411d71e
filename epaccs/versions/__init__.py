"""The one writer: every fact is a numbered version, and every change is an edit that `apply_edit` decides."""
