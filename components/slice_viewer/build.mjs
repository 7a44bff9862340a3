/** Bundle src/index.ts into bundle.js, the one file that browsers load. React is the page's own, brought by Dash. */
import { build } from "esbuild";

const reactFromPage = {
  name: "react-from-page",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^react$/ }, () => ({ path: "react", namespace: "page" }));
    onLoad({ filter: /.*/, namespace: "page" }, () => ({ contents: "module.exports = window.React;" }));
  },
};

await build({
  entryPoints: ["src/index.ts"],
  outfile: process.argv[2] ?? "bundle.js",
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  plugins: [reactFromPage],
});
