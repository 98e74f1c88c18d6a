// One user's records on one device, as a state machine without I/O (docs/records.md, "What a client
// does"). Its twin in C++ is in cli/; both run tests/vectors/replica.
//
// Rules:
// - What is seen of a record is its outbox entry, or else its base row.
// - A method plans: it returns changes, and nothing has happened until `apply`. Between the two the
//   caller commits them to a store; plans are made one at a time.
// - One request is under way at a time. Only its answer is taken, and only while the cursor is the
//   one that it was sent with.
// - An edit keeps its stamp however often it is sent, but for one far ahead of the server's time.

import type { Answer, Broadcast, Data, Row } from './answer.ts';
import { bodyText, defaultLimits, deltaText, type Limits, type Sent, takeBatch } from './batch.ts';
import {
  clockAheadMaxMs,
  compareStamps,
  observe,
  pullBack,
  type Stamp,
  skewIgnoredMs,
  tick,
} from './clock.ts';
import { collectionOf, keyOf, nameOf } from './keys.ts';
import {
  applyChanges,
  type Changes,
  Draft,
  emptyState,
  type Flight,
  type OutboxEntry,
  type State,
} from './state.ts';
import { Table } from './table.ts';

const noticesMax = 1_000;

/** Data of null removes the record. */
export interface Edit {
  key: string;
  data: Data | null;
}

export interface Declaration {
  name: string;
  /** The column that holds the id of the parent, and the parent's collection. */
  parent?: { column: string; collection: string };
}

export interface ReplicaOptions {
  device: string;
  /** Parents before their children. */
  collections: readonly Declaration[];
  limits?: Partial<Limits>;
  state?: State;
  /** Whether only this replica sends what is in the outbox: else nothing counts as never sent. */
  sole?: boolean;
}

export interface Outgoing {
  request: number;
  body: string;
  deltas: number;
  changes: Changes;
}

export class Replica {
  readonly #declarations: readonly Declaration[];
  readonly #collections: string[];
  readonly #limits: Limits;
  #state: State;
  #flight: Flight | null = null;
  #requests = 0;
  /** Keys of outbox entries that were certainly never sent, in this version or an older one. */
  readonly #fresh = new Set<string>();
  sole: boolean;

  constructor({ device, collections, limits, state, sole = true }: ReplicaOptions) {
    this.#declarations = collections;
    this.#collections = collections.map(({ name }) => name);
    this.#limits = { ...defaultLimits, ...limits };
    this.#state = state ?? emptyState(device);
    this.sole = sole;
  }

  get state(): Readonly<State> {
    return this.#state;
  }

  view(key: string): Data | undefined {
    const entry = this.#state.outbox.get(key);
    return entry ? entry.data : this.#state.base.get(key)?.data;
  }

  get collections(): readonly string[] {
    return this.#collections;
  }

  get pending(): number {
    return this.#state.outbox.size;
  }

  get flying(): boolean {
    return this.#flight !== null;
  }

  /** Whether pages are still to come, and so no delta is sent. */
  get pulling(): boolean {
    return this.#state.meta.cursor === null || this.#state.meta.walking;
  }

  idle(): boolean {
    return this.pending === 0 && !this.flying && !this.pulling;
  }

