// Inputs that are tapped instead of typed: options in sight, stars, counters, files.

import { h, icon, newId } from "./dom.js";

export const CHOICES = {
  radio: radioControl,
  checkboxes: checkboxesControl,
  stepper: stepperControl,
  rating: ratingControl,
  file_upload: fileControl,
};

function group(role, className, { ids, described }, ...children) {
  const { id, ...told } = described;
  const props = { id, role, class: className, "aria-labelledby": ids.label, tabindex: "-1", ...told };
  return h("div", props, ...children);
}

function options({ element, changed }, type, isChosen) {
  const name = newId("choice");
  const boxes = element.options.map((option) =>
    h("input", { type, name, checked: isChosen(option.value), onchange: changed }),
  );
  const rows = element.options.map((option, number) =>
    h("label", { class: "choice" }, boxes[number], h("span", { text: option.label })),
  );
  const chosen = () =>
    element.options.filter((_, number) => boxes[number].checked).map((option) => option.value);
  return { rows, chosen };
}

function radioControl(context) {
  const { element, value, label, hint } = context;
  const { rows, chosen } = options(context, "radio", (each) => each === value);
  const target = group("radiogroup", "choices", context, rows);
  return { nodes: [label("span"), hint(element.placeholder), target], target, value: () => chosen()[0] };
}

function checkboxesControl(context) {
  const { element, value, label, hint } = context;
  const before = Array.isArray(value) ? value : [];
  const { rows, chosen } = options(context, "checkbox", (each) => before.includes(each));
  const target = group("group", "choices", context, rows);
  const read = () => (chosen().length ? chosen() : undefined);
  return { nodes: [label("span"), hint(element.placeholder), target], target, value: read };
}

/** Counts from `min`, `step` at a time, as a number that two buttons move. */
function stepperControl(context) {
  const { element, value, label, hint, changed } = context;
  const { min = 0, max = Infinity, step } = element;
  let count = value ?? min;
  const shown = h("output", { class: "stepper-count" });
  const less = stepButton("minus", "Less", () => move(-step));
  const more = stepButton("plus", "More", () => move(step));
  const target = group("group", "stepper", context, less, shown, more);
  const show = () => {
    shown.textContent = String(count);
    less.disabled = count - step < min;
    more.disabled = count + step > max;
  };
  const move = (by) => {
    // Steps of tenths add up to what people see, not to what doubles make of it.
    count = Number((count + by).toFixed(6));
    show();
    changed();
  };
  show();
  const row = h("div", { class: "switch-row" }, h("div", {}, label("span"), hint(element.placeholder)), target);
  return { nodes: [row], target, value: () => count };
}

function stepButton(drawing, text, onclick) {
  return h("button", { class: "stepper-button", type: "button", "aria-label": text, onclick }, icon(drawing));
}

/** Stars are radio buttons: arrow keys move them, and every star up to the chosen one is lit. */
function ratingControl(context) {
  const { element, value, label, hint, changed } = context;
  const name = newId("stars");
  const stars = Array.from({ length: element.max }, (_, place) => place + 1).map((number) => {
    const props = { type: "radio", name, class: "star-input", "aria-label": `${number} of ${element.max}` };
    const input = h("input", { ...props, checked: number === value, onchange: () => [light(), changed()] });
    return { number, input, node: h("label", { class: "star" }, input, icon(element.icon)) };
  });
  const chosen = () => stars.find(({ input }) => input.checked)?.number;
  const light = () => {
    for (const { number, node } of stars) node.classList.toggle("star-lit", number <= (chosen() ?? 0));
  };
  light();
  const nodes = stars.map(({ node }) => node);
  const target = group("radiogroup", "stars", context, nodes);
  return { nodes: [label("span"), hint(element.placeholder), target], target, value: chosen };
}

/** A file is chosen, but goes nowhere: the server takes no uploads yet. */
function fileControl(context) {
  const { element, ids, label, hint, described, tell } = context;
  const none = element.placeholder ?? "No file chosen";
  const name = h("span", { class: "file-name", text: none });
  const target = h("input", {
    ...described,
    class: "file-input",
    type: "file",
    accept: element.accept?.join(",") ?? null,
    onchange: () => {
      name.textContent = target.files[0]?.name ?? none;
      tell(target.files.length ? "It stays here: this server takes no files yet." : null);
    },
  });
  const pick = h("label", { class: "file", for: ids.control }, icon("upload"), name, target);
  return { nodes: [label(), pick, hint(limits(element))], target, value: () => undefined };
}

function limits({ accept, max_bytes }) {
  const size = max_bytes ? `up to ${Math.round(max_bytes / 100_000) / 10} MB` : null;
  const kinds = accept?.map((type) => type.replace("/*", "s")).join(", ");
  return [kinds, size].filter(Boolean).join(", ");
}
