/* A result that is asked for by its button is shown as soon as it is among those offered. Python names these functions in
   `ClientsideFunction("results", ...)`. */
(() => {
  const { presses } = window.base;
  let wish = null; // the result that was asked for and is not offered yet

  const functions = {
    ask(_shows, _results, options) {
      wish = presses().at(-1)?.job ?? wish;
      return functions.grant(options);
    },

    grant(options) {
      const isOffered = wish !== null && (options ?? []).some(({ value }) => value === wish);
      const granted = isOffered ? wish : window.dash_clientside.no_update;
      if (isOffered) wish = null;
      return granted;
    },
  };

  window.dash_clientside = { ...window.dash_clientside, results: functions };
})();
