// Builds elements. Nothing here parses markup, so whatever a server sends stays text.

const SVG = "http://www.w3.org/2000/svg";

/** An element: `class`, `text`, `on…` listeners, properties of form controls, else attributes; null is left out. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) set(element, name, value);
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

const PROPERTIES = new Set([
  "checked",
  "disabled",
  "hidden",
  "multiple",
  "open",
  "required",
  "selected",
  "value",
]);

function set(element, name, value) {
  if (value === null || value === undefined) return;
  if (name === "class") element.className = value;
  else if (name === "text") element.textContent = value;
  else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (PROPERTIES.has(name)) element[name] = value;
  else element.setAttribute(name, value);
}

const PATHS = {
  shield: "M12 3l7 3v5c0 4.6-2.9 8.2-7 10-4.1-1.8-7-5.4-7-10V6z",
  package: "M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8",
  truck:
    "M3 7h11v9H3zM14 10h4l3 3v3h-7zM7.5 18.5a1.5 1.5 0 100-3 1.5 1.5 0 000 3zM17 18.5a1.5 1.5 0 100-3 1.5 1.5 0 000 3z",
  star: "M12 4l2.5 5.2 5.5.8-4 4 1 5.7-5-2.8-5 2.8 1-5.7-4-4 5.5-.8z",
  message: "M4 5h16v11H10l-4 4v-4H4z",
  bell: "M6 16V11a6 6 0 0112 0v5l2 2H4zM10 20a2 2 0 004 0",
  clock: "M12 21a9 9 0 100-18 9 9 0 000 18zM12 7v5l3 2",
  check: "M5 12.5l4.5 4.5L19 7.5",
  cross: "M6 6l12 12M18 6L6 18",
  dots: "M6 12h.01M12 12h.01M18 12h.01",
  up: "M7 11v9H4v-9zM7 11l4-7c1.500 0 2.500 1 2.500 2.500L13 10h5.500a2 2 0 012 2.400l-1.200 6A2 2 0 0117.300 20H7",
  down: "M7 13V4H4v9zM7 13l4 7c1.500 0 2.500-1 2.500-2.500L13 14h5.500a2 2 0 002-2.400l-1.200-6A2 2 0 0017.300 4H7",
  person: "M12 12a4 4 0 100-8 4 4 0 000 8zM4 21c.8-4 4-6 8-6s7.200 2 8 6",
  gift: "M4 9h16v4H4zM6 13h12v8H6zM12 9v12M12 9c-5 0-5-5-2.500-5S12 9 12 9s0-5 2.500-5S17 9 12 9",
  heart: "M12 20s-8-4.500-8-10.500A4.500 4.500 0 0112 7a4.500 4.500 0 018 2.500C20 15.500 12 20 12 20z",
  play: "M8 5.500v13l11-6.500z",
  back: "M14.500 6l-6 6 6 6",
  onward: "M9.500 6l6 6-6 6",
  plus: "M12 6v12M6 12h12",
  minus: "M6 12h12",
  upload: "M12 16V5M7.500 9.500L12 5l4.500 4.500M5 15v4h14v-4",
  dot: "M12 14a2 2 0 100-4 2 2 0 000 4z",
};

/** A drawing beside a word, so never read aloud. */
export function icon(name) {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", "0 0 24 24");
  drawing.setAttribute("class", "icon");
  drawing.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name] ?? PATHS.dot);
  drawing.append(path);
  return drawing;
}

/** A button of a look: primary, secondary, danger, plain. */
export function button(text, onclick, look = "secondary") {
  return h("button", { class: `button button-${look}`, type: "button", onclick, text });
}

/** What stands where nothing else can: nothing there, or nothing to be had. */
export function empty(drawing, title, text, props = {}) {
  const said = [h("p", { class: "empty-title", text: title }), h("p", { text })];
  return h("div", { ...props, class: `empty ${props.class ?? ""}` }, icon(drawing), said);
}

const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** Plays an animation, or nothing for those who asked for less; resolves when it is over. */
export async function move(element, frames, duration_ms) {
  if (calm.matches || !element.isConnected) return;
  const easing = "cubic-bezier(0.2, 0.7, 0.2, 1)";
  await element
    .animate(frames, { duration: duration_ms, easing, fill: "both" })
    .finished.catch(() => undefined);
}

/** Tells those who hear the page instead of seeing it. */
export function say(text) {
  document.getElementById("said").textContent = text;
}

let last = 0;

/** An id that is new on this page: what labels and descriptions point to. */
export function newId(prefix) {
  last += 1;
  return `${prefix}-${last}`;
}

/** Text that no other request has: `randomUUID` exists only where the page is served safely. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
