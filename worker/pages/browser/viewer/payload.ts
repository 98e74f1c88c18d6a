// What is read out of payloads, which are what any writer made: nothing is taken for granted, and
// no text is longer here than a row can bear.

const SHOWN_CHARACTERS = 20_000;

/** Such as 1.2 kB. */
export function sizeText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  const [divisor, unit] = bytes < 1_000_000 ? [1_000, 'kB'] : [1_000_000, 'MB'];
  return `${(bytes / divisor).toFixed(1)} ${unit}`;
}

export function clip(text: string, characters: number): string {
  return text.length <= characters ? text : `${text.slice(0, characters)}…`;
}

/** A payload as JSON, for people: bytes by their size, and numbers that JSON lacks as text. */
export function jsonText(payload: unknown, indent = 2): string {
  const said = (_: string, value: unknown): unknown => {
    if (value instanceof Uint8Array) return `(${sizeText(value.length)})`;
    if (typeof value === 'bigint') return String(value);
    if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
    return value;
  };
  return JSON.stringify(payload, said, indent) ?? String(payload);
}

export const clippedJson = (payload: unknown): string => clip(jsonText(payload), SHOWN_CHARACTERS);

/** The first of these members that is what is looked for. */
function memberAt<T>(
  payload: unknown,
  names: string[],
  wanted: (value: unknown) => T | undefined,
): T | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined;
  for (const name of names) {
    const value = Object.hasOwn(payload, name) ? wanted(Reflect.get(payload, name)) : undefined;
    if (value !== undefined) return value;
  }
  return undefined;
}

/** A text, or a number as text. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string' && value !== '') return value;
  return typeof value === 'number' ? String(value) : undefined;
}

/** A message's text: itself, or the texts of its parts. */
function messageOf(value: unknown): string | undefined {
  if (!Array.isArray(value) || value.length === 0) return textOf(value);
  const texts = value.map((part) => textOf(part) ?? textAt(part, 'text'));
  return texts.every((text) => text !== undefined) ? texts.join('\n') : undefined;
}

export const textAt = (payload: unknown, ...names: string[]): string | undefined =>
  memberAt(payload, names, textOf);

export const messageAt = (payload: unknown, ...names: string[]): string | undefined =>
  memberAt(payload, names, messageOf);

export const bytesAt = (payload: unknown, ...names: string[]): Uint8Array | undefined =>
  memberAt(payload, names, (value) => (value instanceof Uint8Array ? value : undefined));

/** A text, or anything else as JSON. */
export const detailAt = (payload: unknown, ...names: string[]): string | undefined =>
  memberAt(payload, names, (value) => {
    const isObject = typeof value === 'object' && value !== null;
    return isObject ? jsonText(value, 0) : textOf(value);
  });
