"""Instants, durations, zones and moments: when something is, or is to be."""