  /** Edits in their order, as one change. */
  edit(edits: Edit[], now: number): Changes {
    const draft = new Draft(this.#state);
    for (const { key, data } of edits) this.#edit(draft, key, data, now);
    return draft.changes;
  }

  retry(number: number, now: number): Changes {
    const draft = new Draft(this.#state);
    const edit = this.#state.rejected.get(number);
    if (!edit) return draft.changes;
    draft.dismiss(number);
    this.#write(draft, edit.key, edit.data ?? null, now);
    return draft.changes;
  }

  dismiss(number: number): Changes {
    const draft = new Draft(this.#state);
    if (this.#state.rejected.has(number)) draft.dismiss(number);
    return draft.changes;
  }

  /** The next request; `too_large`: its first delta does not fit a frame. */
  next(now: number, options: { live?: boolean; deltasMax?: number } = {}): Outgoing | 'too_large' {
    const draft = new Draft(this.#state);
    const flight = this.#flight;
    const picked = flight ? this.#again(flight) : this.#batch(draft, now, options);
    if (picked.tooLarge) return 'too_large';
    const { batch, texts } = picked;
    const { cursor } = this.#state.meta;
    const sent: Flight['sent'] = new Map();
    for (const one of batch) {
      const name = collectionOf(one.key);
      const list = sent.get(name);
      if (list) list.push(one);
      else sent.set(name, [one]);
    }
    this.#requests += 1;
    draft.changes.flight = { request: this.#requests, cursor, sent };
    const body = bodyText(cursor, batch, texts);
    return { request: this.#requests, body, deltas: batch.length, changes: draft.changes };
  }

  /** Null if the answer is to be ignored. */
  receive(request: number, answer: Answer, now: number): Changes | null {
    const flight = this.#flight;
    if (flight?.request !== request) return null;
    const draft = new Draft(this.#state);
    draft.changes.flight = null;
    if (flight.cursor !== draft.meta.cursor) return draft.changes;
    draft.set({
      skewMs: answer.serverTime - now,
      clock: pullBack(draft.meta.clock, answer.serverTime),
    });
    if (answer.reset || flight.cursor === null) draft.clearBase();
    const inDoubt = this.#settle(draft, flight, answer);
    this.#applyRows(draft, answer.rows);
    const cursor = inDoubt ? null : answer.cursor;
    draft.set({ cursor, walking: answer.hasMore && !inDoubt, lastSyncedAt: now });
    return draft.changes;
  }

  /** There will be no answer: what was sent waits in the outbox. */
  fail(request: number): void {
    if (this.#flight?.request === request) this.#flight = null;
  }

  /**
   * A frame that no request asked for. After a `gap` the caller pulls. One that says there is more
   * holds none of it: it is always a gap, and its cursor is never taken.
   */
  broadcast(frame: Broadcast): { outcome: 'applied' | 'known' | 'gap'; changes: Changes | null } {
    const { cursor } = this.#state.meta;
    if (frame.hasMore) return { outcome: 'gap', changes: null };
    const follows = frame.since === cursor && !frame.reset && !this.flying && !this.pulling;
    if (!follows) return { outcome: frame.cursor === cursor ? 'known' : 'gap', changes: null };
    const draft = new Draft(this.#state);
    this.#applyRows(draft, frame.rows);
    draft.set({ cursor: frame.cursor });
    return { outcome: 'applied', changes: draft.changes };
  }

  apply(changes: Changes): void {
    applyChanges(this.#state, changes);
    for (const key of changes.outbox.keys()) {
      if (changes.fresh.has(key)) this.#fresh.add(key);
      else this.#fresh.delete(key);
    }
    if (changes.flight === undefined) return;
    this.#flight = changes.flight;
    for (const list of changes.flight?.sent.values() ?? []) {
      for (const { key } of list) this.#fresh.delete(key);
    }
  }

  /** The server does not know the cursor: everything is pulled anew. */
  forgetCursor(): Changes {
    const draft = new Draft(this.#state);
    draft.set({ cursor: null, walking: false });
    return draft.changes;
  }

  rename(device: string): Changes {
    const draft = new Draft(this.#state);
    draft.set({ device });
    return draft.changes;
  }

  /** The user whose records these are. */
  claim(user: string): Changes {
    const draft = new Draft(this.#state);
    draft.set({ user });
    return draft.changes;
  }

  /** Another holder of the store has changed it: this is what it holds now. */
  replace(state: State): void {
    this.#state = state;
    this.#fresh.clear();
  }

  #time(now: number): number {
    const { skewMs } = this.#state.meta;
    return Math.abs(skewMs) > skewIgnoredMs ? now + skewMs : now;
  }

  #edit(draft: Draft, key: string, data: Data | null, now: number): void {
    if (data === null) {
      const entry = draft.entry(key);
      const known = draft.base(key);
      if (!(entry ? entry.data : known)) return;
      if (entry && !known && this.#isFresh(draft, key) && !this.#isNamed(draft, key)) {
        draft.setEntry(key, null);
        return;
      }
    }
    this.#write(draft, key, data, now);
  }

  /** Whether a pending child names it: the server takes no child of what it has never seen. */
  #isNamed(draft: Draft, key: string): boolean {
    const { collection, id, owner } = nameOf(key);
    const { outbox } = this.#state;
    return this.#declarations.some(({ name, parent }) => {
      if (parent?.collection !== collection) return false;
      const names = (child: string) =>
        nameOf(child).owner === owner && draft.entry(child)?.data?.[parent.column] === id;
      const changed = [...draft.changes.outbox.keys()].filter((one) => collectionOf(one) === name);
      return [...outbox.of(name).keys(), ...changed].some(names);
    });
  }

  #write(draft: Draft, key: string, data: Data | null, now: number): void {
    const old = draft.entry(key);
    const fresh = this.sole && (!old || this.#isFresh(draft, key));
    const entry: OutboxEntry = this.#stamp(draft, key, this.#time(now));
    if (data !== null) entry.data = data;
    if (old && !fresh) entry.doubt = true;
    draft.setEntry(key, entry);
    if (fresh) draft.changes.fresh.add(key);
  }

  #isFresh(draft: Draft, key: string): boolean {
    return draft.changes.outbox.has(key) ? draft.changes.fresh.has(key) : this.#fresh.has(key);
  }

  /** A stamp that beats what this device has seen and sent of the record. */
  #stamp(draft: Draft, key: string, t: number): Stamp {
    const replaced = draft.entry(key);
    let clock = observe(draft.meta.clock, draft.base(key));
    if (replaced && replaced.ms <= t + clockAheadMaxMs) clock = observe(clock, replaced);
    clock = tick(clock, t);
    draft.set({ clock });
    return { ...clock };
  }

  #again(flight: Flight): { batch: Sent[]; texts: string[]; tooLarge: false } {
    const batch = [...flight.sent.values()].flat().filter(({ key, entry }) => {
      const now = this.#state.outbox.get(key);
      return now && compareStamps(now, entry) === 0;
    });
    const texts = batch.map(({ key, entry }) => deltaText(key, entry));
    return { batch, texts, tooLarge: false };
  }

  #batch(
    draft: Draft,
    now: number,
    { live = false, deltasMax = Number.POSITIVE_INFINITY }: { live?: boolean; deltasMax?: number },
  ): ReturnType<typeof takeBatch> {
    if (this.pulling) return { batch: [], texts: [], tooLarge: false };
    const outbox = this.#restamp(draft, this.#time(now));
    const limits = { ...this.#limits, deltas: Math.min(this.#limits.deltas, deltasMax) };
    return takeBatch(outbox, this.#collections, limits, live);
  }

  /** Stamps anew what is far ahead of the server's time. Returns the outbox as it then is. */
  #restamp(draft: Draft, t: number): State['outbox'] {
    const { outbox, base } = this.#state;
    const ahead = [...outbox.entries()].filter(
      ([key, { ms }]) => ms > Math.max(t, base.get(key)?.ms ?? 0) + clockAheadMaxMs,
    );
    if (ahead.length === 0) return outbox;
    draft.set({ clock: pullBack(draft.meta.clock, t) });
    ahead.sort(([a, x], [b, y]) => compareStamps(x, y) || (a < b ? -1 : 1));
    for (const [key, entry] of ahead) {
      draft.setEntry(key, { ...entry, ...this.#stamp(draft, key, t) });
    }
    const changed = new Table<OutboxEntry>();
    for (const [key, entry] of outbox.entries()) changed.set(key, draft.entry(key) ?? entry);
    return changed;
  }

  /**
   * What was sent leaves the outbox, unless it was edited again. Returns whether it is unknown what
   * the server holds of some record: an edit was refused that had replaced one that may be stored.
   */
  #settle(draft: Draft, flight: Flight, answer: Answer): boolean {
    const keyAt = (place: { collection: string; index: number }) =>
      flight.sent.get(place.collection)?.[place.index]?.key;
    const refused = new Map(answer.rejected.map((verdict) => [keyAt(verdict), verdict]));
    let inDoubt = false;
    for (const { key, entry } of [...flight.sent.values()].flat()) {
      const now = draft.entry(key);
      const unchanged = now !== undefined && compareStamps(now, entry) === 0;
      const verdict = refused.get(key);
      if (!verdict) this.#accept(draft, key, entry);
      if (unchanged) {
        draft.setEntry(key, null);
        if (!verdict) continue;
        const { doubt, ...edit } = entry;
        draft.reject({ key, code: verdict.code, message: verdict.message, ...edit });
        inDoubt ||= doubt === true;
      } else if (now?.doubt && !(verdict && entry.doubt)) {
        const { doubt: _, ...settled } = now;
        draft.setEntry(key, settled);
      }
    }
    const notices = answer.conflicts.flatMap(({ code, message, ...place }) => {
      const key = keyAt(place);
      return key === undefined ? [] : [{ key, code, message }];
    });
    draft.notice(notices, noticesMax);
    return inDoubt;
  }

  #accept(draft: Draft, key: string, { data, ms, counter }: OutboxEntry): void {
    if (!data) {
      draft.setBase(key, null);
      return;
    }
    const permission = draft.base(key)?.permission;
    const { device } = draft.meta;
    draft.setBase(key, { data, ms, counter, device, ...(permission && { permission }) });
  }

  #applyRows(draft: Draft, rows: Row[]): void {
    let { clock } = draft.meta;
    for (const { collection, id, owner, data, ms, counter, device, permission } of rows) {
      const row = data && { data, ms, counter, device, ...(permission && { permission }) };
      draft.setBase(keyOf(collection, id, owner), row ?? null);
      clock = observe(clock, { ms, counter });
    }
    draft.set({ clock });
  }
}
