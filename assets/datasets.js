/* The dataset picker: opened, searched, and its rows drawn from the list in a store, for there may be thousands of them.
   Python names these functions in `ClientsideFunction("datasets", ...)`. */
(() => {
  const { arrange, element } = window.base;
  const root = document.documentElement;
  const OPEN = "picker-open"; // on <html>
  const LOCATION = "location";

  let seen = { lines: new Map(), looking: null, notice: null }; // as components/datasets.py has it; lines of rows by their JSON
  let wanted = []; // the words of the search

  const skip = () => window.dash_clientside.no_update;
  const set = (id, props) => window.dash_clientside.set_props(id, props);
  const list = () => document.getElementById("dataset-list");

  function close() {
    if (!root.classList.contains(OPEN)) return;
    root.classList.remove(OPEN);
    document.getElementById("dataset-button")?.focus();
  }

  const link = (path) => `?${new URLSearchParams({ volume: path })}`;

  function drawWords(row, { name, folder, about, reason }) {
    row.append(element("span", "dataset-title", name), element("span", "dataset-folder", folder));
    row.append(reason ? element("span", "dataset-reason", reason) : element("span", "dataset-about", about));
    return row;
  }

  /** A link and a button of a volume that opens, words alone of one that does not. */
  function drawLine(row) {
    const line = element("div", "dataset-line");
    if (row.reason) {
      line.append(drawWords(element("div", "dataset-row broken"), row));
      return line;
    }
    const anchor = drawWords(element("a", "dataset-row", "", { href: link(row.path) }), row);
    const title = `Look at ${row.name} beside the open image`;
    const beside = element("button", "dataset-beside", "Beside", { type: "button", title });
    beside.addEventListener("click", () => compare(row.id));
    anchor.addEventListener("click", (event) => open(event, row.path));
    line.append(anchor, beside);
    return line;
  }

  /** In this page, unless the browser was asked for another tab or window. */
  function open(event, path) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    set(LOCATION, { search: link(path) });
    close();
  }

  function compare(id) {
    set("viewer", { compare: id });
    close();
  }

  /** A line that is drawn is used again. */
  function linesOf(rows) {
    const keyed = rows.map((row) => [JSON.stringify(row), row]);
    return new Map(keyed.map(([key, row]) => [key, seen.lines.get(key) ?? { node: drawLine(row), text: wordsOf(row) }]));
  }

  function noticeOf({ message, hint }) {
    const notice = element("div", "notice");
    notice.append(element("strong", "", message), element("span", "", hint));
    return notice;
  }

  const lookingFor = (count) => element("div", "notice dataset-looking", `Looking for more datasets, ${count} so far`, { role: "status" });

  function draw() {
    const lines = [...seen.lines.values()];
    const fitting = lines.filter(({ text }) => wanted.every((word) => text.includes(word))).map(({ node }) => node);
    const none = lines.length > 0 && fitting.length === 0;
    const above = seen.looking === null ? [] : [lookingFor(seen.looking)];
    const below = none ? [element("div", "notice dataset-none", "Nothing is called that.")] : [];
    arrange(list(), [...above, ...(seen.notice ? [noticeOf(seen.notice)] : []), ...fitting, ...below]);
  }

  const wordsOf = (row) => [row.name, row.folder, row.about, row.reason].join(" ").toLowerCase();

  const functions = {
    open(clicks) {
      if (clicks) {
        root.classList.add(OPEN);
        if (!list().hasChildNodes()) list().textContent = "Looking for datasets";
        document.getElementById("dataset-search")?.focus();
      }
      return skip();
    },

    close() {
      close();
      return skip();
    },

    show(told, search) {
      if (!told) return skip();
      if (told !== seen.told) seen = { ...told, told, lines: linesOf(told.rows) };
      wanted = (search ?? "").toLowerCase().split(/\s+/).filter(Boolean);
      draw();
      return skip();
    },
  };

  document.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") close();
  });
  document.addEventListener("click", ({ target }) => {
    if (target.isConnected && target.closest("#dataset-picker, #dataset-button") === null) close();
  });
  window.dash_clientside = { ...window.dash_clientside, datasets: functions };
})();
