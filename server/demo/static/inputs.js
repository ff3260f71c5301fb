// The inputs of a card: each shows its label, keeps its value, and can say what the server found wrong with it.
//
// Nothing is checked here: the server has the rules, and an app that checks too would only say it twice.

import { h, newId } from "./dom.js";
import { plainText } from "./text.js";

const CONTROLS = {
  text_input: textControl,
  number_input: numberControl,
  date_input: dateControl,
  switch: switchControl,
  dropdown: dropdownControl,
  checkboxes: checkboxesControl,
};

export const isInput = (element) => element.type in CONTROLS;

/** The field for an input element; `draft` is what the customer has entered so far, undefined for nothing yet. */
export function inputField(element, { draft, changed, runtime }) {
  const ids = { control: newId("in"), error: newId("err"), label: newId("label") };
  const context = {
    element,
    ids,
    value: draft === undefined ? element.default : draft,
    label: plainText(element.label ?? element.name, runtime),
    placeholder: element.placeholder === undefined ? undefined : plainText(element.placeholder, runtime),
    runtime,
    changed: () => changed(element.name, control.value()),
  };
  const control = CONTROLS[element.type](context);
  const error = h("p", { class: "field-error", id: ids.error, hidden: true });
  const node = h("div", { class: `field field-${element.type}` }, control.nodes, error);
  return {
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
}

function label({ ids, label: text, element }) {
  const mark = element.required ? h("span", { class: "required", title: "needed", text: "•" }) : null;
  return h("label", { class: "field-label", for: ids.control, id: ids.label }, text, mark);
}

const described = ({ ids, element }) => ({
  id: ids.control,
  "aria-describedby": ids.error,
  "aria-required": element.required ? "true" : null,
});

function textControl(context) {
  const { element, value, placeholder, changed } = context;
  const props = {
    ...described(context),
    class: "control",
    placeholder,
    oninput: changed,
    value: value ?? "",
  };
  const target = element.multiline
    ? h("textarea", { ...props, rows: "3" })
    : h("input", { ...props, type: "text" });
  return { nodes: [label(context), target], target, value: () => target.value || undefined };
}

function numberControl(context) {
  const { value, placeholder, changed, element } = context;
  const props = {
    ...described(context),
    class: "control",
    placeholder,
    oninput: changed,
    inputmode: "decimal",
  };
  // Plain text with a numeric keyboard: what is no number is for the server to say, not for the browser to drop.
  const target = h("input", { ...props, type: "text", value: value ?? "", autocomplete: "off" });
  const hint = bounds(element);
  const read = () => {
    const text = target.value.trim();
    if (text === "") return undefined;
    const number = Number(text.replace(",", "."));
    return Number.isFinite(number) ? number : text;
  };
  return { nodes: [label(context), target, hint], target, value: read };
}

function bounds({ min, max }) {
  if (min === undefined && max === undefined) return null;
  const text = max === undefined ? `from ${min}` : min === undefined ? `up to ${max}` : `${min} to ${max}`;
  return h("span", { class: "field-hint", text });
}

function dateControl(context) {
  const { value, changed, element } = context;
  const props = { ...described(context), class: "control", type: "date", oninput: changed };
  const target = h("input", { ...props, value: value ?? "", min: element.min, max: element.max });
  return { nodes: [label(context), target], target, value: () => target.value || undefined };
}

function switchControl(context) {
  const { value, changed } = context;
  const target = h("input", {
    ...described(context),
    class: "switch",
    type: "checkbox",
    role: "switch",
    checked: value === true,
    onchange: changed,
  });
  return {
    nodes: [h("div", { class: "switch-row" }, label(context), target)],
    target,
    value: () => target.checked,
  };
}

function dropdownControl(context) {
  const { element, value, placeholder, changed, runtime } = context;
  const chosen = element.options.findIndex((option) => option.value === value);
  const none = h("option", { value: "", text: placeholder ?? "Choose …" });
  const options = element.options.map((option, number) =>
    h("option", {
      value: String(number),
      selected: number === chosen,
      text: plainText(option.label, runtime),
    }),
  );
  const target = h("select", { ...described(context), class: "control", onchange: changed }, none, options);
  const read = () => (target.value === "" ? undefined : element.options[Number(target.value)].value);
  return { nodes: [label(context), target], target, value: read };
}

function checkboxesControl(context) {
  const { element, ids, value, changed, runtime } = context;
  const chosen = Array.isArray(value) ? value : [];
  const boxes = element.options.map((option) =>
    h("input", { type: "checkbox", checked: chosen.includes(option.value), onchange: changed }),
  );
  const rows = element.options.map((option, number) =>
    h("label", { class: "choice" }, boxes[number], h("span", { text: plainText(option.label, runtime) })),
  );
  const mark = element.required ? h("span", { class: "required", title: "needed", text: "•" }) : null;
  const legend = h("span", { class: "field-label", id: ids.label }, context.label, mark);
  const props = {
    role: "group",
    "aria-labelledby": ids.label,
    "aria-describedby": ids.error,
    tabindex: "-1",
  };
  const target = h("div", { class: "choices", ...props }, rows);
  const read = () => {
    const values = element.options.filter((_, number) => boxes[number].checked).map((option) => option.value);
    return values.length ? values : undefined;
  };
  return { nodes: [legend, target], target, value: read };
}
