// What a card offers beside its buttons: the menu, the choice of a time to snooze until, the vote.

import { button, h, icon, newId } from "./dom.js";

const PRESETS = ["PT1H", "P1D"];
const WORDS = {
  PT10S: "10 seconds",
  PT1M: "1 minute",
  PT10M: "10 minutes",
  PT30M: "30 minutes",
  PT1H: "1 hour",
  PT2H: "2 hours",
  PT4H: "4 hours",
  PT8H: "8 hours",
  P1D: "1 day",
  P2D: "2 days",
  P3D: "3 days",
  P7D: "1 week",
  P1W: "1 week",
};
const MESSAGE_MAX = 280;
const REASONS = ["Not relevant", "Too often", "Hard to understand"];

/** “1 hour” for PT1H; text that has no words of its own stays as it is. */
const spoken = (duration) => WORDS[duration] ?? duration;

/** The ⋯ button with what it opens; null if the card offers nothing there. */
export function cardMenu(menu, act, openSnooze) {
  const items = [];
  if (menu.snooze) items.push(["clock", "Snooze …", openSnooze]);
  if (menu.dismiss) items.push(["cross", "Dismiss", () => act({ action: "dismiss" })]);
  if (!items.length) return null;
  const id = newId("menu");
  const opener = h(
    "button",
    {
      class: "icon-button",
      type: "button",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      "aria-controls": id,
      "aria-label": "More",
    },
    icon("dots"),
  );
  const entries = items.map(([drawing, text, perform]) =>
    h(
      "button",
      {
        class: "menu-item",
        type: "button",
        role: "menuitem",
        tabindex: "-1",
        onclick: () => [close(), perform()],
      },
      icon(drawing),
      text,
    ),
  );
  const list = h("div", { class: "menu-list", id, role: "menu", hidden: true }, entries);
  const node = h("div", { class: "menu", onkeydown: keys, onfocusout: left }, opener, list);

  function open() {
    list.hidden = false;
    opener.setAttribute("aria-expanded", "true");
    entries[0].focus();
  }
  function close() {
    list.hidden = true;
    opener.setAttribute("aria-expanded", "false");
  }
  function left(event) {
    if (!node.contains(event.relatedTarget)) close();
  }
  function keys(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape" && !list.hidden) [close(), opener.focus()];
    else if (step && list.hidden) open();
    else if (step)
      entries[(entries.indexOf(document.activeElement) + step + entries.length) % entries.length].focus();
    else return;
    event.preventDefault();
  }
  opener.addEventListener("click", () => (list.hidden ? open() : close()));
  return node;
}

/** The choice of how long: the presets of the card's menu, and any time if it says so. */
export function snoozePanel(menu, act, close) {
  const presets = menu.snooze_presets ?? PRESETS;
  const chosen = (message) => [close(), act({ action: "snooze", ...message })];
  const buttons = presets.map((duration) => button(spoken(duration), () => chosen({ for: duration })));
  const label = h("p", { class: "panel-label", text: "Show it again in" });
  const custom = menu.snooze_custom ? customTime(chosen) : null;
  const back = button("Back", close, "plain");
  const props = { class: "snooze-panel", role: "group", "aria-label": "Snooze" };
  const node = h("div", props, label, h("div", { class: "buttons" }, buttons), custom, back);
  node.addEventListener("keydown", (event) => event.key === "Escape" && close());
  return node;
}

function customTime(chosen) {
  const id = newId("until");
  const input = h("input", { class: "control", type: "datetime-local", id });
  const until = () => {
    const at = new Date(input.value);
    if (!Number.isNaN(at.getTime())) chosen({ until: at.toISOString() });
    else input.focus();
  };
  const label = h("label", { class: "field-label", for: id, text: "or at" });
  return h("div", { class: "custom-time" }, label, input, button("Set", until));
}

/** Thumbs, and after a thumb down the question why; null if the card asks for no vote. */
export function voteRow(menu, act) {
  if (!menu.vote) return null;
  const said = h("span", { class: "vote-said", text: "Is this useful?" });
  const vote = (action, text, name) =>
    h(
      "button",
      {
        class: "icon-button",
        type: "button",
        "aria-label": text,
        "aria-pressed": "false",
        onclick: (event) => choose(action, event.currentTarget),
      },
      icon(name),
    );
  const up = vote("vote_up", "Useful", "up");
  const down = vote("vote_down", "Not useful", "down");
  const node = h("div", { class: "vote" }, h("div", { class: "vote-row" }, said, up, down));

  async function choose(action, button) {
    node.querySelector(".feedback")?.remove();
    if (action === "vote_down" && menu.feedback) {
      node.append(feedback((message) => send({ action, ...message }, button)));
      node.querySelector(".feedback select").focus();
    } else await send({ action }, button);
  }

  async function send(message, button) {
    const answer = await act(message);
    if (answer?.type !== "ok") return;
    for (const each of [up, down]) each.setAttribute("aria-pressed", String(each === button));
    said.textContent = "Thank you.";
  }
  return node;
}

function feedback(send) {
  const reason = h(
    "select",
    { class: "control", "aria-label": "Reason" },
    REASONS.map((text) => h("option", { value: text, text })),
  );
  const message = h("textarea", {
    class: "control",
    rows: "2",
    maxlength: String(MESSAGE_MAX),
    placeholder: "Anything else?",
    "aria-label": "Message",
  });
  const node = h("div", { class: "feedback" }, reason, message);
  const done = () => {
    node.remove();
    send({ reason: reason.value, message: message.value || undefined });
  };
  node.append(button("Send", done));
  return node;
}
