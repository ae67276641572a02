/** U+2212: a hyphen is too short and sits too low beside digits. */
const minus = "\u2212";
const superscripts: Record<string, string> = {
  "-": "⁻",
  0: "⁰",
  1: "¹",
  2: "²",
  3: "³",
  4: "⁴",
  5: "⁵",
  6: "⁶",
  7: "⁷",
  8: "⁸",
  9: "⁹",
};

/** `-1.5` becomes `−1.50`; what rounds to zero has no sign. */
export function formatNumber(value: number, decimals = 2): string {
  if (Number.isNaN(value)) return "not a number";
  if (!Number.isFinite(value)) return value < 0 ? `${minus}∞` : "∞";
  const digits = Math.abs(value).toFixed(decimals);
  return value < 0 && Number(digits) !== 0 ? minus + digits : digits;
}

/** For signed quantities: `+1.50`, `−1.50`; zero has the width of a sign before it. */
export function formatSigned(value: number, decimals = 2): string {
  const plain = formatNumber(value, decimals);
  if (Number.isNaN(value) || plain.startsWith(minus)) return plain;
  return (Number(plain) === 0 ? "\u2007" : "+") + plain;
}

/** A share of one as per cent: `0.317` becomes `31.7 %`. */
export function formatShare(share: number, decimals = 1): string {
  return `${formatNumber(100 * share, decimals)} %`;
}

/** A positive quantity to `digits` significant digits: `0.0015` becomes `1.5 × 10⁻³`, `61.12` becomes `61.1`. */
export function formatQuantity(value: number, digits = 3): string {
  if (!Number.isFinite(value) || value === 0) return formatNumber(value, 0);
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  if (exponent >= -2 && exponent < 5) return formatNumber(value, Math.max(0, digits - 1 - exponent));
  const mantissa = (value / 10 ** exponent).toFixed(Math.max(1, digits - 2)).replace("-", minus);
  return `${mantissa} × 10${[...String(exponent)].map((sign) => superscripts[sign]).join("")}`;
}

/** Milliseconds as `0:07`, `12:30` or `1:02:03`. */
export function formatDuration(durationMs: number): string {
  const seconds = Math.max(0, Math.round(durationMs / 1000));
  const twoDigits = (value: number) => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const head = hours > 0 ? `${hours}:${twoDigits(minutes)}` : String(minutes);
  return `${head}:${twoDigits(seconds % 60)}`;
}

/** A whole number with a thin space between thousands, from five digits on. */
export function formatCount(count: number): string {
  const digits = String(Math.round(count));
  return digits.length < 5 ? digits : digits.replace(/\B(?=(\d{3})+$)/g, "\u2009");
}

/** A tick of an axis: as many decimals as `step` needs; zero has no sign. */
export function formatTick(value: number, step: number): string {
  const decimals = [0, 1, 2, 3].find((places) => isWhole(step * 10 ** places)) ?? 4;
  return value === 0 ? "0" : formatSigned(value, decimals);
}

function isWhole(value: number): boolean {
  return Math.abs(value - Math.round(value)) < 1e-9;
}
