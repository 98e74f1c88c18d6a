// JSON values and records. Keys may be any text, `__proto__` too: objects are made from entries,
// never by assignment.

import type { Data, Json } from '../answer.ts';
import { DocumentError } from './errors.ts';
import type { DocumentRecord } from './types.ts';

const nameBytesMax = 256;

export function equal(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, index) => equal(item, b[index]));
  }
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]));
}

/** A member of its own, and not what an object has by nature. */
export const member = (data: Data | null, key: string): Json | undefined =>
  data !== null && Object.hasOwn(data, key) ? data[key] : undefined;

export const isObject = (value: unknown): value is Data =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function isName(name: unknown): name is string {
  if (typeof name !== 'string' || name === '' || name.includes('\0')) return false;
  return new TextEncoder().encode(name).length <= nameBytesMax;
}

/** Whether a member of a document is a collection: an array of records, each with its own id. */
export function isCollection(value: Json | undefined): value is DocumentRecord[] {
  if (!Array.isArray(value)) return false;
  const ids = new Set<string>();
  for (const item of value) {
    const id = isObject(item) ? member(item, 'id') : undefined;
    if (!isName(id)) return false;
    ids.add(id);
  }
  return ids.size === value.length;
}

export function checkedCollection(name: unknown): string {
  if (typeof name === 'string' && name !== '') return name;
  throw new DocumentError('invalid_collection', 'A collection has a name');
}

export function checkedId(id: unknown): string {
  if (isName(id)) return id;
  const message = `An id is 1 to ${nameBytesMax} bytes of text without NUL`;
  throw new DocumentError('invalid_id', message);
}

/** A copy of what came from the app. */
export function checkedRecord(value: unknown): DocumentRecord {
  let copy: unknown;
  try {
    copy = JSON.parse(JSON.stringify(value) ?? 'null');
  } catch (cause) {
    throw new DocumentError('invalid_data', 'A record must be JSON', { cause });
  }
  if (!isObject(copy)) throw new DocumentError('invalid_data', 'A record is an object');
  checkedId(member(copy, 'id'));
  return copy as DocumentRecord;
}
