/* What the page itself must do at once: theme, places, panels, messages, opacity. The viewer is components/slice_viewer.
   Python names these functions in `ClientsideFunction("page", ...)`. */
(() => {
  const { element, presses } = window.base;
  const INFO_MS = 6000; // long enough to read two lines
  const WATCHING_MS = 1500; // between two looks at the jobs
  const RESTING_MS = 10000;

  const ADDRESS_MS = 400; // after the last change of slice; the browser fetches the icon anew with each address

  const root = document.documentElement;
  let addressing = 0; // the timer
  const skip = () => window.dash_clientside.no_update;
  const triggered = () => window.dash_clientside.callback_context.triggered_id;
  const pressed = () => presses().length > 0;

  function setTheme(theme) {
    root.dataset.theme = theme;
    root.dataset.bsTheme = theme;
  }

  /** Before the first paint: what the browser kept of the last visit. */
  function rememberedTheme() {
    try {
      return JSON.parse(localStorage.getItem("theme-store")) ?? "dark";
    } catch {
      return "dark";
    }
  }

  function showMessage(region, { kind, text, hint }) {
    const shown = element("div", `message message-${kind}`, "");
    const close = element("button", "icon-button", "");
    close.append(element("span", "icon icon-close", ""));
    close.setAttribute("aria-label", "Close this message");
    close.addEventListener("click", () => shown.remove());
    const words = element("div", "message-text", "");
    words.append(element("strong", "", text), element("span", "", hint));
    shown.append(words, close);
    region.append(shown);
    if (kind === "info") setTimeout(() => shown.remove(), INFO_MS);
  }

  const FOLDED = "panel:"; // before a panel's name, in the browser's storage

  /** Side panels are as this browser left them; they appear once Dash has drawn the page. */
  function keepPanels() {
    document.addEventListener(
      "toggle",
      ({ target }) => {
        if (target.dataset?.panel) store(FOLDED + target.dataset.panel, target.open ? "open" : "folded");
      },
      true, // the event does not bubble
    );
    const watch = new MutationObserver(() => {
      const panels = document.querySelectorAll("details[data-panel]");
      if (panels.length === 0) return;
      watch.disconnect();
      for (const panel of panels) {
        const kept = stored(FOLDED + panel.dataset.panel);
        if (kept) panel.open = kept === "open";
      }
    });
    watch.observe(root, { childList: true, subtree: true });
  }

  function stored(key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return null; // no storage in this window
    }
  }

  function store(key, text) {
    try {
      localStorage.setItem(key, text);
      return true;
    } catch {
      return false; // full or forbidden: the next visit begins as the first
    }
  }

  const CONTRAST = "contrast:"; // before a volume's path, in the browser's storage

  function remembered(volume) {
    try {
      return JSON.parse(stored(CONTRAST + volume)) ?? {};
    } catch {
      return {}; // nonsense in the storage
    }
  }

  const remember = (volume, contrast) => store(CONTRAST + volume, JSON.stringify(contrast));

  const PEOPLE_SHOWN = 4;

  /* The bands of core/learning/uncertainty.py, dark for little and bright for much of what is shown. */
  const UNSURE_COLORS = ["#1b0c41", "#3b0f70", "#641a80", "#8c2981", "#b73779", "#de4968", "#f7705c", "#fe9f6d", "#fecf92", "#fcfdbf"];
  const band = (name) => (color, at) => ({ id: at + 1, name: name(at), color, visible: true, locked: false });
  const BANDS = {
    uncertainty: UNSURE_COLORS.map(band((at) => (at === 9 ? "50 % unsure or more" : `${5 * at + 5} to ${5 * at + 10} % unsure`))),
    confidence: UNSURE_COLORS.map(band((at) => (at === 0 ? "less than 55 % sure" : `${5 * at + 50} to ${5 * at + 55} % sure`))),
    entropy: UNSURE_COLORS.slice(1).map(band((at) => `entropy 0.${at + 1} to ${at === 8 ? 1 : `0.${at + 2}`}`)),
  };
  const find = (jobs, id) => (jobs ?? []).find((job) => job.id === id);

  /** A result as the viewer's `overlay` wants it, all its classes shown. */
  function overlayOf(job, opacity, kind) {
    const shared = { opacity: Number(opacity), slices: job.slices_done };
    if (BANDS[kind]) return { ...shared, id: `${job.id}-${kind}`, root: `results/${job.id}/${kind}`, classes: BANDS[kind] };
    return { ...shared, id: job.id, classes: job.classes.map((row) => ({ ...row, visible: true })) };
  }

  /** How good the model of a result is, in words. */
  function scoreOf(job, registry) {
    const model = (registry?.models ?? []).find(({ id }) => id === (job.model_id || job.id));
    return typeof model?.score === "number" ? `mean IoU ${model.score.toFixed(2)}` : "no score";
  }

  const ASKED = "name-asked"; // in the browser's storage

  const dot = (text, title, style) => ({ namespace: "dash_html_components", type: "Span", props: { children: text, title, style, className: "user-initials person", role: "img", "aria-label": title } });

  /** Two letters for a name, as components/people.py makes them. */
  function initials(name) {
    const words = name.split(" ");
    return (words.length > 1 ? words[0][0] + words.at(-1)[0] : name.slice(0, 2)).toUpperCase();
  }

  function askName(card, name) {
    const isGuest = /^Guest \d+$/.test(name);
    const asked = stored(ASKED) !== null || !store(ASKED, "1"); // where nothing can be remembered nobody is asked each time
    card.open = isGuest && !asked;
    card.classList.toggle("asking", card.open); // then it lies where it bars no button, until it is closed
    card.addEventListener("toggle", () => card.open || card.classList.remove("asking"));
  }

  /** A UUID; `crypto.randomUUID` is missing on plain http. */
  function newId() {
    const hex = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  /** [y0, x0, y1, x1] of the slice in view; null while another plane is. */
  function viewBox() {
    const viewer = document.querySelector(".sv-root")?.__viewer;
    if (viewer?.state().axis !== "z") return null;
    const { left, top, right, bottom } = document.querySelector(".sv-surface").getBoundingClientRect();
    const [from, to] = [viewer.screenToImage(left, top), viewer.screenToImage(right, bottom)];
    return [from.y, from.x, to.y, to.x];
  }

  const WORDS = {
    saved: () => "Saved",
    pending: ({ pending }) => `${pending} pending`,
    offline: ({ pending }) => (pending > 0 ? `Offline, ${pending} kept in this browser` : "Offline"),
    signed_out: ({ pending }) => `Signed out, ${pending} kept in this browser`,
    error: ({ message }) => message || "Not saved",
  };

  const functions = {
    choosePlace() {
      const button = presses().at(-1);
      if (!button) return skip();
      if (button.type === "place-tab") return button.place;
      return button === "origin-model" ? "models" : "annotate"; // else a result is to be shown
    },

    showPlace(place, tabs) {
      // What was drawn while hidden had no size; two frames later the place is on the screen.
      requestAnimationFrame(() => requestAnimationFrame(() => dispatchEvent(new Event("resize"))));
      const current = tabs.map(({ place: tab }) => (tab === place ? "page" : "false"));
      return [place !== "annotate", place !== "models", place !== "curate", place !== "exchange", current];
    },

    /** What a place knows: the news, while it is open. The store of a place begins with its name. */
    whileOpen(news, place, known) {
      const { id } = window.dash_clientside.callback_context.outputs_list;
      if (!id.startsWith(`${place}-`) || (news ?? null) === null) return skip();
      return JSON.stringify(news) === JSON.stringify(known) ? skip() : news;
    },

    switchTheme(_clicks, theme) {
      return theme === "dark" ? "light" : "dark";
    },

    applyTheme(theme) {
      setTheme(theme);
      return skip();
    },

    toggle(_clicks, hidden) {
      return !hidden;
    },

    say(message) {
      const region = document.getElementById("messages");
      if (message && region) showMessage(region, message);
      return skip();
    },

    saveState(save) {
      if (!save) return ["", "save-state"];
      return [WORDS[save.state](save), `save-state save-${save.state}`];
    },

    /** Keep the address such that opening it elsewhere shows the same slice at the same place. */
    addressSlice(slice, place, volume) {
      if (!volume || slice === undefined || slice === null) return skip();
      clearTimeout(addressing);
      addressing = setTimeout(() => {
        const open = new URLSearchParams(location.search).get("volume");
        if (open !== null && open !== volume.path) return; // another one was opened meanwhile
        const at = place ? { at: place } : {};
        history.replaceState(history.state, "", `?${new URLSearchParams({ volume: volume.path, slice: slice + 1, ...at })}`);
      }, ADDRESS_MS);
      return skip();
    },

    /** Open another volume of the same array: the address says which. */
    openSibling(path, slice, place) {
      if (!path) return skip();
      const at = place ? { at: place } : {}; // not from the address, which lags behind
      return `?${new URLSearchParams({ volume: path, slice: slice + 1, ...at })}`;
    },

    addressedPlace: (search) => new URLSearchParams(search ?? "").get("at"),

    /** A volume opens as it was last looked at in this browser. */
    contrast(manifest) {
      if (!manifest) return [[], null, null, [], null, null];
      const { window = null, look = null } = remembered(manifest.base_path);
      const channels = manifest.channel_windows.map((auto, place) => ({ name: manifest.channel_names[place], color: manifest.channel_colors[place], auto }));
      return [manifest.histogram, manifest.histogram_range, manifest.window, channels, window, look];
    },

    /** Show the window or the look just chosen, and remember it for this volume. */
    chooseContrast(window, look, manifest) {
      if (manifest) remember(manifest.base_path, { window, look });
      return [window, look];
    },

    /** A new stamp while the history is open: its list may be out of date. */
    /** The logs that are open, after each button of a log that was pressed. */
    toggleLogs(_clicks, open) {
      const jobs = presses().map(({ job }) => job);
      const toggled = (logs, job) => (logs.includes(job) ? logs.filter((each) => each !== job) : [...logs, job]);
      return jobs.length > 0 ? jobs.reduce(toggled, open) : skip();
    },

    historyWanted() {
      return document.querySelector("details[data-panel=history]")?.open ? Date.now() : skip();
    },

    overlay(selected, shown, opacity, confidence, jobs, kind) {
      const job = find(jobs, selected);
      if (!job) return null;
      const overlay = overlayOf(job, opacity, kind);
      if (overlay.root) return overlay;
      const classes = overlay.classes.map((row) => ({ ...row, visible: shown.includes(row.id) }));
      return { ...overlay, classes, least: Math.round(255 * Number(confidence)) };
    },

    /** Another result beside the one that is chosen, shown in the same way, each with its name and its model's score. */
    beside(selected, other, opacity, jobs, kind, registry) {
      const pair = [find(jobs, selected), find(jobs, other)];
      if (!pair[0] || !pair[1] || selected === other) return null;
      return { overlay: overlayOf(pair[1], opacity, kind), titles: pair.map((job) => ({ name: job.name, note: scoreOf(job, registry) })) };
    },

    /** One switch in two places: what was moved last moves the other. */
    liveSwitch(shown, live) {
      const on = triggered() === "live-on" ? shown : live;
      return [on === shown ? skip() : on, on === live ? skip() : on];
    },

    liveOptions(opacity, shown, options, parameters) {
      const hidden = (options ?? []).map(({ value }) => value).filter((id) => !(shown ?? []).includes(id));
      return { opacity: Number(opacity), hidden, parameters: parameters ?? {} };
    },

    liveText: (text, first) => text || first,

    same: (value) => value,

    percent: (share) => `${Math.round(100 * Number(share))} %`,

    isNoRange: (scope) => scope !== "range",

    isNothing: (value) => !value,

    isSlices: (way) => way === "slices",

    /** What the viewer goes through; the classes ascending, so that the same review goes on whatever was ticked first. */
    review(_clicks, job, classes, by, least) {
      if (!presses().includes("review-button") || !job) return null;
      return { job, by, classes: [...(classes ?? [])].sort((one, other) => one - other), least: by === "pieces" ? Math.max(1, Math.round(Number(least) || 1)) : 1 };
    },

    /** What of a result is to become labels; the id makes a second arrival harmless. */
    orderLabels(_clicks, job, z, classes, scope, first, last, confidence, options) {
      if (!pressed() || !job) return skip();
      return { id: newId(), job, z, classes, scope, first, last, confidence, options, view: viewBox() };
    },

    /** Labels to be proposed through the stack; the viewer counts slices from 0. */
    orderStack(clicks, method, first, last) {
      if (!pressed()) return skip();
      const index = (slice) => (typeof slice === "number" ? slice - 1 : null);
      return { method, first: index(first), last: index(last), number: clicks };
    },

    /** A dot for everybody else who looks at the volume. */
    showPeople(present) {
      const shown = (present ?? []).slice(0, PEOPLE_SHOWN);
      const more = (present ?? []).length - shown.length;
      const dots = shown.map(({ name, z, color }) => dot(initials(name), `${name}, slice ${z + 1}`, { "--person": color }));
      return more > 0 ? [...dots, dot(`+${more}`, (present ?? []).slice(PEOPLE_SHOWN).map(({ name, z }) => `${name}, slice ${z + 1}`).join("\n"), {})] : dots;
    },

    /** Ask a guest for a name once in this browser, not beside the tour; close the question once it is answered. */
    askName(user) {
      const card = document.getElementById("user-card");
      const name = user?.props?.["data-name"] ?? "";
      if (card && name && root.dataset.tour !== "coming") askName(card, name);
      return skip();
    },

    /** A range of slices that is still to be chosen: up to the last. */
    limitRange: (manifest) => Array(3).fill(manifest?.shape[0] ?? skip()),

    modelRows: (registry, archived) => (registry?.models ?? []).filter((row) => archived || !row.archived),

    /** How often jobs are asked for: often while people watch, else seldom, so that the image has the server. */
    pace(jobs, place, started) {
      const busy = (jobs ?? []).some(({ state }) => state === "running" || state === "queued");
      const unseen = Boolean(started) && !(jobs ?? []).some(({ id }) => id === started);
      return busy || unseen || place === "models" || place === "exchange" ? WATCHING_MS : RESTING_MS;
    },

    number: Number,
  };

  /** A callback that failed on the server leaves the page as it was; say so, once while it is shown. */
  function tellFailure(answer) {
    const region = document.getElementById("messages");
    if (answer.status >= 500 && !region?.querySelector(".message-error")) {
      showMessage(region, { kind: "error", text: "The server failed.", hint: "Try again, or reload the page; nothing painted is lost." });
    }
    return answer;
  }

  /** Look at the answers to callbacks; tiles go by untouched. */
  function watchCallbacks() {
    const send = window.fetch;
    window.fetch = (...request) => {
      const answer = send(...request);
      return String(request[0]).includes("_dash-update-component") ? answer.then(tellFailure) : answer;
    };
  }

  setTheme(rememberedTheme());
  watchCallbacks();
  keepPanels();
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") document.getElementById("user-card")?.removeAttribute("open");
  });
  document.addEventListener("click", ({ target }) => {
    if (target.closest("#user-card") === null) document.getElementById("user-card")?.removeAttribute("open");
  });
  window.dash_clientside = { ...window.dash_clientside, page: functions };
})();
