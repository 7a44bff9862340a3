/* A small export from the server to the disk, as it is: no callback ever holds one. Python names this function in
   `ClientsideFunction("exchange", ...)`; imports.js is the other way. */
(() => {
  const say = (text, hint) => window.dash_clientside.page.say({ kind: "error", text, hint });

  const functions = {
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
