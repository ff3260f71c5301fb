// Joins the page: one session for the chosen customer, one or two phones, the events panel, the instance panel.

import { Api, openSession } from "./api.js";
import { Device } from "./device.js";
import { button, empty, h } from "./dom.js";
import { EventsPanel } from "./events.js";
import { InstancePanel } from "./instance.js";

const RENEW_EARLY_MS = 30_000;
// What this app knows and a flow cannot: values for runtime variables.
const RUNTIME = { balance: "€ 248.10", app_version: "1.0", device: "this phone" };

const byId = (id) => document.getElementById(id);

/** Credentials of one customer; asks for new ones when the token is about to end. */
class Session {
  constructor(opened) {
    this.runtime = RUNTIME;
    this.#take(opened);
  }

  #take({ token, ...opened }) {
    Object.assign(this, opened);
    this.jwt = token.text;
    this.ends_at = Date.parse(token.expires_at);
  }

  async token(fresh) {
    if (fresh || Date.now() > this.ends_at - RENEW_EARLY_MS) this.#take(await openSession(this.customer.id));
    return this.jwt;
  }
}

class Page {
  #devices = [];
  #session = null;
  #instance = null;
  #two = true;

  async open(customer) {
    this.#closeAll();
    byId("stage").replaceChildren(h("p", { class: "stage-note", text: "Opening …" }));
    try {
      this.#session = new Session(await openSession(customer));
    } catch (error) {
      return this.#failed(error, customer);
    }
    this.#showCustomers();
    const { key, flows, customer: who } = this.#session;
    const api = new Api(key);
    this.#instance = new InstancePanel(byId("instance-body"), { api, flows, customer: who });
    new EventsPanel(byId("events-body"), {
      api,
      flows,
      customer: who,
      fired: (what) => this.#instance.follow(what),
    });
    byId("stage").replaceChildren();
    this.#addDevice("Phone A");
    if (this.#two) this.#addDevice("Phone B");
  }

  #addDevice(name) {
    const session = this.#session;
    const changed = () => {
      this.#instance.soon();
      showUnseen(this.#devices[0]?.feed.unseen ?? 0);
    };
    const device = new Device({ name, customer: session.customer, session, changed });
    device.node.classList.toggle("wide-only", this.#devices.length > 0);
    this.#devices.push(device);
    byId("stage").append(device.node);
    device.open();
  }

  #closeAll() {
    for (const device of this.#devices) device.close();
    this.#devices = [];
    this.#instance?.close();
  }

  toggleSecond(button) {
    this.#two = !this.#two;
    button.setAttribute("aria-pressed", String(this.#two));
    if (this.#two) this.#addDevice("Phone B");
    else this.#devices.pop().close();
  }

  #showCustomers() {
    const { customers, customer } = this.#session;
    const options = customers.map(({ id, name }) =>
      h("option", { value: id, text: name, selected: id === customer.id }),
    );
    byId("customer").replaceChildren(...options);
    byId("customer-about").textContent = customer.about;
  }

  #failed(error, customer) {
    const box = empty("cross", "The demo cannot be opened", error.message, {
      class: "empty-bad",
      role: "alert",
    });
    box.append(button("Try again", () => this.open(customer), "primary"));
    byId("stage").replaceChildren(box);
  }
}

/** On a small screen the phone may be behind another tab: its tab says that something waits there. */
function showUnseen(count) {
  document.querySelector("[data-tab=stage]").textContent = count ? `Phone (${count} new)` : "Phone";
}

function wireTabs() {
  const tabs = [...document.querySelectorAll(".tabs button")];
  for (const tab of tabs) {
    tab.addEventListener("click", () => {
      for (const each of tabs) each.removeAttribute("aria-current");
      tab.setAttribute("aria-current", "page");
      document.querySelector(".board").dataset.shown = tab.dataset.tab;
      scrollTo(0, 0);
    });
  }
}

const page = new Page();
byId("customer").addEventListener("change", (event) => page.open(event.target.value));
byId("second").addEventListener("click", (event) => page.toggleSecond(event.currentTarget));
wireTabs();
page.open();
