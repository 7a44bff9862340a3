/* Signed out while the page is open: a password was changed, or the session of a proxy has ended. The page stays as it is, says so,
   and offers to sign in beside it; strokes wait in the browser (components/slice_viewer/src/labels/sync.ts). */
(() => {
  const { element } = window.base;
  const BASE = new URL(".", document.baseURI).href; // the page may live below a path of a proxy
  const OURS = /^(api\/|_dash-update-component)/;
  const SIGN_IN = "signed-in"; // behind the login
  const PROBLEM = { error: "You are signed out.", hint: "Sign in again; the page goes on where it is." };
  const send = window.fetch;
  let told = false; // once for each time: who has closed the message has read it

  const shown = () => document.querySelector(".message-signed-out");

  /** The server says so; or a proxy answers in its place, with its login page or the way there. */
  function isSignedOut(answer) {
    const isPage = answer.status === 200 && (answer.headers.get("Content-Type") ?? "").startsWith("text/html");
    return answer.status === 401 || answer.type === "opaqueredirect" || isPage;
  }

  function tell() {
    const region = document.getElementById("messages");
    if (told || !region) return;
    told = true;
    const words = element("div", "message-text", "");
    words.append(element("strong", "", PROBLEM.error), element("span", "", "What you paint is kept in this browser and saved once you are back."));
    words.append(element("a", "button primary message-action", "Sign in again", { href: SIGN_IN, target: "_blank", rel: "opener" }));
    const close = element("button", "icon-button", "", { ariaLabel: "Close this message", onclick: () => shown()?.remove() });
    close.append(element("span", "icon icon-close", ""));
    const message = element("div", "message message-signed-out", "");
    message.append(words, close);
    region.append(message);
  }

  function takeBack() {
    told = false;
    shown()?.remove();
  }

  /** Every answer of our server comes by here; what is no answer of it becomes one that all its readers understand. */
  function heard(answer) {
    if (!isSignedOut(answer)) {
      if (answer.ok) takeBack();
      return answer;
    }
    tell();
    return answer.status === 401 ? answer : Response.json(PROBLEM, { status: 401 });
  }

  const isOurs = (address) => {
    const { href } = new URL(address, document.baseURI);
    return href.startsWith(BASE) && OURS.test(href.slice(BASE.length));
  };

  window.fetch = async (address, options) => {
    if (typeof address !== "string" || !isOurs(address)) return send(address, options);
    return heard(await send(address, { ...options, redirect: "manual" }));
  };
})();
