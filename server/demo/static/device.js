// One phone: a live connection, the feed it keeps, the cards on its screen, and the switch that cuts its network.

import { CardView } from "./card.js";
import { Connection } from "./connection.js";
import { h, icon, move, newId, say } from "./dom.js";
import { Feed } from "./feed.js";

const CALM_MS = 260;
const FAREWELL_MS = 1400;
const NOTICE_MS = 6000;
const SEEN_AFTER_MS = 600;
const STATE_WORDS = { live: "live", healing: "healing", cut: "cut" };
const FAREWELLS = { completed: "Answered", dismissed: "Dismissed", cancelled: "Withdrawn", expired: "Expired" };

export class Device {
  #views = new Map();
  #leaving = new Map();
  #mine = new Set();
  #unseen = new Set();
  #seenTimer = 0;
  #noticeTimer = 0;
  #isFirst = true;

  constructor({ name, customer, session, changed }) {
    Object.assign(this, { name, customer, changed });
    this.runtimeValues = session.runtime;
    this.feed = new Feed();
    this.#build(session);
    this.connection = new Connection({
      token: (fresh) => session.token(fresh),
      container: session.container,
      onFeed: (frame) => this.#take(frame),
      onState: (state, detail) => this.#showState(state, detail),
    });
    this.watcher = new IntersectionObserver((entries) => this.#watched(entries), { root: this.screen, threshold: 0.6 });
    this.connection.open();
  }

  close() {
    this.watcher.disconnect();
    clearTimeout(this.#seenTimer);
    clearTimeout(this.#noticeTimer);
    this.connection.close();
    this.node.remove();
  }

  #build(session) {
    const titleId = newId("phone");
    this.pill = h("span", { class: "pill pill-healing", "data-state": "healing" }, h("span", { class: "pill-dot" }), h("span", { text: "healing" }));
    this.unseen = h("span", { class: "unseen", hidden: true });
    this.banner = h("p", { class: "banner", hidden: true });
    this.list = h("ol", { class: "feed", "aria-label": "Cards" });
    this.asleep = h("ol", { class: "asleep" });
    this.asleepBox = h("details", { class: "asleep-box", hidden: true }, h("summary", {}, icon("clock"), h("span", { class: "asleep-count" })), this.asleep);
    this.empty = h("div", { class: "empty", hidden: true }, icon("check"), h("p", { class: "empty-title", text: "All done" }), h("p", { text: "Post an event and see what the flow decides." }));
    this.skeleton = h("div", { class: "skeleton", "aria-hidden": "true" }, h("span"), h("span"), h("span"));
    this.notice = h("div", { class: "notice", role: "status", hidden: true });
    this.screen = h("div", { class: "screen", tabindex: "0", role: "region", "aria-label": `Screen of ${this.name}` }, this.banner, this.skeleton, this.empty, this.list, this.asleepBox);
    this.cutButton = h("button", { class: "tool cut", type: "button", onclick: () => this.#toggle(), text: "Cut the connection" });
    const title = h("h3", { class: "app-title", id: titleId }, h("span", { class: "hidden", text: `${this.name}, ` }), session.title);
    const head = h("header", { class: "app-head" }, h("div", {}, h("p", { class: "app-for", text: this.customer.name }), title), this.unseen);
    const body = h("div", { class: "phone-body" }, h("div", { class: "phone-bar" }, h("span", { text: this.name }), this.pill), head, this.screen, this.notice);
    this.node = h("section", { class: "phone", "aria-labelledby": titleId }, body, this.cutButton);
  }

  #toggle() {
    if (this.connection.state === "cut") this.connection.restore();
    else this.connection.cut();
  }

  #showState(state, { caught = 0, failed = false } = {}) {
    this.pill.className = `pill pill-${state}`;
    this.pill.dataset.state = state;
    this.pill.lastChild.textContent = STATE_WORDS[state];
    this.node.dataset.state = state;
    this.cutButton.textContent = state === "cut" ? "Restore the connection" : "Cut the connection";
    this.#showBanner(state, failed);
    if (state === "live" && !this.#isFirst) this.#healed(caught);
    if (state === "live") this.#isFirst = false;
    if (state === "live") this.#reportSeenSoon();
    if (state === "cut") say(`${this.name}: the connection is cut.`);
  }

  #showBanner(state, failed = false) {
    const waiting = this.connection?.waitingCount ?? 0;
    const kept = waiting ? ` ${waiting === 1 ? "One tap waits" : `${waiting} taps wait`} here.` : "";
    const healing = failed ? "The server does not answer. Trying again …" : "Asking for what changed …";
    const words = { cut: `No connection.${kept} The feed heals when it is back.`, healing }[state];
    this.banner.textContent = words ?? "";
    this.banner.hidden = !words || (state === "healing" && this.#isFirst && !failed);
  }

  #healed(caught) {
    const text = caught === 0 ? "Healed: nothing had changed." : `Healed from the cursor: ${caught} ${caught === 1 ? "change" : "changes"} caught up.`;
    this.#tell(text);
    say(`${this.name}: ${text}`);
  }

  #tell(...content) {
    clearTimeout(this.#noticeTimer);
    this.notice.replaceChildren(...content);
    this.notice.hidden = false;
    this.#noticeTimer = setTimeout(() => (this.notice.hidden = true), NOTICE_MS);
  }

  #take(frame) {
    const { came, left } = this.feed.apply(frame);
    for (const card of left) this.#farewell(card);
    this.#render(new Set(came.map((card) => card.id)));
    if (came.length && !this.#isFirst) say(`${this.name}: ${came.length === 1 ? "a new card" : `${came.length} new cards`}.`);
    this.changed();
  }

  #render(came) {
    const active = this.feed.active();
    this.skeleton.hidden = true;
    active.forEach((card, place) => this.#show(card, place, came));
    const wanted = new Set(active.map((card) => card.id));
    for (const [id, { item }] of this.#views) if (!wanted.has(id) && !this.#leaving.has(id)) this.#drop(id, item);
    this.#renderAsleep();
    this.empty.hidden = active.length > 0 || this.#leaving.size > 0;
    this.unseen.hidden = this.feed.unseen === 0;
    this.unseen.textContent = `${this.feed.unseen} new`;
  }

  #show(card, place, came) {
    let shown = this.#views.get(card.id);
    if (shown) shown.view.update(card);
    else {
      const view = new CardView(card, { act: (message) => this.#act(message), runtime: (of, name) => this.#runtime(of, name), notice: (...content) => this.#tell(...content) });
      shown = { view, item: h("li", { class: "slot" }, view.node) };
      this.#views.set(card.id, shown);
      this.watcher.observe(view.node);
    }
    const there = this.#inPlace(place);
    if (there !== shown.item) this.list.insertBefore(shown.item, there);
    if (came.has(card.id) && !this.#isFirst) this.#arrive(shown.item);
  }

  /** What stands at this place among the cards that stay: those that are leaving keep theirs until they are gone. */
  #inPlace(place) {
    const staying = [...this.list.children].filter((item) => !item.classList.contains("leaving"));
    return staying[place] ?? null;
  }

  #arrive(item) {
    move(item, [{ opacity: 0, transform: "translateY(-10px) scale(0.985)" }, { opacity: 1, transform: "none" }], CALM_MS);
  }

  /** A card that closed says how, for a moment, before its place closes too. */
  async #farewell(card) {
    const shown = this.#views.get(card.id);
    if (!shown || this.#leaving.has(card.id)) return;
    const words = FAREWELLS[card.status];
    if (!words) return this.#drop(card.id, shown.item);
    const elsewhere = card.status === "completed" || card.status === "dismissed" ? !this.#mine.has(card.id) : false;
    this.#leaving.set(card.id, shown.item);
    shown.item.classList.add("leaving");
    shown.view.node.inert = true;
    shown.item.append(h("p", { class: `farewell farewell-${card.status}` }, icon(card.status === "completed" ? "check" : "cross"), elsewhere ? `${words} on another device` : words));
    await new Promise((resolve) => setTimeout(resolve, FAREWELL_MS));
    const height = `${shown.item.offsetHeight}px`;
    await move(shown.item, [{ height, opacity: 1 }, { height: "0px", opacity: 0, marginTop: "-12px" }], CALM_MS);
    this.#leaving.delete(card.id);
    this.#drop(card.id, shown.item);
    this.empty.hidden = this.list.children.length > 0;
  }

  #drop(id, item) {
    const shown = this.#views.get(id);
    if (shown) this.watcher.unobserve(shown.view.node);
    this.#views.delete(id);
    item.remove();
  }

  #renderAsleep() {
    const snoozed = this.feed.snoozed();
    this.asleepBox.hidden = snoozed.length === 0;
    this.asleepBox.querySelector(".asleep-count").textContent = `${snoozed.length} snoozed`;
    this.asleep.replaceChildren(...snoozed.map((card) => this.#sleeper(card)));
  }

  #sleeper(card) {
    const headline = card.view.body.find((element) => element.type === "headline")?.text;
    const name = typeof headline === "string" ? headline : card.view.title || "Card";
    const until = card.snoozed_until ? new Date(card.snoozed_until).toLocaleString([], { weekday: "short", hour: "2-digit", minute: "2-digit" }) : "";
    const wake = h("button", { class: "button button-plain", type: "button", "aria-label": `Show now: ${name}`, onclick: () => this.#act({ card: card.id, action: "unsnooze" }), text: "Show now" });
    return h("li", { class: "sleeper" }, h("div", {}, h("p", { class: "sleeper-name", text: name }), h("p", { class: "sleeper-until", text: `until ${until}` })), wake);
  }

  async #act(message) {
    this.#mine.add(message.card);
    const answer = this.connection.act(message);
    if (this.connection.state !== "live") this.#showBanner(this.connection.state);
    const answered = await answer;
    if (answered.type === "error") this.#mine.delete(message.card);
    return answered;
  }

  #runtime(card, name) {
    const own = this.runtimeValues[name];
    return own ?? card.runtime_variables?.[name]?.default ?? "–";
  }

  /** A card that was on the screen for a moment has been seen; the server is told once. */
  #watched(entries) {
    for (const { target, isIntersecting } of entries) {
      const id = target.dataset.card;
      if (isIntersecting && !this.feed.cards.get(id)?.seen) this.#unseen.add(id);
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
    const at = new Date().toISOString();
    this.connection.track([...this.#unseen].map((card) => ({ card, name: "displayed", at })));
    this.#unseen.clear();
  }
}
