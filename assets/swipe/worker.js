/* Keeps the shell of the Swipe page for a phone without a network: its HTML, scripts, style and icons. Never data: images, leases and
   answers go by untouched, and what waits to be sent lies in the page's outbox. */
const SHELL = "swipe-shell-1";
const ROOT = location.pathname.replace(/\/swipe\/worker\.js$/, ""); // below a path of a proxy, or ""
const PAGE = `${ROOT}/swipe/`;
const PARTS = [`${ROOT}/assets/theme.css`, `${ROOT}/assets/swipe/`];

const isPage = (url) => `${url.pathname}/`.startsWith(PAGE) && /^[^/.]*$/.test(url.pathname.slice(PAGE.length));
const isPart = (url) => PARTS.some((part) => url.pathname.startsWith(part));

self.addEventListener("install", (event) => {
  // Past this worker altogether, where the browser can: a page that closes still gives its cards back then.
  event.addRoutes?.({ condition: { urlPattern: new URLPattern({ pathname: `${ROOT}/api/*` }) }, source: "network" });
  self.skipWaiting();
});

self.addEventListener("activate", (event) => {
  const drop = async () => {
    for (const name of await caches.keys()) if (name.startsWith("swipe-shell") && name !== SHELL) await caches.delete(name);
    await self.clients.claim();
  };
  event.waitUntil(drop());
});

/** What the network has, and what was kept where it has nothing. The page is the same for every table, so it is kept once. */
async function freshOrKept(request, url) {
  const key = isPage(url) ? PAGE : url.pathname;
  const shell = await caches.open(SHELL);
  try {
    const answer = await fetch(request);
    if (answer.ok && !answer.redirected) await shell.put(key, answer.clone());
    return answer;
  } catch (error) {
    const kept = await shell.match(key);
    if (kept) return kept;
    throw error;
  }
}

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin || !(isPage(url) || isPart(url))) return;
  event.respondWith(freshOrKept(event.request, url));
});
