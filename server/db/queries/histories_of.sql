-- unique customer of histories
select customer, due, history from histories where customer in (select value from json_each(:ids))
