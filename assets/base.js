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

  const JSON_TYPE = "application/json";
  const UNCHANGED = "Nothing was changed; try again.";

  /** What the server answers to a question, or, where there is a body, to a wish; null when it refuses. `refused` is told the error, the way out and
     the status, 0 without an answer. */
  async function ask(url, body = null, { type = JSON_TYPE, keepalive = false, silence = UNCHANGED, refused = sayError } = {}) {
    const headers = { "X-CSRFToken": token(), "Content-Type": type };
    const how = body === null ? {} : { method: "POST", headers, body: type === JSON_TYPE ? JSON.stringify(body) : body, keepalive };
    const answer = await fetch(url, how).catch(() => null);
    if (answer?.ok) return answer.status === 204 ? {} : answer.json();
    const { error, hint } = (await answer?.json().catch(() => null)) ?? { error: "The server does not answer.", hint: silence };
    refused(error, hint, answer?.status ?? 0);
    return null;
  }

  const sayError = (text, hint) => window.dash_clientside.page.say({ kind: "error", text, hint });

  window.base = { arrange, ask, element, presses, sayError, token };
})();
