-- unique customer of histories; what does not move costs its index no page
update histories set due = given.column2
from (values (?, ?)) as given
where customer = given.column1 and due is not given.column2
