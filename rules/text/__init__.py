"""Texts with values in them: Liquid, Markdown, links and the spans that apps draw."""
