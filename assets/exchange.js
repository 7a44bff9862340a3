/* A small export from the server to the disk, as it is: no callback ever holds one; and what fields of Exchange begin with. Python names these
   functions in `ClientsideFunction("exchange", ...)`; imports.js is the other way. */
(() => {
  const say = (text, hint) => window.dash_clientside.page.say({ kind: "error", text, hint });

  const TILE_PX = 1024; // as components/labelstudio.py has it

  const functions = {
    /** What is sent to Label Studio of a volume that has opened: all slices, a part no larger than a tile, a project of its name. */
    fitFields(manifest) {
      if (!manifest) return Array(4).fill(window.dash_clientside.no_update);
      const [depth, height, width] = manifest.shape;
      const title = manifest.path.split("/").at(-1).slice(0, 50).padEnd(3, "_"); // Label Studio wants three letters
      return [depth, Math.min(width, TILE_PX), Math.min(height, TILE_PX), title];
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
