-- instances_live
select number, id, flow, version, customer, key, test, status, open_cards, subscriptions
from instances indexed by instances_live where live = 1 and number > :after order by number limit :limit
