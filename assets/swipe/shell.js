/* The page around the cards: dark or light, the link to share, what makes it an app on a phone, and the choice of a table. */
(() => {
  const { get, signs } = window.swipe;
  const byId = (id) => document.getElementById(id);
  const THEME = "theme-store"; // as Dash keeps it for the other pages

  async function share() {
    const link = { title: document.title, url: location.href };
    try {
      if (navigator.share && matchMedia("(pointer: coarse)").matches) return await navigator.share(link);
      await navigator.clipboard.writeText(link.url);
      signs.toast("Link copied. Whoever opens it gets other images.");
    } catch (error) {
      if (error.name !== "AbortError") signs.toast(location.href);
    }
    return undefined;
  }

  function theme(name = keptTheme()) {
    document.documentElement.dataset.theme = name;
    document.querySelector("meta[name=theme-color]").content = getComputedStyle(document.documentElement).getPropertyValue("--bg").trim();
  }

  function keptTheme() {
    try {
      return JSON.parse(localStorage.getItem(THEME) ?? '"dark"');
    } catch {
      return "dark";
    }
  }

  function switchTheme() {
    const name = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem(THEME, JSON.stringify(name));
    } catch {
      // it lasts as long as the page
    }
    theme(name);
  }

  function installable(base, table) {
    const link = Object.assign(document.createElement("link"), { rel: "manifest", href: `${base}/swipe/${encodeURIComponent(table)}/app.webmanifest${location.search}` });
    link.setAttribute("crossorigin", "use-credentials"); // it lies behind the login
    document.head.append(link);
    navigator.serviceWorker?.register(`${base}/swipe/worker.js`).catch(() => null); // without https there is none, and the page works all the same
  }

  /** Without a table in the address: which ones there are. */
  async function offerTables(base) {
    const { tables } = await get(`${base}/api/curation`).catch((error) => ({ tables: [], error }));
    byId("question").textContent = "Swipe";
    byId("swipe").classList.add("choosing");
    signs.notice(tables.length > 0 ? "Which table?" : "There is no table yet", tables.length > 0 ? "" : "Make one on the page Curate of the app.");
    byId("notice").append(...tables.map(({ id, name, count }) => Object.assign(document.createElement("a"), { className: "wide", href: `${base}/swipe/${encodeURIComponent(id)}`, textContent: `${name} (${signs.numbered(count)})` })));
  }

  /** What is asked, and of what. */
  function entitle({ asks, table, user }) {
    document.title = `${asks}? ${table}`;
    byId("question").replaceChildren(asks, signs.filled("span", "?"));
    byId("table-name").textContent = `${table} · you are ${user}`;
  }

  window.swipe = { ...window.swipe, shell: { share, theme, switchTheme, installable, offerTables, entitle } };
})();
