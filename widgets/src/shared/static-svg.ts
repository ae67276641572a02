/**
 * The pieces of a static rendering. Colours are attributes, so that a host that strips style sheets still shows the
 * light figure; where style sheets work, the classes make it follow the reader's colour scheme. The figure brings its
 * own paper, because the page around it may follow another scheme than the reader's system.
 */
const light = {
  paper: "#ffffff",
  ink: "#222222",
  ink2: "#5c5c5c",
  ink3: "#8a8a8a",
  rule: "#d9d9d9",
  fill: "#ececec",
  fill2: "#bdbdbd",
};
const dark: Record<Tone, string> = {
  paper: "#111111",
  ink: "#e4e4e4",
  ink2: "#a3a3a3",
  ink3: "#7a7a7a",
  rule: "#333333",
  fill: "#2a2a2a",
  fill2: "#5a5a5a",
};
export type Tone = keyof typeof light;

const fontFamily = "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif";
export const staticWidth = 760;

export interface TextOptions {
  tone?: Tone;
  anchor?: "start" | "middle" | "end";
  sizePx?: number;
  bold?: boolean;
}

export function text(x: number, y: number, content: string, options: TextOptions = {}): string {
  const { tone = "ink2", anchor = "start", sizePx = 12, bold = false } = options;
  const weight = bold ? ' font-weight="600"' : "";
  const anchoring = anchor === "start" ? "" : ` text-anchor="${anchor}"`;
  return `<text x="${round(x)}" y="${round(y)}" font-size="${sizePx}"${weight}${anchoring} ${fill(tone)}>${escapeXml(content)}</text>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, tone: Tone, dash = ""): string {
  const dashing = dash ? ` stroke-dasharray="${dash}"` : "";
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" ${stroke(tone)}${dashing}/>`;
}

/** A filled area without outline. */
export function area(pathData: string, tone: Tone): string {
  return `<path d="${pathData}" ${fill(tone)}/>`;
}

/** An outline without area. */
export function curve(pathData: string, tone: Tone, widthPx = 1.5, dash = ""): string {
  const dashing = dash ? ` stroke-dasharray="${dash}"` : "";
  return `<path d="${pathData}" fill="none" stroke-width="${widthPx}" stroke-linejoin="round" ${stroke(tone)}${dashing}/>`;
}

/** A picture at any size, its pixels kept crisp, in a hairline frame. */
export function picture(
  x: number,
  y: number,
  width: number,
  height: number,
  uri: string,
  label: string,
): string {
  const box = `x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"`;
  return (
    `<image ${box} href="${uri}" preserveAspectRatio="none" image-rendering="pixelated" ` +
    `style="image-rendering:pixelated"><title>${escapeXml(label)}</title></image>` +
    `<rect ${box} fill="none" ${stroke("rule")}/>`
  );
}

/** Two drawings at one place, of which the reader's colour scheme shows one. */
export function byTheme(lightDrawing: string, darkDrawing: string): string {
  return `<g class="lvs-light">${lightDrawing}</g><g class="lvs-dark" display="none">${darkDrawing}</g>`;
}

/** The header row of a widget: a hairline, the name and what is shown. Takes the first 36 px. */
export function header(title: string, caption: string): string {
  // Text is not measured here: semibold letters of 15 px take 9.4 px on average.
  const titleWidth = 9.4 * title.length + 20;
  return (
    line(0, 0.5, staticWidth, 0.5, "rule") +
    text(0, 24, title, { tone: "ink", sizePx: 15, bold: true }) +
    text(titleWidth, 24, caption)
  );
}

/** A whole figure, 760 units wide; `description` is what a screen reader says. */
export function svgDocument(height: number, title: string, description: string, body: string): string {
  const margin = 12;
  const viewBox = `${-margin} ${-margin} ${staticWidth + 2 * margin} ${round(height + 2 * margin)}`;
  const tones = (Object.keys(dark) as Tone[]).map(
    (tone) => `.lvs .lvs-f-${tone}{fill:${dark[tone]}}.lvs .lvs-s-${tone}{stroke:${dark[tone]}}`,
  );
  const style = `.lvs text{font-variant-numeric:tabular-nums}@media (prefers-color-scheme:dark){${tones.join("")}.lvs .lvs-light{display:none}.lvs .lvs-dark{display:inline}}`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" class="lvs" viewBox="${viewBox}" width="${staticWidth + 2 * margin}" ` +
    `height="${round(height + 2 * margin)}" style="max-width:100%;height:auto" font-family="${fontFamily}" role="img">` +
    `<title>${escapeXml(title)}</title><desc>${escapeXml(description)}</desc><style>${style}</style>` +
    `<rect x="${-margin}" y="${-margin}" width="100%" height="100%" ${fill("paper")}/>${body}</svg>`
  );
}

export function escapeXml(content: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  // Control characters are not allowed in XML 1.0 in any form.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
  const allowed = content.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd");
  return allowed.replace(/[&<>"']/g, (sign) => entities[sign] ?? sign);
}

/** Coordinates to a tenth of a unit: finer is invisible and only makes the file longer. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function fill(tone: Tone): string {
  return `fill="${light[tone]}" class="lvs-f-${tone}"`;
}

function stroke(tone: Tone): string {
  return `stroke="${light[tone]}" class="lvs-s-${tone}"`;
}
