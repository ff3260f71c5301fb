// One card on a phone: draws its screens, keeps what the customer enters, and turns taps into actions.

import { buttonNode, isButton } from "./buttons.js";
import { h, icon, newId } from "./dom.js";
import { drawnElement } from "./elements.js";
import { inputField, isInput } from "./inputs.js";
import { cardMenu, snoozePanel, voteRow } from "./menu.js";
import { outside, plainText } from "./text.js";

/** The name of the card's own screen among those of its subviews. */
const FRONT = "";

export class CardView {
  #drafts = new Map();
  #screens = new Map();
  #path = [];
  #drawn = "";
  #busy = false;

  /** `act(message)` resolves with the server's answer, `track(card, name, data)` only tells it; `runtime(card, name)`
   * gives the app's own values. */
  constructor(card, { act, track, runtime, notice }) {
    Object.assign(this, { card, act, track, notice });
    this.runtime = (name) => runtime(this.card, name);
    this.node = h("article", { class: "card", "data-card": card.id });
    this.update(card);
  }

  update(card) {
    this.card = card;
    this.node.classList.toggle("card-new", !card.seen);
    const drawing = JSON.stringify([card.view, card.menu, card.runtime_variables]);
    if (drawing === this.#drawn) return;
    const again = this.#drawn !== "";
    this.#drawn = drawing;
    this.#draw();
    if (again) this.#flash();
  }

  // ── drawing ──────────────────────────────────────────────────────────────────────────────────────────

  #draw() {
    const { view, menu } = this.card;
    this.#screens = new Map([[FRONT, this.#front(view)]]);
    for (const [name, subview] of Object.entries(view.subviews)) this.#screens.set(name, this.#subview(subview));
    this.problem = h("p", { class: "card-problem", role: "alert", hidden: true });
    const perform = (message) => this.#perform(message);
    this.frame = [cardMenu(menu, perform, () => this.#openSnooze()), voteRow(menu, perform)];
    this.#path = this.#path.filter((name) => this.#screens.has(name));
    const nodes = [...this.#screens.values()].map((screen) => screen.node);
    const [top, bottom] = this.frame;
    this.node.replaceChildren(...[top, ...nodes, this.problem, bottom].filter(Boolean));
    this.#show();
  }

  /** The card itself: its headline names it, or else its title, unseen. */
  #front({ title, body }) {
    const screen = this.#screen(body);
    if (!body.some((element) => element.type === "headline")) {
      const text = plainText(title || "Card", this.runtime);
      screen.node.prepend(h("h4", { class: "hidden", id: screen.headingId, text }));
    }
    return screen;
  }

  #subview({ title, body }) {
    const screen = this.#screen(body);
    const text = title || "More";
    const back = h("button", { class: "icon-button", type: "button", "aria-label": "Back" }, icon("back"));
    back.addEventListener("click", () => this.#back());
    screen.node.prepend(h("header", { class: "subview-head" }, back, h("h4", { class: "subview-title", text })));
    return screen;
  }

  #screen(body) {
    const headingId = newId("card");
    const context = { runtime: this.runtime, headingId, report: (name, data) => this.track(this.card.id, name, data) };
    const fields = [];
    const nodes = [];
    const wishes = this.#wishes();
    let buttons = null;
    for (const element of body) {
      if (isButton(element)) {
        if (!buttons) nodes.push((buttons = h("div", { class: "buttons" })));
        buttons.append(buttonNode(element, wishes));
        continue;
      }
      buttons = null;
      if (isInput(element)) fields.push(this.#field(element));
      nodes.push(isInput(element) ? fields.at(-1).node : drawnElement(element, context));
    }
    const props = { class: "card-body", novalidate: "", onsubmit: (event) => this.#enter(event, body) };
    return { node: h("form", props, nodes), fields, headingId };
  }

  #flash() {
    this.node.classList.remove("card-changed");
    requestAnimationFrame(() => this.node.classList.add("card-changed"));
  }

  #field(element) {
    const field = inputField(element, {
      draft: this.#drafts.get(element.name),
      changed: (name, value) => {
        this.#drafts.set(name, value);
        field.showError(null);
      },
    });
    return field;
  }

  get #fields() {
    return [...this.#screens.values()].flatMap((screen) => screen.fields);
  }

  // ── screens ──────────────────────────────────────────────────────────────────────────────────────────

  get #current() {
    return this.#path.at(-1) ?? FRONT;
  }

