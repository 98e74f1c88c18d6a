// One event of the log. What is sealed is the MessagePack map
//   {id bin16, event str, primaryKey str, payload bin}
// in that order, where `payload` holds the MessagePack of the event's payload.

import type { Bytes } from './bytes.ts';
import { hexOf } from './bytes.ts';
import { type EntryId, idBytes, millisOf } from './entry_id.ts';
import { EventsError } from './errors.ts';
import { pack, unpack, unpackPayload } from './msgpack.ts';

export interface Entry {
  readonly id: EntryId;
  readonly event: string;
  readonly primaryKey: string;
  /** MessagePack. */
  readonly payload: Bytes;
}

export const packEntry = ({ id, event, primaryKey, payload }: Entry): Bytes =>
  pack({ id: idBytes(id), event, primaryKey, payload });

/** Throws `bad_entry` unless the bytes are the entry of that id. */
export function unpackEntry(bytes: Uint8Array, expected: EntryId): Entry {
  let value: unknown;
  try {
    value = unpack(bytes);
  } catch (cause) {
    throw badEntry('is no MessagePack', cause);
  }
  if (typeof value !== 'object' || value === null) throw badEntry('is no map');
  const { id, event, primaryKey, payload } = value as Record<string, unknown>;
  if (!(id instanceof Uint8Array) || !(payload instanceof Uint8Array))
    throw badEntry('lacks bytes');
  if (typeof event !== 'string' || typeof primaryKey !== 'string') throw badEntry('lacks a name');
  // The server knows ids but no keys: it cannot pass off one entry as another.
  if (hexOf(id) !== expected) throw badEntry('is of another id');
  return { id: expected, event, primaryKey, payload: payload.slice() };
}

const badEntry = (what: string, cause?: unknown) =>
  new EventsError('bad_entry', `What was decrypted ${what}`, { cause });

/** An entry with its payload as a value. */
export interface EventRecord<Name extends string = string, Payload = unknown> {
  readonly id: EntryId;
  readonly event: Name;
  readonly primaryKey: string;
  readonly payload: Payload;
  /** When its writer's clock made it, in milliseconds. */
  readonly time: number;
}

export const recordOf = ({ id, event, primaryKey, payload }: Entry): EventRecord => ({
  id,
  event,
  primaryKey,
  payload: unpackPayload(payload),
  time: millisOf(id),
});
