// What comes from the server, one batch after the other: opened, put into the journal together with
// how far it was read, then told.

import type { Cipher } from '../cipher.ts';
import { type Entry, type EventRecord, recordOf } from '../entry.ts';
import { type EntryId, millisOf } from '../entry_id.ts';
import type { Journal } from '../journal/journal.ts';
import type { SealedEntry } from '../protocol.ts';
import type { Received } from './received.ts';

/** An entry as it came. */
export interface Arrival {
  readonly sequence: number;
  readonly id: EntryId;
  /** When its writer's clock made it, in milliseconds. */
  readonly time: number;
  /** The size of its ciphertext. */
  readonly bytes: number;
  /** Null if this key does not open it. */
  readonly record: EventRecord | null;
}

export interface Arrivals {
  arrivals: Arrival[];
  undecryptable: number;
}

/** The part of a batch that was not had yet, opened. */
async function open(
  sealed: SealedEntry[],
  cipher: Cipher,
): Promise<{ entries: Entry[]; arrivals: Arrival[]; undecryptable: number }> {
  const entries: Entry[] = [];
  const arrivals: Arrival[] = [];
  let undecryptable = 0;
  const opened = await Promise.all(sealed.map((one) => cipher.open(one).catch(() => null)));
  for (const [index, { sequence, entryId, data }] of sealed.entries()) {
    const entry = opened[index] ?? null;
    const record = entry && readable(entry);
    if (entry && record) entries.push(entry);
    else undecryptable += 1;
    const time = millisOf(entryId);
    arrivals.push({ sequence, id: entryId, time, bytes: data.length, record });
  }
  return { entries, arrivals, undecryptable };
}

function readable(entry: Entry): EventRecord | null {
  try {
    return recordOf(entry);
  } catch {
    return null; // its payload is no MessagePack
  }
}

export interface InboxOptions {
  journal: Journal;
  cipher: Cipher;
  received: Received;
  remote: string;
  /** The lowest sequence not had. */
  next: () => number;
}

/** Resolves once the batch is in the journal. */
export async function take(batch: SealedEntry[], options: InboxOptions): Promise<Arrivals> {
  const { journal, cipher, received, remote, next } = options;
  const fresh = batch.filter(({ sequence }) => !received.has(sequence));
  const { entries, arrivals, undecryptable } = await open(fresh, cipher);
  for (const { sequence } of fresh) received.add(sequence);
  const has = fresh.map(({ entryId }) => entryId);
  await journal.commit({ add: entries, remote: { id: remote, has, next: next() } });
  return { arrivals, undecryptable };
}
