"""Runs the flow tests of a folder: finds them, plays their cases, tells what came out (flow format §10)."""
