import { glyphStrokes } from "./glyphs.js";
import { background, pitch, stripeAmplitude, stripeDirections, stripePeriod } from "./layout.js";

/** How a card is drawn on a canvas of `size` x `size` x `channels`. */
export interface Canvas {
  /** `[size, size, channels]` */
  values: Float32Array;
  size: number;
  channels: 1 | 3;
  /** Glyphs along one side of the board. */
  cells: number;
}

/** What `paintCard` needs to know of a card; see `CardFactors`. */
export interface CardDrawing {
  a: number;
  b: number;
  hueA: number;
  hueB: number;
  left: number;
  top: number;
  ink: number;
  stripeOrientation: number;
  stripePhase: number;
}

const saturation = 0.7;

/** Fills the canvas with the card, without noise. In grey, hues have no effect. */
export function paintCard(canvas: Canvas, card: CardDrawing): void {
  paintStripes(canvas, card);
  const colours = [colourOf(card.hueA, canvas.channels), colourOf(card.hueB, canvas.channels)] as const;
  for (let row = 0; row < canvas.cells; row++) {
    for (let column = 0; column < canvas.cells; column++) {
      const parity = (row + column) % 2 === 0 ? 0 : 1;
      const glyph = parity === 0 ? card.a : card.b;
      const top = card.top + row * pitch;
      const left = card.left + column * pitch;
      paintGlyph(canvas, { glyph, top, left, colour: colours[parity], ink: card.ink });
    }
  }
}

function paintStripes({ values, size, channels }: Canvas, card: CardDrawing): void {
  const direction = stripeDirections[card.stripeOrientation % 4] ?? stripeDirections[0];
  const frequency = (2 * Math.PI) / stripePeriod;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const phase = frequency * (direction.x * x + direction.y * y) + card.stripePhase;
      const start = (y * size + x) * channels;
      values.fill(background + stripeAmplitude * Math.sin(phase), start, start + channels);
    }
  }
}

function paintGlyph(
  { values, size, channels }: Canvas,
  at: { glyph: number; top: number; left: number; colour: readonly number[]; ink: number },
): void {
  for (const { x, y } of glyphStrokes[at.glyph] ?? []) {
    const start = ((at.top + y) * size + at.left + x) * channels;
    for (const [channel, share] of at.colour.entries()) {
      values[start + channel] = (values[start + channel] as number) + at.ink * share;
    }
  }
}

/** A hue (in turns) at full brightness, mixed with white by `1 - saturation`; white where there is one channel. */
function colourOf(hue: number, channels: 1 | 3): readonly number[] {
  if (channels === 1) return [1];
  const share = (centre: number) => {
    const distance = Math.abs(((hue - centre + 1.5) % 1) - 0.5); // 0 at the centre, 0.5 on the opposite side
    return 1 - saturation + saturation * Math.min(Math.max(2 - 6 * distance, 0), 1);
  };
  return [share(0), share(1 / 3), share(2 / 3)];
}
