// The feed as state: what the frames add up to. Knows neither sockets nor elements.

const ON_SCREEN = new Set(["active", "snoozed"]);

export class Feed {
  cards = new Map();
  limit = Infinity;

  /** Takes one frame; answers which cards came, changed and left, and which time has woken. */
  apply(frame) {
    const before = new Map(this.cards);
    if (frame.reset) this.cards.clear();
    if (frame.limit) this.limit = frame.limit;
    const closed = new Map();
    for (const card of frame.cards) {
      const known = before.get(card.id);
      if (known && known.seq > card.seq) this.cards.set(card.id, known);
      else if (ON_SCREEN.has(card.status)) this.cards.set(card.id, card);
      else closed.set(card.id, card);
    }
    for (const id of frame.removed ?? []) if (!this.#isNewer(id, closed.get(id))) this.cards.delete(id);
    return this.#changes(before, closed);
  }

  #isNewer(id, closed) {
    return closed !== undefined && (this.cards.get(id)?.seq ?? 0) > closed.seq;
  }

  #changes(before, closed) {
    const came = [];
    const changed = [];
    const left = [];
    const woken = [];
    for (const [id, card] of this.cards) {
      const known = before.get(id);
      if (!known) came.push(card);
      else if (known.seq !== card.seq) changed.push(card);
      if (known?.status === "snoozed" && card.status === "active" && isOver(known.snoozed_until)) woken.push(card);
    }
    for (const [id, card] of before) if (!this.cards.has(id)) left.push(closed.get(id) ?? card);
    return { came, changed, left, woken };
  }

  /** Priority 1 first, then newest first; a page of it, because the app applies the container's limit. */
  active() {
    return this.#sorted("active").slice(0, this.limit);
  }

  snoozed() {
    return this.#sorted("snoozed");
  }

  get unseen() {
    return this.active().filter((card) => !card.seen).length;
  }

  #sorted(status) {
    const cards = [...this.cards.values()].filter((card) => card.status === status);
    const since = (card) => card.published_at ?? card.created_at;
    return cards.sort((a, b) => a.priority - b.priority || (since(a) < since(b) ? 1 : -1));
  }
}

/** Clocks differ by a second; whoever woke the card by hand did so long before. */
const isOver = (until) => Date.parse(until) - Date.now() < 1_000;
