"""CEL as Flowdeck speaks it: checked by the reference library, compiled to bounded Python.

`rules.conditions` is the only door; nothing else imports from here.
"""
