// The buttons of a card: what they look like, and which wish a tap is.

import { h, icon } from "./dom.js";
import { outside } from "./text.js";

const WISHES = {
  submit: (element, wishes) => wishes.submit(element),
  dismiss: (_, wishes) => wishes.act({ action: "dismiss" }),
  snooze: (element, wishes) => wishes.snooze(element),
};

export const isButton = (element) => element.type === "link" || element.type in WISHES;

/** The button of an element; `wishes` are `submit`, `act`, `snooze`, `open` and `hand`. */
export function buttonNode(element, wishes) {
  if (element.type === "link") return linkNode(element, wishes);
  const look = element.style ?? (element.type === "submit" ? "secondary" : "plain");
  const onclick = () => WISHES[element.type](element, wishes);
  return h("button", { class: `button button-${look}`, type: "button", onclick, text: element.label });
}

function linkNode(element, wishes) {
  const { label, url, subview } = element;
  const report = () => wishes.act({ action: "link", element: element.id });
  if (subview !== undefined) {
    const look = element.style ? `button button-${element.style} row-link` : "row-link";
    const onclick = () => wishes.open(subview, element);
    return h("button", { class: look, type: "button", onclick }, h("span", { text: label }), icon("onward"));
  }
  const look = `button button-${element.style ?? "plain"}`;
  if (url !== undefined) return h("a", { class: look, ...outside(url), onclick: report, text: label });
  const onclick = () => [report(), wishes.hand(element.payload)];
  return h("button", { class: look, type: "button", onclick, text: label });
}
