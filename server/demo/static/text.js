// Card texts: one string, or spans. What a runtime variable stands for is the app's own knowledge.

import { h } from "./dom.js";

/** The text as nodes; `runtime` gives the values of runtime variables by name. */
export function textNodes(text, runtime) {
  if (typeof text === "string") return lines(text);
  return (text ?? []).map((span) => spanNode(span, runtime));
}

/** The same without any markup: labels, names, titles. */
export function plainText(text, runtime) {
  if (typeof text === "string") return text;
  return (text ?? []).map((span) => plainSpan(span, runtime)).join("");
}

function spanNode(span, runtime) {
  switch (span.type) {
    case "text":
      return document.createTextNode(span.text);
    case "runtime":
      return h("span", { class: "runtime", title: "filled in by the app", text: runtime(span.name) });
    case "strong":
      return h("strong", {}, textNodes(span.children, runtime));
    case "emphasis":
      return h("em", {}, textNodes(span.children, runtime));
    case "link":
      return h("a", outside(span.url), textNodes(span.children, runtime));
    case "break":
      return h("br");
    case "list":
      return listNode(span, runtime);
    default:
      return document.createTextNode("");
  }
}

function listNode(span, runtime) {
  const items = span.items.map((item) => h("li", {}, textNodes(item, runtime)));
  return h(span.ordered ? "ol" : "ul", { start: span.start }, items);
}

function plainSpan(span, runtime) {
  if (span.type === "text") return span.text;
  if (span.type === "runtime") return runtime(span.name);
  if (span.type === "list") return span.items.map((item) => plainText(item, runtime)).join(", ");
  return span.type === "break" ? " " : plainText(span.children, runtime);
}

function lines(text) {
  return text.split("\n").flatMap((line, number) => (number ? [h("br"), line] : [line]));
}

/** What a link to another place carries: that place learns nothing of this one. */
export function outside(url) {
  return { href: url, target: "_blank", rel: "noopener noreferrer" };
}
