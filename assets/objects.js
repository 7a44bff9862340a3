/* What the drawer of objects must do at once: open, resize, choose columns, tell the viewer what to outline.
   Python names these functions in `ClientsideFunction("objects", ...)`. */
(() => {
  const LEAST_DRAWER_PX = 160;
  const GRIP_STEP_PX = 24; // of an arrow key
  const NUMBERS = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });

  let chosenIds = []; // of the rows chosen in the drawer
  let visited = null; // the object gone to last

  const triggered = () => window.dash_clientside.callback_context.triggered_id;

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
      const count = rows?.length ?? 0;
      return [count < 2, count !== 1, count === 0, count === 0];
    },

    /** The button asks for a line; the line, another choice or closing ends that. */
    cutting: () => triggered() === "objects-split",

    /** What the viewer outlines, and where it goes: to the object chosen last. */
    show(rows, cutting, seen, hidden) {
      if (hidden || !seen) return null;
      const ids = (rows ?? []).map(({ id }) => id);
      const fresh = (rows ?? []).find(({ id }) => !chosenIds.includes(id));
      if (fresh) visited = visit(fresh);
      if (ids.length === 0) visited = null;
      chosenIds = ids;
      return { root: seen.root, ids, serial: seen.serial, at: visited, cutting };
    },
  };

  document.addEventListener("pointerdown", dragGrip);
  document.addEventListener("keydown", pressGrip);
  window.dashAgGridFunctions = { ...window.dashAgGridFunctions, objectNumber: number };
  window.dash_clientside = { ...window.dash_clientside, objects: functions };
})();
