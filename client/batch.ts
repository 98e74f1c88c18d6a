// What of the outbox goes into one request.
//
// Parents go before children: collections in the order of the declaration, and nothing of a later
// one while an earlier one has not gone whole. In a collection the order is that of the stamps.

import { compareStamps } from './clock.ts';
import { nameOf } from './keys.ts';
import type { OutboxEntry } from './state.ts';
import type { Table } from './table.ts';

export interface Limits {
  deltas: number;
  bytes: number;
  /** A WebSocket's frame holds less: its bound is 900,000 bytes. */
  frameBytes: number;
}

export const defaultLimits: Limits = { deltas: 5_000, bytes: 4_000_000, frameBytes: 700_000 };

export interface Sent {
  key: string;
  entry: OutboxEntry;
}

/** The UTF-8 length of a text. */
export function byteLength(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7ff) bytes += 2;
    else if (unit > 0x7f) bytes += 1;
    // The two halves of a pair make four bytes.
    if (unit >= 0xd800 && unit <= 0xdbff) {
      bytes -= 2;
    }
  }
  return bytes;
}

export function deltaText(key: string, entry: OutboxEntry): string {
  const { id, owner } = nameOf(key);
  return JSON.stringify({
    action: entry.data ? 'update' : 'delete',
    id,
    owner: owner || undefined,
    data: entry.data,
    updated_at: entry.ms,
    counter: entry.counter,
  });
}

function inOrder(rows: ReadonlyMap<string, OutboxEntry>): [string, OutboxEntry][] {
  return [...rows].sort(([a, x], [b, y]) => compareStamps(x, y) || (a < b ? -1 : 1));
}

/** The collections that an outbox may hold: the declared ones, then any of an older declaration. */
function collectionsOf(outbox: Table<OutboxEntry>, declared: string[]): string[] {
  const others = outbox.collections().filter((name) => !declared.includes(name));
  return [...declared, ...others.sort()];
}

/** `tooLarge`: the first delta does not fit a frame, and has to go by HTTP. */
export function takeBatch(
  outbox: Table<OutboxEntry>,
  declared: string[],
  limits: Limits,
  live: boolean,
): { batch: Sent[]; texts: string[]; tooLarge: boolean } {
  const batch: Sent[] = [];
  const texts: string[] = [];
  const bytesMax = live ? Math.min(limits.frameBytes, limits.bytes) : limits.bytes;
  let bytes = 0;
  for (const name of collectionsOf(outbox, declared)) {
    for (const [key, entry] of inOrder(outbox.of(name))) {
      if (batch.length === limits.deltas) return { batch, texts, tooLarge: false };
      const text = deltaText(key, entry);
      bytes += byteLength(text) + 1;
      if (bytes > bytesMax && (batch.length > 0 || live)) {
        return { batch, texts, tooLarge: batch.length === 0 };
      }
      batch.push({ key, entry });
      texts.push(text);
    }
  }
  return { batch, texts, tooLarge: false };
}

/** The body of POST /sync. The cursor comes first: so the server reads the body once. */
export function bodyText(cursor: string | null, batch: Sent[], texts: string[]): string {
  const members = [`"cursor":${JSON.stringify(cursor)}`];
  let from = 0;
  while (from < batch.length) {
    const { collection } = nameOf(batch[from]?.key ?? '');
    let to = from + 1;
    while (to < batch.length && nameOf(batch[to]?.key ?? '').collection === collection) to += 1;
    members.push(`${JSON.stringify(collection)}:[${texts.slice(from, to).join(',')}]`);
    from = to;
  }
  return `{${members.join(',')}}`;
}
