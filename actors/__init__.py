"""The runtime: who decides when. Mailboxes, the turn loop, group commit, timers, outbox, live feeds."""
