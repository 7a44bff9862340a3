/* More like this: items in the order of how much they look like pictures in Curate, or like a part of a slice in the viewer. */
(() => {
  const { made, ask, of, say, present, openTable, state } = window.curate;
  const LOOK_MS = 500; // between two looks at a model under way

  const delay = (ms) => new Promise((over) => setTimeout(over, ms));

  /** Wait until the items have been looked at; false when that has failed, or another table was opened. */
  async function seen() {
    const { id } = state.table;
    for (;;) {
      const model = await ask(of("/model"));
      if (!model || id !== state.table?.id) return false;
      if (model.stage === "failed") return say(model.said, model.hint), false;
      if (model.stage === "ready" || model.stage === "seen") return true;
      tell({ learning: "Learning", arranging: "Arranging the points of the map", tuning: "Tuning the encoder" }[model.stage] ?? `Looking at the images, ${model.done.toLocaleString("en")} of ${model.total.toLocaleString("en")}`);
      await delay(LOOK_MS);
    }
  }

  /** Above the grid, while one waits. */
  function tell(text) {
    const strip = state.root.querySelector(".curate-strip");
    if (!strip) return;
    strip.hidden = false;
    strip.replaceChildren(made("span", {}, text));
  }

  /** Ask until the items have been looked at. */
  async function find(body) {
    for (;;) {
      const found = await ask(of("/like"), body);
      if (!found || found.numbers) return found;
      if (!(await seen())) return null;
    }
  }

  /** The items most like these, which come first. */
  async function like(items) {
    if (items.length === 0) return;
    const found = await find({ items: items.map(({ number }) => number) });
    if (found) await present(found.numbers, items.length === 1 ? `Most like ${items[0].name.split("/").at(-1)}` : `Most like ${items.length} pictures`);
    else window.curate.show();
  }

  /** What the viewer has asked for, once the place is open: in the table of its volume that is open, else the newest, else one that is made. */
  async function grant() {
    const { wish } = state;
    state.wish = null;
    const known = await ask(`?${new URLSearchParams({ volume: wish.volume })}`);
    const open = known?.tables.find(({ id }) => id === state.table?.id);
    const table = open ?? (await ask("/of-volume", { volume: wish.volume }));
    if (!table) return;
    if (!state.tables.some(({ id }) => id === table.id)) state.tables = [table, ...state.tables];
    await openTable(table.id);
    const found = await find(wish);
    const what = wish.painted ? "what is painted on" : "the middle of what showed on";
    if (found) await present(found.numbers, `Most like ${what} slice ${wish.z + 1}`);
    else window.curate.show();
  }

  Object.assign(window.curate, { like, grant, seen });
})();
