/* What the drawer of objects must do at once: open, resize, choose columns, tell the viewer what to outline.
   Python names these functions in `ClientsideFunction("objects", ...)`. */
(() => {
  const LEAST_DRAWER_PX = 160;
  const GRIP_STEP_PX = 24; // of an arrow key
  const NUMBERS = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });

  let chosenIds = []; // of the rows chosen in the drawer
  let visited = null; // the object gone to last
  let pickedId = null; // chosen by a click on the image, where it is already in sight
  let listedRoot = null; // of the objects in the table

  const triggered = () => window.dash_clientside.callback_context.triggered_id;

  /** Of rows as the table tells them, or as it is told them. */
  const idsOf = (rows) => (Array.isArray(rows) ? rows.map(({ id }) => id) : (rows?.ids ?? []).map(Number));

  function visit({ slice, z, y, x, box_y_size: height, box_x_size: width }) {
    return { z: (z ?? slice) - 1, y, x, size: Math.max(height, width), visit: Date.now() };
  }

  function resizeDrawer(drawer, height) {
    const most = drawer.parentElement.clientHeight - LEAST_DRAWER_PX; // the image stays to be seen
    drawer.style.height = `${Math.max(LEAST_DRAWER_PX, Math.min(most, height))}px`;
  }

  /** The upper border of a drawer follows the pointer. */
  function dragGrip({ target, pointerId, clientY }) {
    if (!target.classList?.contains("drawer-grip")) return;
    const drawer = target.parentElement;
    const bottom = clientY + drawer.clientHeight;
    const follow = (event) => resizeDrawer(drawer, bottom - event.clientY);
    target.setPointerCapture(pointerId);
    target.addEventListener("pointermove", follow);
    target.addEventListener("lostpointercapture", () => target.removeEventListener("pointermove", follow), { once: true });
  }

  function pressGrip({ target, key }) {
    const step = { ArrowUp: GRIP_STEP_PX, ArrowDown: -GRIP_STEP_PX }[key];
    if (step && target.classList?.contains("drawer-grip")) resizeDrawer(target.parentElement, target.parentElement.clientHeight + step);
  }

  /** A measurement as the table shows it; the download has more digits. */
  function number(value) {
    if (value === null || value === undefined) return "–";
    return Number.isInteger(value) ? value.toLocaleString("en") : NUMBERS.format(value);
  }

  const functions = {
    open(_open, _close, hidden) {
      const closed = triggered() === "objects-close" || !hidden;
      return [closed, closed];
    },

    choice: (columns) => [columns.map(({ key, header }) => ({ label: header, value: key })), columns.filter(({ shown }) => shown).map(({ key }) => key)],

    columns: (chosen, columns) =>
      columns.map(({ key, header, help }) => ({ field: key, headerName: header, headerTooltip: help || undefined, hide: !chosen.includes(key) })),

    allow(rows) {
      const count = idsOf(rows).length;
      return [count < 2, count !== 1, count === 0, count === 0];
    },

    take: () => "pan",

    taken: (tool) => (tool === "pan" ? "button pressed" : "button"),

    /** A click on the image chooses in the table; other objects in the table begin with none chosen. */
    choose(pick, seen, rows) {
      const { no_update } = window.dash_clientside;
      if (triggered() !== "viewer") {
        if (!seen || seen.root === listedRoot) return [no_update, no_update];
        listedRoot = seen.root;
        return [{ ids: [] }, no_update];
      }
      const before = pick.add ? idsOf(rows) : [];
      if (pick.id === null) return [pick.add ? no_update : { ids: [] }, no_update];
      pickedId = pick.id;
      const ids = before.includes(pick.id) ? before.filter((id) => id !== pick.id) : [...before, pick.id];
      return [{ ids: ids.map(String) }, { rowId: String(pick.id), rowPosition: "middle" }];
    },

    /** The button asks for a line; the line, another choice or closing ends that. */
    cutting: () => triggered() === "objects-split",

    /** What the viewer is to have done: its outbox keeps the order of strokes. */
    change(_merge, _delete, move, rows, seen) {
      const { no_update } = window.dash_clientside;
      const [action, what, more] = { "objects-merge": ["merge", "merge", {}], "objects-delete": ["give", "deletion", { to: 0 }] }[triggered()] ?? ["give", "change", { to: move }];
      if (more.to === null || !seen) return [no_update, no_update];
      return [{ url: `${seen.root}/${action}`, body: { ids: idsOf(rows), ...more }, what, number: Date.now() }, null];
    },

    /** What the viewer outlines, and where it goes: to the object chosen last in the table. */
    show(rows, cutting, seen, hidden) {
      if (hidden || !seen) return null;
      const ids = idsOf(rows);
      const fresh = Array.isArray(rows) ? rows.find(({ id }) => !chosenIds.includes(id) && id !== pickedId) : undefined;
      if (fresh) visited = visit(fresh);
      if (ids.length === 0) visited = null;
      if (Array.isArray(rows)) chosenIds = ids;
      return { root: seen.root, ids, serial: seen.serial, at: visited, cutting };
    },
  };

  document.addEventListener("pointerdown", dragGrip);
  document.addEventListener("keydown", pressGrip);
  window.dashAgGridFunctions = { ...window.dashAgGridFunctions, objectNumber: number };
  window.dash_clientside = { ...window.dash_clientside, objects: functions };
})();
