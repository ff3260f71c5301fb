insert into versions (flow, number, document, document_type, note, published_at, published_by)
values (?, ?, ?, ?, ?, ?, ?)
on conflict (flow, number) do nothing
