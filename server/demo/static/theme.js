// The theme, before the first paint: auto follows the system, light and dark are remembered.
// No module, because a module would run after the page was shown in the other theme.
"use strict";
{
  const THEMES = ["auto", "light", "dark"];
  const KEY = "flowdeck-theme";
  const root = document.documentElement;

  const remembered = () => {
    try {
      const theme = localStorage.getItem(KEY);
      return THEMES.includes(theme) ? theme : "auto";
    } catch {
      return "auto"; // storage may be forbidden: the choice then lasts as long as the page
    }
  };

  const show = (theme) => {
    root.dataset.theme = theme;
    const button = document.getElementById("theme");
    if (button) button.textContent = `Theme: ${theme}`;
  };

  const choose = (theme) => {
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // as above
    }
    show(theme);
  };

  show(remembered());
  addEventListener("DOMContentLoaded", () => {
    show(root.dataset.theme);
    document.getElementById("theme").addEventListener("click", () => {
      choose(THEMES[(THEMES.indexOf(root.dataset.theme) + 1) % THEMES.length]);
    });
  });
}
