// The inputs of a card: each shows its label, keeps its value, and can say what the server found wrong with it.
//
// Nothing is checked here: the server has the rules, and an app that checks too would only say it twice.

import { CHOICES } from "./choices.js";
import { h, newId } from "./dom.js";

const CONTROLS = {
  text_input: textControl,
  number_input: numberControl,
  date_input: (context) => pickerControl(context, "date"),
  time_input: (context) => pickerControl(context, "time"),
  dropdown: dropdownControl,
  switch: switchControl,
  ...CHOICES,
};

export const isInput = (element) => element.type in CONTROLS;

/** The field for an input element; `draft` is what the customer has entered so far, undefined for nothing yet. */
export function inputField(element, { draft, changed }) {
  const ids = { control: newId("in"), error: newId("err"), label: newId("label"), hint: newId("hint") };
  const context = {
    element,
    ids,
    value: draft === undefined ? element.default : draft,
    label: labelOf(element, ids),
    hint: (text) => (text ? h("p", { class: "field-hint", id: ids.hint, text }) : null),
    described: {
      id: ids.control,
      "aria-describedby": `${ids.error} ${ids.hint}`,
      "aria-required": element.required ? "true" : null,
    },
    changed: () => changed(element.name, control.value()),
    tell: (message) => field.showError(message),
  };
  const control = CONTROLS[element.type](context);
  const error = h("p", { class: "field-error", id: ids.error, hidden: true });
  const node = h("div", { class: `field field-${element.type}` }, control.nodes, error);
  const field = {
    name: element.name,
    node,
    value: control.value,
    focus: () => control.target.focus(),
    showError(message) {
      error.textContent = message ?? "";
      error.hidden = !message;
      node.classList.toggle("field-wrong", Boolean(message));
      control.target.setAttribute("aria-invalid", String(Boolean(message)));
    },
  };
  return field;
}

/** `label(tag)`: a label for the control, or another element for a group that it names. */
function labelOf(element, ids) {
  return (tag = "label") => {
    const mark = element.required ? h("span", { class: "required", title: "needed", text: "•" }) : null;
    const target = tag === "label" ? { for: ids.control } : {};
    return h(tag, { class: "field-label", id: ids.label, ...target }, element.label ?? element.name, mark);
  };
}

function textControl({ element, value, changed, label, described }) {
  const { placeholder } = element;
  const props = { ...described, class: "control", placeholder, oninput: changed, value: value ?? "" };
  const target = element.multiline
    ? h("textarea", { ...props, rows: "3" })
    : h("input", { ...props, type: "text" });
  return { nodes: [label(), target], target, value: () => target.value || undefined };
}

function numberControl({ element, value, changed, label, hint, described }) {
  const { placeholder } = element;
  // Plain text with a numeric keyboard: what is no number is for the server to say, not for the browser to drop.
  const props = { class: "control", placeholder, type: "text", inputmode: "decimal", autocomplete: "off" };
  const target = h("input", { ...described, ...props, oninput: changed, value: value ?? "" });
  const read = () => {
    const text = target.value.trim();
    if (text === "") return undefined;
    const number = Number(text.replace(",", "."));
    return Number.isFinite(number) ? number : text;
  };
  return { nodes: [label(), target, hint(bounds(element))], target, value: read };
}

function bounds({ min, max }) {
  if (min === undefined && max === undefined) return null;
  return max === undefined ? `from ${min}` : min === undefined ? `up to ${max}` : `${min} to ${max}`;
}

/** The browser's own picker. A step of a time is given in minutes, and taken in seconds. */
function pickerControl({ element, value, changed, label, hint, described }, type) {
  const { min, max, placeholder } = element;
  const step = type === "time" && element.step ? String(element.step * 60) : null;
  const props = { ...described, class: "control", type, min, max, step, oninput: changed };
  const target = h("input", { ...props, value: value ?? "" });
  return { nodes: [label(), target, hint(placeholder)], target, value: () => target.value || undefined };
}

function switchControl({ element, value, changed, label, hint, described }) {
  const props = { ...described, class: "switch", type: "checkbox", role: "switch" };
  const target = h("input", { ...props, checked: value === true, onchange: changed });
  const words = h("div", {}, label(), hint(element.placeholder));
  return { nodes: [h("div", { class: "switch-row" }, words, target)], target, value: () => target.checked };
}

function dropdownControl({ element, value, changed, label, described }) {
  const chosen = element.options.findIndex((option) => option.value === value);
  const none = h("option", { value: "", text: element.placeholder ?? "Choose …" });
  const options = element.options.map((option, number) =>
    h("option", { value: String(number), selected: number === chosen, text: option.label }),
  );
  const target = h("select", { ...described, class: "control", onchange: changed }, none, options);
  const read = () => (target.value === "" ? undefined : element.options[Number(target.value)].value);
  return { nodes: [label(), target], target, value: read };
}
