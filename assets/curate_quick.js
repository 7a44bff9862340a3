/* Quick tags of Curate: one class at a time. A click on a picture says yes, then not usable, then no; one key says no to the rest of the
   page and turns it. What a click does is chosen above the grid. */
(() => {
  const { made, act, turn, show, state } = window.curate;

  /** The marks that a click on a picture stands for. */
  function cycled({ number, exclude, values }, name) {
    if (exclude) return [[number, "exclude", null], [number, name, 0]]; // prettier-ignore
    if (values[name] === 1) return [[number, name, null], [number, "exclude", 1]]; // prettier-ignore
    return [[number, name, 1]];
  }

  /** True when the click was a tag. */
  function click(number) {
    const item = state.items.find((each) => each.number === number);
    if (!state.quick || !item) return false;
    state.at = number;
    act(cycled(item, state.quick));
    return true;
  }

  /** No for every picture of the page that has no answer; then the next page. */
  async function rest() {
    const open = state.items.filter(({ exclude, values }) => !exclude && values[state.quick] === undefined);
    await act(open.map(({ number }) => [number, state.quick, 0]));
    await turn(state.page + 1);
  }

  function control() {
    if (!state.table.classes.includes(state.quick)) state.quick = null;
    const ways = [["", "A click chooses"], ...state.table.classes.map((name) => [name, `A click tags ${name}`])];
    const choose = ({ target }) => {
      state.quick = target.value || null;
      target.blur(); // the next key is for the pictures
      show();
    };
    const way = made("select.form-select.curate-way", { ariaLabel: "What a click does", title: "Quick tags: yes, then not usable, then no", onchange: choose }, ...ways.map(([value, text]) => made("option", { value, selected: value === (state.quick ?? "") }, text)));
    const others = made("button.button", { onclick: rest, title: `Not ${state.quick}: all pictures of the page without an answer; then the next page (Enter)` }, made("kbd", {}, "Enter"), "The rest is no");
    return state.quick ? [way, others] : [way];
  }

  window.curate.quick = { control, click, rest };
})();
