/* What the scripts of the page share. Dash loads scripts in the order of their names, so this one comes first. */
(() => {
  /** An element with a class, a text, and further properties. */
  function element(name, className, text = "", more = {}) {
    return Object.assign(document.createElement(name), { className, textContent: text, ...more });
  }

  window.base = { element };
})();
