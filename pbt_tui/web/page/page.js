"use strict";
// The terminal measures its font once, when it begins: the font has to be there by then.
const terminal = document.getElementById("terminal");
terminal.dataset.sessionWebsocketUrl = `ws://${location.host}${location.pathname}ws`;

async function begin() {
  try {
    await Promise.all(["16px", "bold 16px"].map((size) => document.fonts.load(`${size} "Roboto Mono"`)));
  } finally {
    const script = document.createElement("script");
    script.src = "textual.js"; // it sets `window.onload`
    script.addEventListener("load", () => {
      // The browser calls it as well where this script is there before the page has loaded: then
      // the page would have two terminals and two monitors, and keys would go to one of them.
      const start = window.onload;
      window.onload = null;
      start();
    });
    document.body.append(script);
  }
}

// Keys go to the terminal, from its first picture on: it cannot tell of a focus before.
function take() {
  document.querySelector(".xterm-helper-textarea")?.focus();
}
window.addEventListener("focus", take);
new MutationObserver((_, observer) => {
  if (document.body.classList.contains("-first-byte")) {
    observer.disconnect();
    take();
  }
}).observe(document.body, { attributeFilter: ["class"] });
begin();
