-- primary key of ledgers
with given (customer, flow, test) as (values (?, ?, ?))
select ledgers.customer, ledgers.flow, ledgers.test, ledger
from given cross join ledgers
    on ledgers.customer = given.customer and ledgers.flow = given.flow and ledgers.test = given.test
