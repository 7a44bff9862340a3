/* How the items of a table are seen: what becomes of an encoder's findings, an encoder changed by the labels, and the linear probe that
   says which way of seeing suits them. */
(() => {
  const { made } = window.curate;
  const { field, options, input } = window.curate.forms;
  const POOLINGS = { mean: "Mean over the image", max: "Largest in the image", "mean and max": "Both", grid: "A grid of 4 x 4 cells" };
  const LEVELS = { all: "All, fine and deep", "deeper half": "The deeper half", deepest: "The deepest alone" };
  const SCHEDULES = { cosine: "Fall to nothing (cosine)", step: "Fall at 60 and 80 %" };

  const chosen = { pooling: "mean", levels: "all" }; // of the next encoder
  const tuning = { epochs: 10, frozen: 2, rate: 0.1, encoder_rate: 0.01, schedule: "cosine", momentum: 0.9, decay: 0.0001 };

  /** How an encoder is to look: as now, else as was chosen last. */
  const view = (source) => (source?.kind === "encoder" ? { pooling: source.pooling, levels: source.levels } : chosen);

  function card(facts) {
    const { model } = facts;
    const isEncoder = model.source?.kind === "encoder";
    return [...(isEncoder ? [pooling(facts), tuner(facts)] : []), probe(facts)];
  }

  function pooling({ model, folded, send, busy }) {
    const pick = (name, title, offered) => field(title, made("select.form-select", { name, disabled: busy, onchange: ({ target }) => again(name, target.value) }, ...options(offered, model.source[name])));
    const again = (name, value) => {
      chosen[name] = value;
      send("/features/look", { ...view(model.source), [name]: value, encoder: model.source.tuned ? "tuned" : model.source.id });
    };
    return folded("pooling", "Pooling and levels", pick("pooling", "What counts of each finding", POOLINGS), pick("levels", "Levels of the encoder", LEVELS),
      ...(model.source.pooling === "grid" ? [made("p.curate-note", {}, "Each finding keeps its mean in 16 parts of the image: a network of convolutions can learn what lies beside what.")] : []));
  }

  function tuner({ folded, send, busy, choices }) {
    const number = (name, title, least, most, step, help) => field(title, input({ name, type: "number", min: least, max: most, step, value: tuning[name], title: help, onchange: ({ target }) => (tuning[name] = Number(target.value)) }));
    const schedule = field("The rates", made("select.form-select", { name: "tuning-schedule", onchange: ({ target }) => (tuning.schedule = target.value) }, ...options(SCHEDULES, tuning.schedule)));
    return folded("tuning", "Tune the encoder",
      made("p.curate-note", {}, "Your labels change a copy of it, which stays with this table. It needs some dozens of each answer; held-out items choose the best epoch."),
      number("epochs", "Epochs", 1, 200, 1, "How often it sees every labelled item"),
      number("frozen", "Of these, with the encoder as it is", 0, 199, 1, "A linear head learns alone first"),
      number("rate", "Rate of the head", 0.000001, 1, "any", ""),
      number("encoder_rate", "Rate of the encoder", 0.000001, 1, "any", "Smaller: it stays nearer to what it was"),
      schedule,
      number("momentum", "Momentum", 0, 0.99, 0.05, ""),
      number("decay", "Weight decay", 0, 1, "any", "How strongly weights are held small"),
      made("div.curate-row", {}, made("button.button", { onclick: () => send("/features/tune", { ...choices(), tuning }), disabled: busy, title: "Then the items are looked at anew, and the head below learns" }, "Tune and learn")));
  } // prettier-ignore

  function probe({ model, folded, send, percent, busy }) {
    const button = made("button.button", { onclick: () => send("/features/probe", {}), disabled: busy, title: "A linear model learns from what is seen; items it has not learned from judge it" }, "Probe");
    const known = model.probes ?? [];
    const head = made("tr", {}, ...["Seen by", "AUC", "Acc."].map((text) => made("th", { scope: "col" }, text)));
    const rows = known.toReversed().flatMap(({ seen_by, held_out, scores }) => Object.entries(scores).map(([name, score]) => {
      const title = `${name}: accuracy likely ${percent(score.low)} to ${percent(score.high)}, base rate ${percent(score.base_rate)}; ${score.count} ${held_out ? "held-out items" : "items, each fifth judged by the rest"}`;
      return made("tr", { title }, made("th", { scope: "row" }, Object.keys(scores).length > 1 ? `${seen_by}: ${name}` : seen_by), made("td", {}, score.auc === null ? "-" : score.auc.toFixed(2)), made("td", {}, percent(score.accuracy)));
    })); // prettier-ignore
    const table = known.length > 0 ? [made("table.curate-counts", {}, made("thead", {}, head), made("tbody", {}, ...rows))] : [];
    return folded("probe", "Linear probe", made("p.curate-note", {}, "How well a linear model tells your labels apart by what is seen. Probe each way of seeing, and keep the best."), ...table, made("div.curate-row", {}, button));
  }

  window.curate.seeing = { card, view };
})();
