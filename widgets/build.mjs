// Bundles each widget's view to dist/<widget>/view.js, one self-contained ES module, and its style sheet beside it.
// Run after `tsc -b`, which builds the Node side.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";

const widgets = ["latent-grid", "channel-histogram", "perturbation-slider", "training-monitor"];
const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

await build({
  entryPoints: widgets.map((name) => ({ in: path(`src/${name}/view.ts`), out: `${name}/view` })),
  outdir: path("dist"),
  bundle: true,
  minify: true,
  format: "esm",
  platform: "browser",
  target: ["chrome116", "firefox124", "safari17.4"],
  legalComments: "eof",
  logLevel: "warning",
});

const tokens = await readFile(path("src/shared/tokens.css"), "utf8");
for (const name of widgets) {
  const own = await readFile(path(`src/${name}/style.css`), "utf8");
  const { code } = await transform(`${tokens}\n${own}`, { loader: "css", minify: true });
  await mkdir(path(`dist/${name}`), { recursive: true });
  await writeFile(path(`dist/${name}/style.css`), code);
}
