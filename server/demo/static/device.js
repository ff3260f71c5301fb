// One phone at work: a live connection, the feed it keeps, and the cards of it on the screen.

import { CardView } from "./card.js";
import { Connection } from "./connection.js";
import { h, icon, move, say } from "./dom.js";
import { Feed } from "./feed.js";
import { Phone } from "./phone.js";

const CALM_MS = 260;
const FAREWELL_MS = 1400;
const FAREWELL_HEIGHT = "66px";
const SEEN_AFTER_MS = 600;
const SEEN_SHARE = 0.6;
// How often a scrolling card is looked at: one that is taller than the screen never shows most of itself.
const SEEN_STEPS = [0.1, 0.2, 0.3, 0.4, 0.5, SEEN_SHARE];
const FAREWELLS = {
  completed: "Answered",
  dismissed: "Dismissed",
  cancelled: "Withdrawn",
  expired: "Expired",
};
const BY_A_TAP = new Set(["completed", "dismissed"]);
const ARRIVAL = [
  { opacity: 0, transform: "translateY(-10px) scale(0.985)" },
  { opacity: 1, transform: "none" },
];

export class Device {
  #views = new Map();
  #leaving = new Map();
  #mine = new Set();
  #unseen = new Set();
  #seenTimer = 0;
  #isFirst = true;

  /** `changed()` is called after every frame of the feed. */
  constructor({ name, customer, session, changed }) {
    Object.assign(this, { name, changed });
    this.runtimeValues = session.runtime;
    this.feed = new Feed();
    this.phone = new Phone({
      name,
      customer,
      title: session.title,
      toggle: () => this.#toggle(),
      wake: (card) => this.#act({ card: card.id, action: "unsnooze" }),
    });
    const seen = { root: this.phone.screen, threshold: SEEN_STEPS };
    this.watcher = new IntersectionObserver((entries) => this.#watched(entries), seen);
    this.connection = new Connection({
      token: (fresh) => session.token(fresh),
      container: session.container,
      onFeed: (frame) => this.#take(frame),
      onState: (state, detail) => this.#showState(state, detail),
    });
  }

  get node() {
    return this.phone.node;
  }

  open() {
    this.connection.open();
  }

  close() {
    this.watcher.disconnect();
    clearTimeout(this.#seenTimer);
    this.connection.close();
    this.phone.close();
  }

  #toggle() {
    if (this.connection.state === "cut") this.connection.restore();
    else this.connection.cut();
  }

  #showState(state, { caught = 0, failed = false } = {}) {
    this.phone.showState(state, this.#banner(state, failed));
    if (state === "cut") say(`${this.name}: the connection is cut.`);
    if (state !== "live") return;
    if (!this.#isFirst) this.#healed(caught);
    this.#isFirst = false;
    this.#reportSeenSoon();
  }

  #banner(state, failed) {
    if (state === "cut") return `No connection.${this.#waiting()} The feed heals when it is back.`;
    if (state === "healing" && failed) return "The server does not answer. Trying again …";
    return state === "healing" && !this.#isFirst ? "Asking for what changed …" : null;
  }

  #waiting() {
    const count = this.connection.waitingCount;
    if (count === 0) return "";
    return count === 1 ? " One tap waits here." : ` ${count} taps wait here.`;
  }

