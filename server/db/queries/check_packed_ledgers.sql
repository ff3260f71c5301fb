select ledger from ledgers
