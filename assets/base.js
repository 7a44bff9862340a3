/* What the scripts of the page share. Dash loads scripts in the order of their names, so this one comes first. */
(() => {
  /** An element with a class, a text, and further properties. */
  function element(name, className, text = "", more = {}) {
    return Object.assign(document.createElement(name), { className, textContent: text, ...more });
  }

  /** The ids of the buttons that called, a pattern's as an object; Dash calls once for several, and for those only drawn. */
  function presses() {
    const { triggered } = window.dash_clientside.callback_context;
    const names = triggered.filter(({ value }) => value).map(({ prop_id }) => prop_id.slice(0, prop_id.lastIndexOf(".")));
    return names.map((name) => (name.startsWith("{") ? JSON.parse(name) : name));
  }

  window.base = { element, presses };
})();
