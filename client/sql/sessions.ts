// Sessions of D1: reads may be answered by the nearest replica of a database, and still see what
// the same session wrote or read before. A bookmark carries that over to a visitor's next request.

import type { Shard } from './types.ts';

/** A database that has sessions, as D1 does. */
interface SessionShard extends Shard {
  withSession(constraint?: string): Shard & { getBookmark(): string | null };
}

export interface SessionsOptions {
  /** Without a bookmark, the first query of a shard is answered by the nearest replica, or by the
   * database that is written to: `first-unconstrained` if it is not given. */
  first?: 'first-unconstrained' | 'first-primary';
}

export interface Sessions {
  /** For a configuration of this request alone. */
  shards: Record<string, Shard>;
  /** How far each shard was seen: for the visitor to bring along the next time, in a header or a
   * cookie. Empty where no shard was asked. */
  bookmarks(): string;
}

const hasSessions = (shard: Shard): shard is SessionShard =>
  typeof (shard as Partial<SessionShard>).withSession === 'function';

/** What is no text of ours tells nothing: then every shard begins with what is newest. */
function read(bookmarks: string): Record<string, unknown> | undefined {
  try {
    const told: unknown = JSON.parse(decodeURIComponent(bookmarks));
    return typeof told === 'object' && told !== null
      ? (told as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Opens a session of each shard that has them, from where `bookmarks` says; the others are as they
 * are. */
export function openSessions(
  shards: Readonly<Record<string, Shard>>,
  bookmarks?: string | null,
  { first = 'first-unconstrained' }: SessionsOptions = {},
): Sessions {
  const brought = bookmarks ? read(bookmarks) : {};
  const open = new Map<string, ReturnType<SessionShard['withSession']>>();
  const sessionOf = (name: string, shard: SessionShard) => {
    const before = open.get(name);
    if (before !== undefined) return before;
    const from = brought === undefined ? 'first-primary' : brought[name];
    const session = shard.withSession(typeof from === 'string' ? from : first);
    open.set(name, session);
    return session;
  };
  const wrapped = Object.entries(shards).map(([name, shard]): [string, Shard] => {
    if (!hasSessions(shard)) return [name, shard];
    const batch = (statements: Parameters<NonNullable<Shard['batch']>>[0]) =>
      (sessionOf(name, shard).batch as NonNullable<Shard['batch']>)(statements);
    const prepare = (sql: string) => sessionOf(name, shard).prepare(sql);
    return [name, shard.batch === undefined ? { prepare } : { prepare, batch }];
  });
  return {
    shards: Object.fromEntries(wrapped),
    bookmarks() {
      const seen = Object.entries(brought ?? {});
      for (const [name, session] of open) seen.push([name, session.getBookmark()]);
      const told = seen.filter(
        ([name, bookmark]) => Object.hasOwn(shards, name) && typeof bookmark === 'string',
      );
      return told.length === 0 ? '' : encodeURIComponent(JSON.stringify(Object.fromEntries(told)));
    },
  };
}
