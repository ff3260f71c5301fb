// The panel that plays the backend: the sample events of each flow, and what the server answered to the last ones.

import { button, h, icon, newKey, say } from "./dom.js";

const RECEIPTS_MAX = 2;
const RUN_LETTERS = "ACDEFGHJKMNPQRTVWXYZ2346789";
const RUN_LENGTH = 4;
const FROM_NOW = /\{now\+(\d+)([dhm])\}/g;
const MS_PER = { d: 86_400_000, h: 3_600_000, m: 60_000 };

export class EventsPanel {
  #runs = new Map();
  #last = null;

  constructor(body, { api, flows, customer, fired }) {
    Object.assign(this, { api, customer, fired });
    this.receipts = h("ol", { class: "receipts", "aria-label": "Answers of the server" });
    this.again = button("Post it again, same id", () => this.#post(this.#last), "plain again");
    const box = h("div", { class: "receipts-box" }, this.receipts, this.again);
    body.replaceChildren(...flows.map((flow) => this.#group(flow)), box);
  }

  #group(flow) {
    const title = h("h3", { class: "group-title", text: flow.name });
    const about = h("p", { class: "group-about", text: flow.description });
    const events = flow.events.map((event) => h("li", {}, this.#eventButton(flow, event)));
    return h("section", { class: "group" }, title, about, h("ul", { class: "event-list" }, events));
  }

  #eventButton(flow, event) {
    const label = h("span", { class: "event-label" }, event.label);
    const name = h("code", { class: "event-name", text: event.name });
    const starts = event.starts ? h("span", { class: "event-starts", text: "starts" }) : null;
    const props = { class: "event", type: "button", onclick: () => this.#fire(flow, event) };
    return h("button", props, label, name, starts);
  }

  #fire(flow, sample) {
    if (sample.starts || !this.#runs.has(flow.key)) this.#runs.set(flow.key, newRun());
    const run = this.#runs.get(flow.key);
    this.#last = {
      label: sample.label,
      event: {
        id: newKey(),
        name: sample.name,
        customer: this.customer.id,
        ...(sample.key ? { key: filled(sample.key, run) } : {}),
        data: filled(sample.data ?? {}, run),
      },
    };
    return this.#post(this.#last);
  }

  async #post({ label, event }) {
    const started_at = performance.now();
    let outcome;
    try {
      const result = await this.api.postEvent(event);
      outcome = { look: result.status === "accepted" ? "good" : "plain", words: resultWords(result) };
      this.fired({ instance: result.started[0], key: event.key });
    } catch (error) {
      outcome = { look: "bad", words: problemWords(error) };
    }
    this.#receipt(event.name, { ...outcome, took_ms: Math.round(performance.now() - started_at) });
    say(`${label}: ${outcome.words}`);
  }

  #receipt(name, { look, words, took_ms }) {
    const drawing = icon({ good: "check", bad: "cross" }[look] ?? "dot");
    const took = h("span", { class: "receipt-took", text: `${took_ms} ms` });
    const said = h("span", { class: "receipt-words", text: words });
    this.receipts.prepend(
      h("li", { class: `receipt receipt-${look}` }, drawing, h("code", { text: name }), said, took),
    );
    while (this.receipts.children.length > RECEIPTS_MAX) this.receipts.lastChild.remove();
  }
}

function resultWords(result) {
  if (result.status !== "accepted") return `${result.status}, nothing changed`;
  const words = [];
  if (result.started.length) words.push(`${result.started.length} started`);
  if (result.woken) words.push(`${result.woken} woken`);
  if (result.deferred) words.push(`${result.deferred} deferred`);
  for (const { flow, reason } of result.refused) words.push(`${flow}: ${reason}`);
  return words.length ? words.join(", ") : "accepted, concerns nobody";
}

function problemWords(error) {
  return error.errors?.length
    ? `${error.message} ${error.errors[0].pointer} ${error.errors[0].message}`
    : error.message;
}

/** A sample with its placeholders filled: a number of its own for every start, times from now, the origin. */
function filled(sample, run) {
  if (typeof sample === "string") return sample.replaceAll("{run}", run).replaceAll("{origin}", location.origin).replace(FROM_NOW, fromNow);
  if (Array.isArray(sample)) return sample.map((item) => filled(item, run));
  if (sample === null || typeof sample !== "object") return sample;
  return Object.fromEntries(Object.entries(sample).map(([name, value]) => [name, filled(value, run)]));
}

function fromNow(_, count, unit) {
  return new Date(Date.now() + Number(count) * MS_PER[unit]).toISOString();
}

function newRun() {
  const numbers = crypto.getRandomValues(new Uint8Array(RUN_LENGTH));
  return Array.from(numbers, (number) => RUN_LETTERS[number % RUN_LETTERS.length]).join("");
}
