// One live connection (subprotocol flowdeck.v1.json): says hello, subscribes from its cursor, and comes back by itself.
//
// Actions wait here until they are answered. One that a cut left without an answer is sent again with the same key
// once the feed is whole: the server acts on a key once.

import { newKey } from "./dom.js";

const FIRST_BACKOFF_MS = 500;
const BACKOFF_MS_MAX = 30_000;
const WAITING_MAX = 20;
const RETRIES_MAX = 5;
const GOING_AWAY = 1001;
const NOT_AUTHORISED = 4401;
const RETRY = new Set(["overloaded", "unknown_outcome", "rate_limited"]);

export class Connection {
  #socket = null;
  #cursor;
  #state = "healing";
  #wanted = false;
  #tries = 0;
  #timer = 0;
  #nextId = 1;
  #subscription = 0;
  #caught = 0;
  #waiting = new Map();

  /** `token(fresh)` gives a JWT; `onFeed` takes feed frames; `onState(state, detail)`: live, healing or cut. */
  constructor({ token, container, onFeed, onState }) {
    Object.assign(this, { token, container, onFeed, onState });
  }

  get state() {
    return this.#state;
  }

  open() {
    this.#wanted = true;
    this.#become("healing");
    this.#dial();
  }

  /** As if the phone had lost its network: the socket is gone and nothing is tried. */
  cut() {
    this.#wanted = false;
    this.#hangUp();
    this.#become("cut");
  }

  restore() {
    this.#tries = 0;
    this.open();
  }

  /** For ever: what still waits is told so. */
  close() {
    this.#wanted = false;
    this.#hangUp();
    for (const { resolve } of this.#waiting.values()) resolve({ type: "error", code: "closed", message: "" });
    this.#waiting.clear();
  }

  /** Resolves with the server's `ok` or `error`, however long the connection is away. */
  act(message) {
    if (this.#waiting.size >= WAITING_MAX) {
      const text = `${WAITING_MAX} actions wait already. Restore the connection first.`;
      return Promise.resolve({ type: "error", code: "queue_full", message: text });
    }
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#waiting.set(id, { frame: { type: "act", key: newKey(), ...message, id }, resolve, retries: 0 });
      if (this.#state === "live") this.#send(this.#waiting.get(id).frame);
    });
  }

  /** Reports that need no answer; one that is lost is not missed. */
  track(events) {
    if (this.#state === "live") this.#send({ type: "track", id: this.#nextId++, key: newKey(), events });
  }

  get waitingCount() {
    return this.#waiting.size;
  }

  async #dial(fresh = false) {
    clearTimeout(this.#timer);
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    let token;
    try {
      token = await this.token(fresh);
    } catch {
      return this.#failed();
    }
    if (!this.#wanted) return;
    const socket = new WebSocket(`${scheme}://${location.host}/v1/live`, ["flowdeck.v1.json"]);
    this.#hangUp();
    this.#socket = socket;
    const client = { sdk: "demo/1.0", platform: "web", app_version: "1.0" };
    socket.onopen = () => this.#send({ type: "hello", token, client });
    socket.onmessage = (message) => this.#receive(JSON.parse(message.data));
    socket.onclose = (event) => {
      if (socket === this.#socket) this.#closed(event.code);
    };
  }

  #hangUp() {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000);
  }

  #closed(code) {
    this.#socket = null;
    if (!this.#wanted) return;
    if (code === GOING_AWAY) this.#tries = 0;
    if (code === NOT_AUTHORISED && this.#tries === 0) {
      this.#tries = 1;
      this.#become("healing");
      this.#dial(true);
    } else this.#failed();
  }

  #failed() {
    if (!this.#wanted) return;
    this.#become("healing", { failed: true });
    const most_ms = Math.min(BACKOFF_MS_MAX, FIRST_BACKOFF_MS * 2 ** this.#tries);
    this.#tries += 1;
    this.#timer = setTimeout(() => this.#dial(), Math.random() * most_ms);
  }

  #receive(frame) {
    switch (frame.type) {
      case "welcome":
        return this.#subscribe();
      case "feed":
        return this.#feed(frame);
      case "container":
        return this.#subscribe();
      case "renew":
        return this.#renew();
      case "ok":
      case "error":
        return this.#answered(frame);
    }
  }

  #subscribe() {
    this.#caught = 0;
    this.#subscription = this.#nextId++;
    this.#send({ type: "subscribe", id: this.#subscription, container: this.container, since: this.#cursor });
  }

  #feed(frame) {
    this.#cursor = frame.cursor;
    this.onFeed(frame);
    if (frame.id !== this.#subscription) return;
    this.#caught += frame.reset ? 0 : frame.cards.length;
    if (frame.more) return;
    this.#tries = 0;
    this.#become("live", { caught: this.#caught });
    for (const { frame: waiting } of this.#waiting.values()) this.#send(waiting);
  }

  async #renew() {
    try {
      this.#send({ type: "token", id: this.#nextId++, token: await this.token(true) });
    } catch {
      // the server closes when the old token ends, and the next hello brings a new one
    }
  }

  #answered(frame) {
    const waiting = this.#waiting.get(frame.id);
    if (!waiting) return;
    if (frame.type === "error" && RETRY.has(frame.code) && waiting.retries < RETRIES_MAX) {
      waiting.retries += 1;
      setTimeout(
        () => this.#state === "live" && this.#send(waiting.frame),
        FIRST_BACKOFF_MS * waiting.retries,
      );
      return;
    }
    this.#waiting.delete(frame.id);
    waiting.resolve(frame);
  }

  #send(frame) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #become(state, detail = {}) {
    this.#state = state;
    this.onState(state, detail);
  }
}
