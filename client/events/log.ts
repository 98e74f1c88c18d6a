// The event log of this device: typed events over a journal. An event is written to the journal
// first, then handled; handlers keep what is shown, in memory, and get it anew from the journal
// when the log is opened.

import { call, Listeners } from '../listeners.ts';
import { sealBytes } from './cipher.ts';
import { type Compaction, compactByCount } from './compaction.ts';
import { type ConflictPolicy, type Contender, lastWriteWins } from './conflicts.ts';
import { type Entry, type EventRecord, packEntry, recordOf } from './entry.ts';
import { type EntryId, type EntryIds, millisOf } from './entry_id.ts';
import { EventsError } from './errors.ts';
import type { Journal } from './journal/journal.ts';
import { packPayload } from './msgpack.ts';
import { entryBytesMax } from './protocol.ts';
import type { EventGroup, EventType, EventTypes, Handlers, NameOf, PayloadOf } from './schema.ts';

/** How far another device's clock may be ahead and still be followed. */
const aheadMaxMs = 300_000;

export interface LogOptions {
  journal: Journal;
  ids: EntryIds;
  now: () => number;
  conflictPolicy?: ConflictPolicy | undefined;
  compaction?: Compaction | null | undefined;
  retention?: { entries?: number | undefined; ageMs?: number | undefined } | undefined;
  /** How many entries a page has where nobody says it. */
  pageSize?: number;
  readOnly?: boolean;
  /** No server is ever told: nothing waits for an acknowledgement. */
  localOnly?: boolean;
}

export interface LogNews {
  records: EventRecord[];
  origin: 'local' | 'remote';
}

export interface EntryPage {
  records: EventRecord[];
  /** Given as `after` it gets the next page; null at the end. */
  next: EntryId | null;
}

interface Registered {
  group: EventGroup;
  handlers: Handlers<EventTypes>;
  holders: Map<string, Contender>;
}

export class EventLog {
  readonly #journal: Journal;
  readonly #options: LogOptions;
  readonly #policy: ConflictPolicy;
  readonly #compaction: Compaction | null;
  readonly #groups: Registered[] = [];
  readonly #byEvent = new Map<string, Registered>();
  readonly #news = new Listeners<LogNews>();
  readonly #local = new Set<EntryId>();
  #sinceCompaction: number;
  #tidying: Promise<void> | null = null;
  /** Entries whose event is not known here, or whose payload its guard refused. */
  readonly #unread = new Set<EntryId>();

  constructor(options: LogOptions) {
    this.#options = options;
    this.#journal = options.journal;
    this.#policy = options.conflictPolicy ?? lastWriteWins;
    this.#compaction = options.compaction === undefined ? compactByCount(1000) : options.compaction;
    this.#sinceCompaction = this.#journal.size;
    this.#journal.onAdded(({ entries }) => this.#added(entries));
  }

  /** How many entries no handler could be given: of other events, or refused by a guard. */
  get unhandled(): number {
    return this.#unread.size;
  }

  get pageSize(): number {
    return this.#options.pageSize ?? 100;
  }

  get size(): number {
    return this.#journal.size;
  }

  /** Hands the group's entries to the handlers, those of the journal at once. */
  handle<E extends EventTypes>(group: EventGroup<E>, handlers: Handlers<E>): void {
    const registered: Registered = {
      group,
      handlers: handlers as unknown as Handlers<EventTypes>,
      holders: new Map(),
    };
    for (const name of Object.keys(group.events)) {
      if (this.#byEvent.has(name)) {
        throw new EventsError('invalid_config', `The event ${name} is in two groups`);
      }
      this.#byEvent.set(name, registered);
    }
    this.#groups.push(registered);
    this.#replay([registered]);
  }

  /** Resolves when the event is in the journal and handled; to send it is the sync's affair. */
  async write<E extends EventTypes, Name extends NameOf<E>>(
    group: EventGroup<E>,
    name: Name,
    payload: PayloadOf<E[Name]>,
  ): Promise<EventRecord<Name, PayloadOf<E[Name]>>> {
    if (this.#options.readOnly) {
      throw new EventsError('read_only', 'This connection only reads');
    }
    const type = group.events[name] as EventType<PayloadOf<E[Name]>> | undefined;
    if (!type || !this.#byEvent.has(name)) {
      throw new EventsError('unknown_event', `The log has no event ${name}`);
    }
    if (!type.guard(payload)) {
      throw new EventsError('invalid_payload', `This is no payload of ${name}`);
    }
    const id = this.#options.ids.next(this.#options.now());
    const primaryKey = type.primaryKey(payload);
    const entry: Entry = { id, event: name, primaryKey, payload: packPayload(payload) };
    const size = packEntry(entry).length + sealBytes;
    if (size > entryBytesMax) {
      const limit = `${size} bytes are over ${entryBytesMax}`;
      throw new EventsError('entry_too_large', `The entry is too large: ${limit}`);
    }
    this.#local.add(id);
    try {
      await this.#journal.commit({ add: [entry], own: true });
    } finally {
      this.#local.delete(id);
    }
    return { id, event: name, primaryKey, payload, time: millisOf(id) };
  }

