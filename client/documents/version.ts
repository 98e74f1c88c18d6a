// Versions, "NUMBER-EPOCH": which of two copies of a document is newer. Numbers of one epoch grow
// with each change; another epoch is another life of the document.

export interface Version {
  number: number;
  epoch: string;
}

const form = /^(\d{1,16})-([0-9a-f]{16})(?:-[0-9a-f]{8})?$/;

export function readVersion(text: string | null): Version | null {
  const [, number, epoch] = (text !== null && form.exec(text)) || [];
  return number === undefined || epoch === undefined ? null : { number: Number(number), epoch };
}

/** The version in an `ETag`, which a proxy may have made weak. Null if it is none of ours. */
export function versionOfTag(tag: string | null): string | null {
  const [, opaque = ''] = /^(?:W\/)?"([^"]*)"$/.exec(tag ?? '') ?? [];
  return readVersion(opaque) && opaque;
}

export const numberOf = (version: string | null): number => readVersion(version)?.number ?? 0;

/** Whether `a` is of the same life as `b`, and not of an earlier moment. */
export const isSameOrNewer = (a: string, b: string): boolean =>
  readVersion(a)?.epoch === readVersion(b)?.epoch && numberOf(a) >= numberOf(b);

/** Before the first write of the life that `version` is of. */
export const beginningOf = (version: string): string | null => {
  const epoch = readVersion(version)?.epoch;
  return epoch === undefined ? null : `0-${epoch}`;
};
