// One card on a phone: draws its view, keeps what the customer enters, and turns taps into actions.

import { h, icon, newId } from "./dom.js";
import { inputField, isInput } from "./inputs.js";
import { cardMenu, snoozePanel, voteRow } from "./menu.js";
import { outside, plainText, textNodes } from "./text.js";

const DRAWN = {
  category: (element, { runtime }) =>
    h("p", { class: "category" }, icon(element.icon ?? "dot"), plainText(element.text, runtime)),
  headline: (element, { runtime, headingId }) =>
    h("h4", { class: "headline", id: headingId }, textNodes(element.text, runtime)),
  text: (element, { runtime }) => h("div", { class: "prose" }, textNodes(element.text, runtime)),
  image: (element) => picture(element),
  divider: () => h("hr", { class: "divider" }),
  list: (element, { runtime }) =>
    h(
      element.ordered ? "ol" : "ul",
      { class: "list" },
      element.items.map((item) => h("li", {}, textNodes(item, runtime))),
    ),
  fields: (element, { runtime }) =>
    h(
      "dl",
      { class: "pairs" },
      element.items.flatMap((item) => pair(item, runtime)),
    ),
};

const BUTTONS = new Set(["submit", "link", "dismiss", "snooze"]);

export class CardView {
  #drafts = new Map();
  #fields = [];
  #drawn = "";
  #busy = false;

  /** `act(message)` resolves with the server's answer; `runtime(card, name)` gives the app's own values. */
  constructor(card, { act, runtime, notice }) {
    Object.assign(this, { card, act, notice });
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

  #draw() {
    const headingId = newId("card");
    const context = { runtime: this.runtime, headingId };
    const { body, title } = this.card.view;
    this.#fields = [];
    const buttons = [];
    const shown = [];
    for (const element of body) {
      if (BUTTONS.has(element.type)) buttons.push(this.#button(element));
      else shown.push(isInput(element) ? this.#field(element) : drawn(element, context));
    }
    const named = body.some((element) => element.type === "headline");
    const heading = named
      ? null
      : h("h4", { class: "hidden", id: headingId, text: plainText(title || "Card", this.runtime) });
    const form = h(
      "form",
      { class: "card-body", novalidate: "", onsubmit: (event) => this.#enter(event) },
      heading,
      shown,
    );
    if (buttons.length) form.append(h("div", { class: "buttons" }, buttons));
    this.problem = h("p", { class: "card-problem", role: "alert", hidden: true });
    const menu = cardMenu(
      this.card.menu,
      (message) => this.#perform(message),
      () => this.#openSnooze(),
    );
    const vote = voteRow(this.card.menu, (message) => this.#perform(message));
    this.node.setAttribute("aria-labelledby", headingId);
    this.node.replaceChildren(...[menu, form, this.problem, vote].filter(Boolean));
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
      runtime: this.runtime,
    });
    this.#fields.push(field);
    return field.node;
  }

  #button(element) {
    const text = plainText(element.label, this.runtime);
    const look = element.style ?? (element.type === "submit" ? "secondary" : "plain");
    const props = { class: `button button-${look}`, type: "button" };
    switch (element.type) {
      case "submit":
        return h("button", { ...props, onclick: () => this.#submit(element), text });
      case "link":
        return this.#link(element, props, text);
      case "dismiss":
        return h("button", { ...props, onclick: () => this.#perform({ action: "dismiss" }), text });
      case "snooze":
        return h("button", { ...props, onclick: () => this.#snooze(element), text });
    }
  }

  #link(element, props, text) {
    const report = () => this.#perform({ action: "link", element: element.id });
    if (element.url === undefined) {
      const payload = () => this.notice(`The app got ${JSON.stringify(element.payload)}`);
      return h("button", { ...props, onclick: () => [report(), payload()], text });
    }
    return h("a", { class: props.class, ...outside(element.url), onclick: report, text });
  }

  /** Enter in an input is a tap on the first submit button. */
  #enter(event) {
    event.preventDefault();
    const first = this.card.view.body.find((element) => element.type === "submit");
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

  #refused(answer) {
    const wrong = new Map(
      (answer.errors ?? []).map((error) => [error.pointer.replace("/values/", ""), error.message]),
    );
    for (const field of this.#fields) field.showError(wrong.get(field.name));
    const first = this.#fields.find((field) => wrong.has(field.name));
    if (first) first.focus();
    else this.#showProblem(answer.message || "This could not be done.");
  }

  #showProblem(text) {
    this.problem.textContent = text ?? "";
    this.problem.hidden = !text;
  }
}

function drawn(element, context) {
  const draw = DRAWN[element.type];
  return draw
    ? draw(element, context)
    : h("p", { class: "unknown", text: `This app cannot show “${element.type}” yet.` });
}

function pair(item, runtime) {
  return [h("dt", {}, textNodes(item.label, runtime)), h("dd", {}, textNodes(item.value, runtime))];
}

/** The page's policy allows no pictures from elsewhere; what they show is said instead. */
function picture(element) {
  const words = h("p", { class: "picture-words", text: element.alt || "A picture" });
  if (new URL(element.url, location.href).origin !== location.origin) return words;
  return h("img", {
    class: "picture",
    src: element.url,
    alt: element.alt ?? "",
    onerror: (event) => event.target.replaceWith(words),
  });
}
