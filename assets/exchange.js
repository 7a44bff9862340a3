/* Files of labels to and from the server, as they are: no callback ever holds one. Python names these functions in
   `ClientsideFunction("exchange", ...)`. */
(() => {
  const ACCEPTED = ".tif,.tiff,.npz,.npy,.zip,.nii,.gz,.nrrd,.json,.geojson";
  const UPLOAD = "upload-store";

  let volume = null; // path of the open one
  let sending = null; // the XMLHttpRequest

  const token = () => document.cookie.match(/(?:^|; )_csrf_token=([^;]*)/)?.[1] ?? "";
  const say = (text, hint) => window.dash_clientside.page.say({ kind: "error", text, hint });

  function reason(request) {
    try {
      return JSON.parse(request.responseText);
    } catch {
      return { error: "The file did not arrive.", hint: "Check the connection and send it again." };
    }
  }

  function tell(zone, text) {
    zone.querySelector(".import-words").textContent = text;
  }

  /** Stream a file to the server and tell how far it is. */
  function send(zone, file) {
    if (!volume) return say("No dataset is open.", "Choose one at the top left; the file is for it.");
    sending?.abort();
    const request = new XMLHttpRequest();
    sending = request;
    const asked = volume;
    request.upload.onprogress = ({ loaded, total }) => tell(zone, `Sending ${file.name}: ${Math.floor((100 * loaded) / total)} %`);
    request.upload.onload = () => tell(zone, `Looking through ${file.name}`);
    request.onload = () => {
      if (request.status !== 200) {
        tell(zone, "");
        const { error, hint } = reason(request);
        return say(error, hint);
      }
      const { id } = JSON.parse(request.responseText);
      tell(zone, "");
      window.dash_clientside.set_props(UPLOAD, { data: { id, name: file.name, volume: asked } });
    };
    request.onerror = () => {
      tell(zone, "");
      say(`${file.name} did not arrive.`, "Check the connection and send it again.");
    };
    request.open("POST", `/api/imports?${new URLSearchParams({ name: file.name })}`);
    request.setRequestHeader("X-CSRFToken", decodeURIComponent(token()));
    request.send(file);
  }

  function build(zone) {
    const field = Object.assign(document.createElement("input"), { type: "file", accept: ACCEPTED, className: "import-field" });
    const words = Object.assign(document.createElement("span"), { className: "import-words" });
    words.setAttribute("role", "status");
    const label = Object.assign(document.createElement("label"), { className: "import-label" });
    const title = Object.assign(document.createElement("strong"), { textContent: "Choose a file, or drop it here" });
    const kinds = Object.assign(document.createElement("span"), { textContent: "TIFF, NPZ, OME-Zarr (zipped), NIfTI, NRRD, COCO, GeoJSON, PNG (zipped), mlex masks" });
    label.append(field, title, kinds, words);
    zone.append(label);
    field.addEventListener("change", () => {
      if (field.files.length) send(zone, field.files[0]);
      field.value = ""; // so that the same file can be chosen again
    });
    for (const kind of ["dragover", "dragleave", "drop"]) {
      zone.addEventListener(kind, (event) => {
        event.preventDefault();
        zone.classList.toggle("over", kind === "dragover");
        if (kind === "drop" && event.dataTransfer.files.length) send(zone, event.dataTransfer.files[0]);
      });
    }
  }

  const functions = {
    /** The file field, once; and which volume files are for. */
    prepare(id, opened) {
      volume = opened?.path ?? null;
      const zone = document.getElementById(id);
      if (zone && !zone.firstChild) build(zone);
      return window.dash_clientside.no_update;
    },

    /** Fetch a small export; what fails is said, and the page stays. */
    async download(asked) {
      if (!asked) return window.dash_clientside.no_update;
      const answer = await fetch(asked.url).catch(() => null);
      if (!answer?.ok) {
        const { error, hint } = (await answer?.json().catch(() => null)) ?? { error: "The server does not answer.", hint: "Try again." };
        say(error, hint);
        return window.dash_clientside.no_update;
      }
      const name = /filename="?([^";]+)/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1] ?? "labels";
      const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(await answer.blob()), download: name });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
      return window.dash_clientside.no_update;
    },
  };

  window.dash_clientside = { ...window.dash_clientside, exchange: functions };
})();