  #healed(caught) {
    const changes = caught === 1 ? "1 change" : `${caught} changes`;
    const text =
      caught === 0 ? "Healed: nothing had changed." : `Healed from the cursor: ${changes} caught up.`;
    this.phone.tell(text);
    say(`${this.name}: ${text}`);
  }

  #take(frame) {
    const { came, left, woken } = this.feed.apply(frame);
    for (const card of left) this.#farewell(card);
    for (const card of woken) if (card.menu.snooze_notify) this.phone.tell(`${card.view.title || "A card"} is back.`);
    this.#render(new Set(came.map((card) => card.id)));
    if (came.length && !this.#isFirst) say(`${this.name}: new cards: ${came.length}.`);
    this.changed();
  }

  #render(came) {
    const active = this.feed.active();
    active.forEach((card, place) => this.#show(card, place, came));
    const wanted = new Set(active.map((card) => card.id));
    for (const id of [...this.#views.keys()]) if (!wanted.has(id) && !this.#leaving.has(id)) this.#drop(id);
    this.phone.showSnoozed(this.feed.snoozed());
    this.#showCounts();
  }

  #showCounts() {
    this.phone.showCounts({ unseen: this.feed.unseen, isEmpty: this.phone.list.children.length === 0 });
  }

  #show(card, place, came) {
    let shown = this.#views.get(card.id);
    if (shown) shown.view.update(card);
    else shown = this.#add(card);
    const there = this.#inPlace(place);
    if (there !== shown.item) this.phone.list.insertBefore(shown.item, there);
    if (came.has(card.id) && !this.#isFirst) move(shown.item, ARRIVAL, CALM_MS);
  }

  #add(card) {
    const view = new CardView(card, {
      act: (message) => this.#act(message),
      track: (of, name, data) => this.connection.track([{ card: of, name, at: now(), data }]),
      runtime: (of, name) => this.runtimeValues[name] ?? of.runtime_variables?.[name]?.default ?? "–",
      notice: (...content) => this.phone.tell(...content),
    });
    const shown = { view, item: h("li", { class: "slot" }, view.node) };
    this.#views.set(card.id, shown);
    this.watcher.observe(view.node);
    return shown;
  }

  /** What stands at this place among the cards that stay: those that are leaving keep theirs until they are gone. */
  #inPlace(place) {
    const staying = [...this.phone.list.children].filter((item) => !item.classList.contains("leaving"));
    return staying[place] ?? null;
  }

  /** A card that closed says how, for a moment, before its place closes too. */
  async #farewell(card) {
    const shown = this.#views.get(card.id);
    const words = FAREWELLS[card.status];
    if (!shown || !words || this.#leaving.has(card.id)) return;
    const { item, view } = shown;
    this.#leaving.set(card.id, item);
    item.classList.add("leaving");
    view.node.inert = true;
    const elsewhere = BY_A_TAP.has(card.status) && !this.#mine.has(card.id);
    const drawing = icon(card.status === "completed" ? "check" : "cross");
    const text = elsewhere ? `${words} on another device` : words;
    item.append(h("p", { class: `farewell farewell-${card.status}` }, drawing, text));
    await move(item, [{ height: `${item.offsetHeight}px` }, { height: FAREWELL_HEIGHT }], CALM_MS);
    await new Promise((resolve) => setTimeout(resolve, FAREWELL_MS));
    const folded = { height: "0", opacity: 0, marginTop: "-12px" };
    await move(item, [{ height: FAREWELL_HEIGHT, opacity: 1 }, folded], CALM_MS);
    this.#leaving.delete(card.id);
    this.#drop(card.id);
    this.#showCounts();
  }

  #drop(id) {
    const { view, item } = this.#views.get(id);
    this.watcher.unobserve(view.node);
    this.#views.delete(id);
    item.remove();
  }

  async #act(message) {
    this.#mine.add(message.card);
    const answer = this.connection.act(message);
    if (this.connection.state === "cut") this.phone.showBanner(this.#banner("cut", false));
    const answered = await answer;
    if (answered.type === "error") this.#mine.delete(message.card);
    return answered;
  }

  /** A card that was on the screen for a moment has been seen; the server is told once. */
  #watched(entries) {
    for (const entry of entries) {
      const id = entry.target.dataset.card;
      if (isSeen(entry) && !this.feed.cards.get(id)?.seen) this.#unseen.add(id);
      else this.#unseen.delete(id);
    }
    this.#reportSeenSoon();
  }

  #reportSeenSoon() {
    clearTimeout(this.#seenTimer);
    if (this.#unseen.size) this.#seenTimer = setTimeout(() => this.#reportSeen(), SEEN_AFTER_MS);
  }

  #reportSeen() {
    if (this.connection.state !== "live" || document.hidden) return;
    this.connection.track([...this.#unseen].map((card) => ({ card, name: "displayed", at: now() })));
    this.#unseen.clear();
  }
}

const now = () => new Date().toISOString();

/** Most of the card is on the screen, or most of the screen is the card's. */
function isSeen({ intersectionRatio, intersectionRect, rootBounds }) {
  const share = rootBounds ? intersectionRect.height / rootBounds.height : 0;
  return Math.max(intersectionRatio, share) >= SEEN_SHARE;
}
