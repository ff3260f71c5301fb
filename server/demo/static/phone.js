// What a phone looks like around its cards: bar, state of the connection, banner, notice, snoozed cards, the switch.

import { button, empty, h, icon, newId } from "./dom.js";

const NOTICE_MS = 6000;

export class Phone {
  #asleepDrawn = "";
  #noticeTimer = 0;

  /** `toggle()` is the switch that cuts and restores; `wake(card)` shows a snoozed card again. */
  constructor({ name, customer, title, toggle, wake }) {
    this.wake = wake;
    this.list = h("ol", { class: "feed", "aria-label": "Cards" });
    this.#makeParts(name, toggle);
    const id = newId("phone");
    const heading = h(
      "h3",
      { class: "app-title", id },
      h("span", { class: "hidden", text: `${name}, ` }),
      title,
    );
    const bar = h("div", { class: "phone-bar" }, h("span", { text: name }), this.pill);
    const whose = h("div", {}, h("p", { class: "app-for", text: customer.name }), heading);
    const head = h("header", { class: "app-head" }, whose, this.unseen);
    const body = h("div", { class: "phone-body" }, bar, head, this.screen, this.notice);
    this.node = h("section", { class: "phone", "aria-labelledby": id }, body, this.switch);
  }

  #makeParts(name, toggle) {
    this.word = h("span", { text: "healing" });
    this.pill = h("span", { class: "pill" }, h("span", { class: "pill-dot" }), this.word);
    this.unseen = h("span", { class: "unseen", hidden: true });
    this.banner = h("p", { class: "banner", hidden: true });
    this.notice = h("div", { class: "notice", role: "status", hidden: true });
    this.empty = empty("check", "All done", "Post an event and see what the flow decides.", { hidden: true });
    this.skeleton = h("div", { class: "skeleton", "aria-hidden": "true" }, h("span"), h("span"), h("span"));
    this.asleep = h("ol", { class: "asleep" });
    this.asleepCount = h("span");
    const summary = h("summary", {}, icon("clock"), this.asleepCount);
    this.asleepBox = h("details", { class: "asleep-box", hidden: true }, summary, this.asleep);
    this.switch = h("button", {
      class: "tool cut",
      type: "button",
      onclick: toggle,
      text: "Cut the connection",
    });
    const shown = [this.banner, this.skeleton, this.empty, this.list, this.asleepBox];
    const region = { class: "screen", tabindex: "0", role: "region", "aria-label": `Screen of ${name}` };
    this.screen = h("div", region, shown);
  }

  /** `words` is what the banner says, if anything. */
  showState(state, words) {
    this.pill.className = `pill pill-${state}`;
    this.pill.dataset.state = state;
    this.node.dataset.state = state;
    this.word.textContent = state;
    this.switch.textContent = state === "cut" ? "Restore the connection" : "Cut the connection";
    this.showBanner(words);
  }

  showBanner(words) {
    this.banner.textContent = words ?? "";
    this.banner.hidden = !words;
  }

  /** A word from the app, for some seconds. */
  tell(...content) {
    clearTimeout(this.#noticeTimer);
    this.notice.replaceChildren(...content);
    this.notice.hidden = false;
    this.#noticeTimer = setTimeout(() => (this.notice.hidden = true), NOTICE_MS);
  }

  showCounts({ unseen, isEmpty }) {
    this.skeleton.hidden = true;
    this.empty.hidden = !isEmpty;
    this.unseen.hidden = unseen === 0;
    this.unseen.textContent = `${unseen} new`;
  }

  showSnoozed(cards) {
    this.asleepBox.hidden = cards.length === 0;
    this.asleepCount.textContent = `${cards.length} snoozed`;
    // Only what changed is drawn anew: a button that is replaced under a finger takes no tap.
    const drawing = JSON.stringify(cards.map((card) => [card.id, card.view, card.snoozed_until]));
    if (drawing === this.#asleepDrawn) return;
    this.#asleepDrawn = drawing;
    this.asleep.replaceChildren(...cards.map((card) => this.#sleeper(card)));
  }

  #sleeper(card) {
    const headline = card.view.body.find((element) => element.type === "headline")?.text;
    const name = typeof headline === "string" ? headline : card.view.title || "Card";
    const until = h("p", { class: "sleeper-until", text: `until ${clock(card.snoozed_until)}` });
    const show = button("Show now", () => this.wake(card), "plain");
    show.setAttribute("aria-label", `Show now: ${name}`);
    return h(
      "li",
      { class: "sleeper" },
      h("div", {}, h("p", { class: "sleeper-name", text: name }), until),
      show,
    );
  }

  close() {
    clearTimeout(this.#noticeTimer);
    this.node.remove();
  }
}

function clock(at) {
  const style = { weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  return at ? new Date(at).toLocaleString([], style) : "later";
}
