"""Markers that hang in a home: a code that leads whoever may open a record to it, and anybody else nowhere."""