  #show() {
    for (const [name, { node }] of this.#screens) node.hidden = name !== this.#current;
    // The card's menu and vote stand on its front only.
    for (const node of this.frame.filter(Boolean)) node.hidden = this.#current !== FRONT;
    this.node.setAttribute("aria-labelledby", this.#screens.get(FRONT).headingId);
  }

  #open(name, element) {
    this.track(this.card.id, "subview", { element: element.id, subview: name });
    this.#path.push(name);
    this.#show();
    this.#screens.get(name).node.querySelector("button")?.focus({ preventScroll: true });
    this.node.scrollIntoView({ block: "start" });
  }

  #back() {
    this.#path.pop();
    this.#show();
    this.#screens.get(this.#current).node.querySelector("button, a, input")?.focus({ preventScroll: true });
  }

  // ── taps ─────────────────────────────────────────────────────────────────────────────────────────────

  #wishes() {
    return {
      act: (message) => this.#perform(message),
      submit: (element) => this.#submit(element),
      snooze: (element) => this.#snooze(element),
      open: (name, element) => this.#open(name, element),
      hand: (payload) => this.notice(`The app got ${JSON.stringify(payload)}`),
    };
  }

  /** Enter in an input is a tap on the first submit button there, else of the card. */
  #enter(event, body) {
    event.preventDefault();
    const first = [...body, ...this.card.view.body].find((element) => element.type === "submit");
    if (first) this.#submit(first);
  }

  async #submit(element) {
    const values = Object.fromEntries(
      this.#fields.map((field) => [field.name, field.value()]).filter(([, value]) => value !== undefined),
    );
    const answer = await this.#perform({
      action: "submit",
      button: element.name,
      values,
      seq: this.card.seq,
    });
    if (answer?.type !== "ok") return;
    if (element.url)
      this.notice("The app would open ", h("a", { ...outside(element.url), text: element.url }));
    else if (element.payload !== undefined) this.notice(`The app got ${JSON.stringify(element.payload)}`);
    else if (element.keep_open) this.notice("Kept.");
  }

  #snooze(element) {
    if (element.for) this.#perform({ action: "snooze", for: element.for });
    else this.#openSnooze();
  }

  #openSnooze() {
    this.node.querySelector(".snooze-panel")?.remove();
    const panel = snoozePanel(
      this.card.menu,
      (message) => this.#perform(message),
      () => panel.remove(),
    );
    this.node.append(panel);
    panel.querySelector("button, input").focus();
  }

  async #perform(message) {
    if (this.#busy) return undefined;
    this.#setBusy(true);
    this.#showProblem(null);
    const answer = await this.act({ card: this.card.id, ...message });
    this.#setBusy(false);
    if (answer.type === "error") this.#refused(answer);
    return answer;
  }

  #setBusy(busy) {
    this.#busy = busy;
    this.node.classList.toggle("card-busy", busy);
    this.node.setAttribute("aria-busy", String(busy));
  }

  /** Each input says what is wrong with it; the first one is shown, on whichever screen it is. */
  #refused(answer) {
    const wrong = new Map(
      (answer.errors ?? []).map((error) => [error.pointer.replace("/values/", ""), error.message]),
    );
    for (const field of this.#fields) field.showError(wrong.get(field.name));
    for (const [name, { fields }] of this.#screens) {
      const first = fields.find((field) => wrong.has(field.name));
      if (!first) continue;
      if (name !== this.#current) this.#path = name === FRONT ? [] : [...this.#path, name];
      this.#show();
      return first.focus();
    }
    this.#showProblem(answer.message || "This could not be done.");
  }

  #showProblem(text) {
    this.problem.textContent = text ?? "";
    this.problem.hidden = !text;
  }
}
