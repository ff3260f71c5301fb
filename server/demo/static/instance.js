// Looks over the engine's shoulder: the customer's instances, where their tokens stand, what each turn did.

import { empty, h } from "./dom.js";

const ROUND_MS = 2_000;
const SOON_MS = 120;
const STEP_WORDS = {
  send_card: "sends a card",
  update_card: "renders a card again",
  cancel_card: "withdraws cards",
  wait: "waits",
  branch: "chooses a path",
  set: "writes variables",
  update_customer: "writes the profile",
  emit: "raises an event",
  join: "joins branches",
  end: "ends",
};

const ACTION_WORDS = {
  displayed: "saw the card",
  submit: "tapped",
  dismiss: "dismissed the card",
  snooze: "snoozed the card",
  unsnooze: "woke the card",
  vote_up: "voted up",
  vote_down: "voted down",
  link: "followed a link",
};

export class InstancePanel {
  #timer = 0;
  #chosen = null;
  #wanted = {};
  #drawn = "";
  #reading = false;
  #again = false;
  #closed = false;

  constructor(body, { api, flows, customer }) {
    Object.assign(this, { body, api, customer });
    this.flows = new Map(flows.map((flow) => [flow.key, flow]));
    this.soon(0);
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** Something happened: look soon. */
  soon(wait_ms = SOON_MS) {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#read(), wait_ms);
  }

  /** Show the instance that an event started, or the newest one that it can have woken by its key. */
  follow(wanted) {
    this.#wanted = wanted;
    this.soon();
  }

  async #read() {
    if (this.#reading) return void (this.#again = true);
    this.#reading = true;
    try {
      if (!document.hidden) await this.#look();
    } catch (error) {
      if (!this.#closed) this.#show("problem", () => [problem(error)]);
    }
    this.#reading = false;
    const wait_ms = this.#again ? SOON_MS : ROUND_MS;
    this.#again = false;
    this.soon(wait_ms);
  }

  async #look() {
    const list = await this.api.instances(this.customer.id);
    this.#choose(list);
    if (this.#chosen === null) return this.#show("nothing", () => [nothing()]);
    const [instance, timeline] = await Promise.all([
      this.api.instance(this.#chosen),
      this.api.timeline(this.#chosen),
    ]);
    const key = JSON.stringify([list, instance, timeline.length]);
    this.#show(key, () => this.#content(list, instance, timeline));
  }

  #choose(list) {
    const { instance, key } = this.#wanted;
    const found = list.find((each) => (instance ? each.id === instance : key && each.key === key));
    if (found) [this.#chosen, this.#wanted] = [found.id, {}];
    else if (!list.some(({ id }) => id === this.#chosen)) this.#chosen = list[0]?.id ?? null;
  }

  /** Draws only what is new: a reader's place and the keyboard's focus stay where they are. */
  #show(key, content) {
    if (key === this.#drawn || this.#closed) return;
    this.#drawn = key;
    const focused = document.activeElement?.dataset?.instance;
    this.body.replaceChildren(...content());
    if (focused) this.body.querySelector(`[data-instance="${focused}"]`)?.focus();
  }

  #content(list, instance, timeline) {
    const flow = this.flows.get(instance.flow);
    const picker = h(
      "ul",
      { class: "instances" },
      list.map((each) => h("li", {}, this.#chip(each))),
    );
    const name = h("h3", { class: "instance-name", text: flow?.name ?? instance.flow });
    const title = h("h3", { class: "turns-title", text: `Turns (${timeline.length})` });
    const steps = track(flow?.steps ?? [], instance, timeline);
    return [picker, name, facts(instance), steps, title, turns(timeline)];
  }

  #chip(each) {
    const name = this.flows.get(each.flow)?.name ?? each.flow;
    const pressed = String(each.id === this.#chosen);
    const props = { class: "chip", type: "button", "data-instance": each.id, "aria-pressed": pressed };
    const choose = () => {
      this.#chosen = each.id;
      this.#wanted = {};
      this.#drawn = "";
      this.soon(0);
    };
    const dot = h("span", { class: `chip-dot status-${each.status}` });
    const key = each.key ? h("span", { class: "chip-key", text: each.key }) : null;
    return h("button", { ...props, onclick: choose }, dot, h("span", { text: name }), key);
  }
}

function facts({ status, version, key, outcome }) {
  const more = [`version ${version}`, key && `key ${key}`, outcome && `outcome ${outcome}`].filter(Boolean);
  return h(
    "p",
    { class: "facts" },
    h("span", { class: `status-${status}`, text: status }),
    ` ${more.join(" · ")}`,
  );
}

/** The flow's steps in the order of the document, with what this instance has made of each. */
function track(steps, instance, timeline) {
  const standing = new Map(instance.tokens.map((token) => [token.step, token.since]));
  const waits = Map.groupBy(instance.waits, (wait) => wait.step);
  const done = new Set(timeline.flatMap((turn) => turn.steps.map(({ step }) => step)));
  const rows = steps.map((step) => {
    const state = standing.has(step.id) ? "here" : done.has(step.id) ? "done" : "ahead";
    const runs = instance.steps[step.id]?.runs ?? 0;
    const note = state === "here" ? waitNote(waits.get(step.id) ?? []) : (STEP_WORDS[step.type] ?? step.type);
    return h(
      "li",
      { class: `stop stop-${state}`, "aria-current": state === "here" ? "step" : null },
      h("span", { class: "stop-dot" }),
      h("span", { class: "stop-name", text: step.name || spoken(step.id) }),
      runs > 1 ? h("span", { class: "stop-runs", text: `×${runs}` }) : null,
      h("span", { class: "stop-note", text: note }),
    );
  });
  return h("ol", { class: "track", "aria-label": "Steps" }, rows);
}

function waitNote(waits) {
  const names = waits.map(({ outcome }) => outcome).filter(Boolean);
  return names.length ? `waits for ${names.join(", ")}` : "a token stands here";
}

function turns(timeline) {
  const newestFirst = [...timeline].sort((a, b) => b.seq - a.seq);
  return h("ol", { class: "turns" }, newestFirst.map(turnRow));
}

function turnRow(turn) {
  const what = h("p", { class: "turn-input", text: inputWords(turn.input) });
  const steps = h("ul", { class: "turn-steps" }, turn.steps.map(stepLine));
  return h(
    "li",
    { class: "turn" },
    h("span", { class: "turn-at", text: clock(turn.at) }),
    h("div", {}, what, steps),
  );
}

function stepLine({ step, result }) {
  return h(
    "li",
    {},
    step ? h("span", { class: "turn-step", text: step }) : null,
    h("span", { text: result }),
  );
}

function inputWords(input) {
  switch (input.type) {
    case "started":
      return input.event ? `Started by ${input.event.name ?? input.event}` : "Started";
    case "event":
      return `Event ${input.event?.name ?? input.event ?? ""}`;
    case "time":
      return "Time came";
    case "action":
      return [
        "Customer",
        ACTION_WORDS[input.action] ?? input.action,
        input.button && `“${spoken(input.button)}”`,
      ]
        .filter(Boolean)
        .join(" ");
    case "withdrawn":
      return "Card withdrawn";
    case "customer":
      return "Profile changed";
    case "cancelled":
      return "Cancelled";
    default:
      return input.type ?? "Turn";
  }
}

/** “Tell carrier” for tell_carrier: a step that has no name is called by its id. */
function spoken(id) {
  return id.charAt(0).toUpperCase() + id.slice(1).replaceAll("_", " ");
}

const clock = (at) => new Date(at).toLocaleTimeString([], { timeStyle: "medium", hourCycle: "h23" });

function nothing() {
  return empty("dot", "No instance yet", "An event that starts a flow makes one.");
}

function problem(error) {
  return empty("cross", "Cannot look", error.message, { class: "empty-bad" });
}
