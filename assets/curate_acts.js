/* What is said of the pictures in Curate: shown at once, sent in the order in which it was said, and taken back in steps. */
(() => {
  const { ask, of, newId, show, refresh, meant, state } = window.curate;
  const AFTER = { null: 1, 1: 0, 0: null, 2: 1 }; // what the key of a class makes of a label

  /** Say it at once on the page; the server hears it, and the page what it has made of it. */
  async function act(marks) {
    if (marks.length === 0) return;
    for (const [number, field, value] of marks) {
      const item = state.items.find((each) => each.number === number);
      if (!item) continue; // a point of the map that the grid does not show
      if (field === "exclude" || field === "validation") item[field] = value === 1;
      else if (value === null) delete item.values[field];
      else item.values[field] = value;
    }
    show();
    await tell(of("/acts"), { id: newId(), marks });
  }

  let told = Promise.resolve(); // what was said before has arrived
  let waiting = 0; // of what was said since

  /** One after the other, in the order in which it was said; then the pictures as the server has them. */
  async function tell(path, body) {
    waiting += 1;
    told = told.then(() => ask(path, body)).finally(() => (waiting -= 1));
    await told;
    await renew();
  }

  const step = (what) => tell(of(`/${what}`), { id: newId() });

  /** The pictures that are shown as they are now; they stay where they are, whatever the filters say of them now. */
  async function renew() {
    if (waiting > 0) return; // what was said last renews them
    const { id } = state.table;
    const now = await ask(of("/items"), { numbers: state.items.map(({ number }) => number) });
    if (waiting > 0 || id !== state.table?.id) return;
    if (now) state.items = now.items;
    await refresh();
    if (state.mapping) await window.curate.remap();
  }

  function tag(name) {
    const items = meant();
    const known = new Set(items.map(({ values }) => values[name] ?? null));
    const value = known.size === 1 ? AFTER[[...known][0]] : 1;
    act(items.map(({ number }) => [number, name, value]));
  }

  function flag(name) {
    const items = meant();
    const value = items.every((item) => item[name]) ? null : 1;
    act(items.map(({ number }) => [number, name, value]));
  }

  const noneOf = () => act(meant().flatMap(({ number }) => state.table.classes.map((name) => [number, name, 0])));

  function copyToAll() {
    const pattern = state.items.find(({ number }) => number === state.at);
    if (pattern) act(state.items.flatMap(({ number }) => [...state.table.classes.map((name) => [number, name, pattern.values[name] ?? null]), ...["exclude", "validation"].map((name) => [number, name, pattern[name] ? 1 : null])]));
  }

  Object.assign(window.curate, { act, step, renew, tag, flag, noneOf, copyToAll });
})();
