// The messages of the wire: each is one binary frame with one MessagePack map.
//
//   from the server   Hello         {remoteId bin16}
//                     Ack           {id, sequenceNumbers [num]}
//                     Changes       {publicKey, entries [{sequence, iv bin12, entryId bin16,
//                                    encryptedEntry bin}]}
//                     Pong          {id}
//   to the server     RequestChanges {publicKey, startSequence}
//                     WriteEntries  {publicKey, id, iv bin12, encryptedEntries [{entryId bin16,
//                                    encryptedEntry bin}]}
//                     StopChanges   {publicKey}
//                     Ping          {id}
//   both ways         ChunkedMessage {id, part [index, total], data bin}: see chunks.ts
//
// and `_tag`, the message's name, as the last key.

import type { Bytes } from './bytes.ts';
import { hexOf } from './bytes.ts';
import { type EntryId, idBytes } from './entry_id.ts';
import { EventsError } from './errors.ts';
import { pack, unpack } from './msgpack.ts';

export const ivSize = 12;
export const idSize = 16;
/** The server's largest entry, as ciphertext. */
export const entryBytesMax = 1_900_000;

/** An entry as the server gives it. */
export interface SealedEntry {
  sequence: number;
  iv: Bytes;
  entryId: EntryId;
  data: Bytes;
}

export type ServerMessage =
  | { tag: 'Hello'; remoteId: string }
  | { tag: 'Ack'; id: number; sequences: number[] }
  | { tag: 'Changes'; publicKey: string; entries: SealedEntry[] }
  | { tag: 'Pong'; id: number }
  | { tag: 'ChunkedMessage'; id: number; index: number; total: number; data: Bytes };

export interface SealedWrite {
  id: number;
  iv: Bytes;
  entryId: EntryId;
  data: Bytes;
}

export const requestChanges = (publicKey: string, startSequence: number): Bytes =>
  pack({ publicKey, startSequence, _tag: 'RequestChanges' });

/** One entry a message: entries of one message would share its iv. */
export const writeEntry = (publicKey: string, { id, iv, entryId, data }: SealedWrite): Bytes =>
  pack({
    publicKey,
    id,
    iv,
    encryptedEntries: [{ entryId: idBytes(entryId), encryptedEntry: data }],
    _tag: 'WriteEntries',
  });

export const stopChanges = (publicKey: string): Bytes => pack({ publicKey, _tag: 'StopChanges' });

export const ping = (id: number): Bytes => pack({ id, _tag: 'Ping' });

export const chunk = (id: number, part: [index: number, total: number], data: Bytes): Bytes =>
  pack({ id, part, data, _tag: 'ChunkedMessage' });

const bad = (what: string): EventsError =>
  new EventsError('bad_frame', `The server sent a frame with a wrong ${what}`);

type Fields = Record<string, unknown>;

function fields(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad(what);
  return value as Fields;
}

function number(value: unknown, what: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw bad(what);
  return value as number;
}

function bytes(value: unknown, what: string, size?: number): Bytes {
  if (!(value instanceof Uint8Array)) throw bad(what);
  if (size !== undefined && value.length !== size) throw bad(what);
  return value as Bytes;
}

function list(value: unknown, what: string): unknown[] {
  if (!Array.isArray(value)) throw bad(what);
  return value;
}

function text(value: unknown, what: string): string {
  if (typeof value !== 'string') throw bad(what);
  return value;
}

function sealed(value: unknown): SealedEntry {
  const { sequence, iv, entryId, encryptedEntry } = fields(value, 'entry');
  return {
    sequence: number(sequence, 'sequence'),
    iv: bytes(iv, 'iv'),
    entryId: hexOf(bytes(entryId, 'entryId', idSize)),
    data: bytes(encryptedEntry, 'encryptedEntry'),
  };
}

/** Throws `bad_frame`. Views in the answer are of the frame's bytes. */
export function parseMessage(frame: Uint8Array): ServerMessage {
  let value: unknown;
  try {
    value = unpack(frame);
  } catch (cause) {
    throw new EventsError('bad_frame', 'The server sent a frame that is no MessagePack', { cause });
  }
  const message = fields(value, 'form');
  switch (message._tag) {
    case 'Hello':
      return { tag: 'Hello', remoteId: hexOf(bytes(message.remoteId, 'remoteId', 16)) };
    case 'Ack':
      return {
        tag: 'Ack',
        id: number(message.id, 'id'),
        sequences: list(message.sequenceNumbers, 'sequenceNumbers').map((sequence) =>
          number(sequence, 'sequence'),
        ),
      };
    case 'Changes':
      return {
        tag: 'Changes',
        publicKey: text(message.publicKey, 'publicKey'),
        entries: list(message.entries, 'entries').map(sealed),
      };
    case 'Pong':
      return { tag: 'Pong', id: number(message.id, 'id') };
    case 'ChunkedMessage': {
      const [index, total] = list(message.part, 'part');
      return {
        tag: 'ChunkedMessage',
        id: number(message.id, 'id'),
        index: number(index, 'part'),
        total: number(total, 'part'),
        data: bytes(message.data, 'data'),
      };
    }
    default:
      throw bad('_tag');
  }
}
