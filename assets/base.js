/* What the scripts of the page share. Dash loads scripts in the order of their names, so this one comes first. */
(() => {
  /** An element with a class, a text, and further properties. */
  function element(name, className = "", text = "", more = {}) {
    return Object.assign(document.createElement(name), { className, textContent: text, ...more });
  }

  /** Let a parent have these children, in this order. Those that stay are not moved, so that the place and the keyboard's focus stay. */
  function arrange(parent, wanted) {
    const staying = new Set(wanted);
    for (const node of [...parent.childNodes]) if (!staying.has(node)) node.remove();
    wanted.forEach((node, place) => {
      if (parent.childNodes[place] !== node) parent.insertBefore(node, parent.childNodes[place] ?? null);
    });
  }

  /** The ids of the buttons that called, a pattern's as an object; Dash calls once for several, and for those only drawn. */
  function presses() {
    const { triggered } = window.dash_clientside.callback_context;
    const names = triggered.filter(({ value }) => value).map(({ prop_id }) => prop_id.slice(0, prop_id.lastIndexOf(".")));
    return names.map((name) => (name.startsWith("{") ? JSON.parse(name) : name));
  }

  /** What proves to the server that a write comes from this page. */
  const token = () => decodeURIComponent(document.cookie.match(/(?:^|; )_csrf_token=([^;]*)/)?.[1] ?? "");

  window.base = { arrange, element, presses, token };
})();
