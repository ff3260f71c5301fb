// What a card only shows: texts, lists, pictures, films, bars.

import { h, icon } from "./dom.js";
import { outside, plainText, textNodes } from "./text.js";

const DRAWN = {
  category: (element, { runtime }) =>
    h("p", { class: "category" }, icon(element.icon ?? "dot"), plainText(element.text, runtime)),
  banner: (element, context) => {
    const draw = element.media === "video" ? film : picture;
    return draw({ height: "medium", ...element }, context, "cover");
  },
  headline: (element, { runtime, headingId }) =>
    h("h4", { class: "headline", id: headingId }, textNodes(element.text, runtime)),
  text: (element, { runtime }) => {
    const prose = h("div", { class: "prose" }, textNodes(element.text, runtime));
    return element.icon ? h("div", { class: "prose-row" }, icon(element.icon), prose) : prose;
  },
  list: (element, { runtime }) =>
    h(
      element.ordered ? "ol" : "ul",
      { class: "list" },
      element.items.map((item) => h("li", {}, textNodes(item, runtime))),
    ),
  image: (element, context) => picture(element, context, "picture"),
  video: (element, context) => film({ height: "medium", ...element }, context, "film"),
  divider: () => h("hr", { class: "divider" }),
  fields: (element, { runtime }) =>
    h(
      "dl",
      { class: "pairs" },
      element.items.flatMap((item) => pair(item, runtime)),
    ),
  progress: (element) => bar(element),
};

/** The element as it is seen; `report(name, data)` tells the server of what was opened. */
export function drawnElement(element, context) {
  const draw = DRAWN[element.type];
  return draw
    ? draw(element, context)
    : h("p", { class: "unknown", text: `This app cannot show “${element.type}” yet.` });
}

function pair(item, runtime) {
  return [h("dt", {}, textNodes(item.label, runtime)), h("dd", {}, textNodes(item.value, runtime))];
}

const sized = (kind, element) => `${kind} height-${element.height ?? "original"}`;

/** The page's policy allows no pictures from elsewhere; what they show is said instead. */
function picture(element, _, kind) {
  return still(element.url, element.alt || "A picture", element.alt ?? "", sized(kind, element));
}

/** A film is played where it lives: the page's policy lets nothing else in. */
function film(element, { report }, kind) {
  const words = element.alt || "A film";
  const box = "film-still";
  const there = element.thumbnail ? still(element.thumbnail, words, "", box) : wordsBox(words, box);
  const play = h("span", { class: "film-play" }, icon("play"));
  const link = {
    ...outside(element.url),
    class: sized(kind, element),
    "aria-label": `Play: ${words}`,
    onclick: () => report("video", { element: element.id, what: "opened" }),
  };
  return h("a", link, there, play);
}

function still(url, words, alt, className) {
  const instead = wordsBox(words, className);
  if (new URL(url, location.href).origin !== location.origin) return instead;
  const onerror = (event) => event.target.replaceWith(instead);
  return h("img", { class: className, src: url, alt, onerror });
}

const wordsBox = (words, className) => h("p", { class: `${className} picture-words`, text: words });

/** Without a value the bar moves: something is going on, nobody knows how long. */
function bar({ value, label = "" }) {
  const props = { class: "bar", max: "1", "aria-label": label || "Progress" };
  if (value !== undefined) props.value = value;
  const share = value === undefined ? "" : `${Math.round(value * 100)} %`;
  const words = [h("span", { text: label }), h("span", { class: "bar-share", text: share })];
  return h("div", { class: "progress" }, h("p", { class: "bar-words" }, words), h("progress", props));
}
