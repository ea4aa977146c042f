"""Formats of labelled documents."""
