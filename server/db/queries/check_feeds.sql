select count(*) from (select 1 from cards group by customer, seq having count(*) > 1)