  /** Hears of entries once they are durable and handled. Returns how to stop. */
  subscribe(listener: (news: LogNews) => void): () => void {
    return this.#news.add(listener);
  }

  /** The journal in pages, in the order of time. */
  entries(options: { after?: EntryId; limit?: number; event?: string } = {}): EntryPage {
    const { after = '', limit = this.pageSize, event } = options;
    const found = this.#journal
      .all()
      .filter((entry) => entry.id > after && (event === undefined || entry.event === event));
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return { records: page.map(recordOf), next: last && found.length > limit ? last.id : null };
  }

  /** Drops what no longer counts. Resolves to how many entries were dropped. */
  async compact(): Promise<number> {
    this.#sinceCompaction = 0;
    const beaten: EntryId[] = [];
    for (const { id, event, primaryKey } of this.#journal.all()) {
      const registered = this.#byEvent.get(event);
      if (!registered || registered.group.keeps === 'all' || this.#unread.has(id)) continue;
      const holder = registered.holders.get(primaryKey);
      if (holder && holder.id !== id && this.#isDone(id)) beaten.push(id);
    }
    const old = this.#tooOld(new Set(beaten));
    for (const id of old) this.#unread.delete(id);
    if (beaten.length + old.length > 0) await this.#journal.commit({ remove: [...beaten, ...old] });
    if (old.length > 0) this.#replay(this.#groups);
    return beaten.length + old.length;
  }

  /** Waits for a compaction that is under way. */
  async settled(): Promise<void> {
    await this.#tidying;
  }

  #isDone(id: EntryId): boolean {
    return this.#options.localOnly || !this.#journal.isPendingAnywhere(id);
  }

  /** What retention does not keep, the oldest first. */
  #tooOld(gone: Set<EntryId>): EntryId[] {
    const { entries: most, ageMs } = this.#options.retention ?? {};
    if (most === undefined && ageMs === undefined) return [];
    const left = this.#journal.all().filter(({ id }) => !gone.has(id));
    const tooMany = most === undefined ? 0 : left.length - most;
    const since = ageMs === undefined ? 0 : this.#options.now() - ageMs;
    return left
      .filter(({ id }, index) => index < tooMany || millisOf(id) < since)
      .map(({ id }) => id)
      .filter((id) => this.#isDone(id));
  }

  #added(entries: Entry[]): void {
    const now = this.#options.now();
    const local: EventRecord[] = [];
    const remote: EventRecord[] = [];
    for (const entry of entries) {
      this.#options.ids.observe(entry.id, aheadMaxMs, now);
      const record = this.#take(entry);
      if (record) (this.#local.has(entry.id) ? local : remote).push(record);
    }
    if (local.length > 0) this.#news.tell({ records: local, origin: 'local' });
    if (remote.length > 0) this.#news.tell({ records: remote, origin: 'remote' });
    this.#sinceCompaction += entries.length;
    const { every } = this.#compaction ?? {};
    if (every === undefined || this.#sinceCompaction < every || this.#tidying) return;
    // A failure shows at the next write; until then the journal is only longer.
    this.#tidying = this.compact()
      .then(() => {})
      .catch(() => {})
      .finally(() => {
        this.#tidying = null;
      });
  }

  /** Handles an entry if it counts. Null if its payload cannot be read. */
  #take(entry: Entry): EventRecord | null {
    this.#unread.add(entry.id);
    let record: EventRecord;
    try {
      record = recordOf(entry);
    } catch {
      return null;
    }
    const registered = this.#byEvent.get(entry.event);
    const type = registered?.group.events[entry.event];
    if (!registered || !type?.guard(record.payload)) return record;
    this.#unread.delete(entry.id);
    if (registered.group.keeps !== 'all') {
      const { holders } = registered;
      const holder = holders.get(entry.primaryKey);
      if (holder && !this.#policy.prefers(entry, holder)) return record;
      holders.set(entry.primaryKey, { id: entry.id, event: entry.event });
    }
    call((one: EventRecord) => registered.handlers.apply(one), record);
    return record;
  }

  #replay(groups: Registered[]): void {
    for (const { handlers, holders } of groups) {
      handlers.clear();
      holders.clear();
    }
    for (const entry of this.#journal.all()) {
      const registered = this.#byEvent.get(entry.event);
      if (!registered) this.#unread.add(entry.id);
      else if (groups.includes(registered)) this.#take(entry);
    }
  }
}
