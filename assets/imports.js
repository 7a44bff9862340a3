/* A file of labels on its way into the open volume: sent, looked through, written, with per cent and a way to stop. The
   server knows how far it is (docs/contracts.md, "Exchange"), so a page that is loaded anew goes on where it was.
   Python names these functions in `ClientsideFunction("imports", ...)`. */
(() => {
  const { element, presses, sayError: say, token } = window.base;
  const ACCEPTED = ".tif,.tiff,.npz,.npy,.zip,.nii,.gz,.nrrd,.json,.geojson";
  const STORE = "import-store";
  const SOON_MS = 120; // most files are looked through by then, and nothing flickers
  const EVERY_MS = 400;
  const TROUBLE_MS = 2000; // between two tries while the server does not answer
  const DOING = { sending: "Sending", reading: "Reading", writing: "Writing" };

  let zone = null;
  let volume = null; // {path, id} of the open one
  let state = { stage: "none" }; // of the open volume, as the server told last
  let sending = null; // {request, name, volume, done, total}
  let shown = "none,,"; // what the page was told last
  let stopping = false;
  let first = 1;
  let timer = 0;

  const skip = () => window.dash_clientside.no_update;
  const pressed = () => presses().length > 0;
  const busy = () => state.stage === "reading" || state.stage === "writing";

  /** Ask the server about the import into a volume, or tell it what to do; null, and said, when it refuses. */
  async function ask(id, path = "", body = null) {
    return window.base.ask(`api/imports/${id}${path}`, body, { silence: "Try again.", refused: body ? say : () => {} });
  }

  /** What is under way for the open volume: {name, what, done, total}, or null. */
  function under() {
    if (sending && sending.volume.id === volume?.id) return { ...sending, what: "sending" };
    return busy() ? { ...state, what: state.stage } : null;
  }

  function words({ what, done, total }) {
    if (stopping) return "Stopping";
    if (what === "sending" || total < 2) return DOING[what];
    return `${DOING[what]} slice ${Math.min(total, Math.floor(done) + 1).toLocaleString("en")} of ${total.toLocaleString("en")}`;
  }

  function draw() {
    if (!zone) return;
    const now = under();
    zone.querySelector(".import-label").hidden = Boolean(now);
    zone.querySelector(".import-progress").hidden = !now;
    if (!now) return;
    const share = Math.floor((100 * now.done) / Math.max(now.total, 1));
    zone.querySelector(".import-name").textContent = now.name;
    zone.querySelector(".import-doing").textContent = words(now);
    zone.querySelector(".import-share").textContent = `${share} %`;
    const bar = zone.querySelector("[role=progressbar]");
    bar.setAttribute("aria-valuenow", share);
    bar.setAttribute("aria-label", `${DOING[now.what]} ${now.name}`);
    bar.firstChild.style.width = `${share}%`;
    zone.querySelector(".import-stop").disabled = stopping;
  }

  function note(text) {
    zone.querySelector(".import-words").textContent = text;
  }

  /** Take over what the server says; the page hears of it when the stage is another, of work that may be over at once a little later. */
  function take(told, { soon = false } = {}) {
    state = told;
    if (!busy()) stopping = false;
    draw();
    if (!(soon && busy())) show(told);
    clearTimeout(timer);
    if (busy()) timer = setTimeout(look, soon ? SOON_MS : EVERY_MS);
  }

  function show(told) {
    const news = [told.stage, told.id, told.said].join();
    if (news === shown && told.stage !== "ready") return; // a report may be another of the same file
    shown = news;
    window.dash_clientside.set_props(STORE, { data: told });
  }

  async function look() {
    const { id } = volume;
    const told = await ask(id);
    if (id !== volume?.id) return;
    if (!told) timer = setTimeout(look, TROUBLE_MS);
    else if (told.stage === "none" && busy()) lost(told);
    else take(told);
  }

  function lost(told) {
    say(`The server no longer knows of ${state.name}.`, "If the history does not list the import, choose the file again.");
    take(told);
  }

  /** Let the server look through a file that it has. */
  async function read(asked, { id, name }) {
    const told = await ask(asked.id, "", { id, name, first });
    if (told && asked.id === volume?.id) take(told, { soon: true });
  }

  function reason(request) {
    try {
      return JSON.parse(request.responseText);
    } catch {
      return { error: "The file did not arrive.", hint: "Check the connection and send it again." };
    }
  }

  /** Stream a file to the server and tell how far it is. */
  function send(file) {
    if (!volume) return say("No dataset is open.", "Choose one at the top left; the file is for it.");
    const other = sending ?? under();
    if (other) return say(`${other.name} is on its way.`, "Wait for it, or cancel it first.");
    const request = new XMLHttpRequest();
    const mine = { request, name: file.name, volume, done: 0, total: file.size };
    sending = mine;
    note("");
    draw();
    request.upload.onprogress = ({ loaded }) => {
      mine.done = loaded;
      draw();
    };
    const end = () => {
      if (sending === mine) sending = null;
      draw();
    };
    request.onload = async () => {
      const answer = reason(request);
      if (request.status !== 200) say(answer.error, answer.hint);
      else if (sending === mine) await read(mine.volume, { id: answer.id, name: file.name });
      end();
    };
    request.onabort = end;
    request.onerror = () => {
      end();
      say(`${file.name} did not arrive.`, "Check the connection and send it again.");
    };
    request.open("POST", `api/imports?${new URLSearchParams({ name: file.name })}`);
    request.setRequestHeader("X-CSRFToken", token());
    request.send(file);
  }

  /** Stop what is under way; of what only waits, forget the file. */
  async function cancel() {
    const now = under();
    const { name } = now ?? state;
    if (now?.what === "sending") {
      sending = null;
      now.request.abort();
      draw();
    } else {
      stopping = now?.what === "writing";
      draw();
      const told = await ask(volume.id, "/cancel", {});
      if (told) take(told);
    }
    if (now?.what !== "writing") note(`Cancelled: ${name} was not imported.`);
  }

  function dropArea() {
    const field = Object.assign(element("input", "import-field"), { type: "file", accept: ACCEPTED });
    const told = element("span", "import-words");
    told.setAttribute("role", "status");
    const kinds = element("span", "", "TIFF, NPZ, OME-Zarr (zipped), NIfTI, NRRD, COCO, GeoJSON, Label Studio, PNG (zipped), mlex masks");
    const label = element("label", "import-label");
    label.append(field, element("strong", "", "Choose a file, or drop it here"), kinds, told);
    field.addEventListener("change", () => {
      if (field.files.length) send(field.files[0]);
      field.value = ""; // so that the same file can be chosen again
    });
    return label;
  }

  function progressArea() {
    const area = Object.assign(element("div", "import-progress"), { hidden: true });
    const stop = Object.assign(element("button", "button import-stop", "Cancel"), { type: "button" });
    stop.addEventListener("click", cancel);
    const bar = element("div", "job-bar");
    for (const [name, value] of [["role", "progressbar"], ["aria-valuemin", 0], ["aria-valuemax", 100]]) bar.setAttribute(name, value);
    bar.append(element("div", ""));
    area.append(element("strong", "import-name"), element("span", "import-doing"), element("span", "import-share"), bar, stop);
    return area;
  }

  function build() {
    zone.append(dropArea(), progressArea());
    for (const kind of ["dragover", "dragleave", "drop"]) {
      zone.addEventListener(kind, (event) => {
        event.preventDefault();
        zone.classList.toggle("over", kind === "dragover");
        if (kind === "drop" && event.dataTransfer.files.length) send(event.dataTransfer.files[0]);
      });
    }
  }

  window.dash_clientside = {
    ...window.dash_clientside,
    imports: {
      /** The file field, once; and what is under way for the volume that is open. */
      prepare(id, opened) {
        volume = opened ?? null;
        zone = document.getElementById(id);
        if (zone && !zone.firstChild) build();
        clearTimeout(timer);
        take({ stage: "none" });
        note("");
        if (volume) look();
        return skip();
      },

      /** Where a file goes that does not say it; a file that is looked through already is looked through again. */
      place(value) {
        first = value;
        if (["reading", "ready", "failed"].includes(state.stage) && !state.placed) read(volume, state);
        return skip();
      },

      /** A file that the server has got from elsewhere, to be looked through for the open volume. */
      fetched(upload) {
        if (upload && volume) read(volume, upload);
        return skip();
      },

      async write(_clicks, policy) {
        if (!pressed()) return skip();
        const told = await ask(volume.id, "/write", { policy });
        if (told) take(told);
        return skip();
      },

      discard() {
        if (pressed()) cancel();
        return skip();
      },
    },
  };
})();
