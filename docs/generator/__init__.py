"""Writes docs/reference: prose and examples of docs/prose, beside what the declarations say."""
