-- primary key of versions
select flow, number, '', document_type, note, published_at, published_by
from versions where flow = :flow and number >= 1 order by number desc
