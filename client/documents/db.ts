// A document on this device: the newest copy of it, with everything over it that was acknowledged
// since or is queued. What each call does is in types.ts, `Database`.

import { freeze } from '../freeze.ts';
import { Listeners } from '../listeners.ts';
import { Alarm, platformOf } from '../platform.ts';
import { memoryStore } from '../stores/memory.ts';
import { standing, takeCopy } from './copies.ts';
import type { Edit } from './edits.ts';
import { asDocumentError, closed, DocumentError, isDenied, isUnreached } from './errors.ts';
import { checkedCollection, checkedId, checkedRecord } from './json.ts';
import { Kept } from './kept.ts';
import { difference, edited } from './rebase.ts';
import { emptyWrite, recordKey, type Touched } from './state.ts';
import type {
  CollectionView,
  Copy,
  Data,
  Database,
  DbChange,
  DbOptions,
  DbStatus,
  DeleteOptions,
  DocumentRecord,
  EditOptions,
  Json,
  QueueState,
  WithId,
} from './types.ts';
import { namesOf, recordOf, recordsOf, valuesOf } from './view.ts';
import { WriteQueue } from './write_queue.ts';

type Fields = { [key: string]: Json | undefined };
type Made = Pick<Edit, 'action' | 'set' | 'unset'> & Partial<Pick<Edit, 'allow'>>;

/** An edit that is not durable yet. */
interface Early {
  collection: string;
  id: string;
  record: DocumentRecord | null;
}

export class DB implements Database {
  readonly queue: WriteQueue;
  readonly #kept: Kept;
  readonly #options: DbOptions;
  readonly #poll: Alarm;
  readonly #changes = new Listeners<DbChange>();
  readonly #statuses = new Listeners<DbStatus>();
  readonly #lists = new Map<string, readonly DocumentRecord[]>();
  readonly #endings: (() => void)[] = [];
  readonly #early = new Map<string, Early>();
  #reading: Promise<void> | null = null;
  #next: Promise<void> | null = null;
  #readError: DocumentError | null = null;
  #told = '';

  private constructor(kept: Kept, queue: WriteQueue, options: DbOptions) {
    this.#kept = kept;
    this.queue = queue;
    this.#options = options;
    this.#poll = new Alarm(platformOf(options), () => void this.refresh().catch(() => {}));
    this.#endings.push(
      kept.onChange((touched) => this.#changed(touched)),
      queue.subscribe(() => this.#tellStatus()),
    );
  }

  /**
   * Resolves with what the store has; where that is nothing, after a first try to read. It never
   * fails for want of a network: `status.lastError` says how it went.
   */
  static async open(options: DbOptions): Promise<DB> {
    const { store = memoryStore(), adapter } = options;
    const kept = await Kept.open(store, adapter.address);
    const db = new DB(kept, WriteQueue.over(kept, options), options);
    const read = db.refresh().catch(() => {});
    if (kept.state.copy === null) await read;
    return db;
  }

  get status(): DbStatus {
    const status = this.queue.status;
    const error = this.#readError;
    return {
      ...status,
      state: status.state === 'idle' && error ? readState(error) : status.state,
      lastError: status.lastError ?? error,
      version: this.#kept.state.copy?.version ?? null,
    };
  }

  collections(): string[] {
    const early = [...this.#early.values()].filter(({ record }) => record !== null);
    const names = early.map(({ collection }) => collection);
    return [...new Set([...namesOf(this.#kept.state), ...names])];
  }

  values(): Data {
    return freeze(valuesOf(this.#kept.state));
  }

  collection<T extends WithId = DocumentRecord>(name: string): CollectionView<T> {
    checkedCollection(name);
    return {
      name,
      // What comes in is checked to be JSON, whatever its type is called.
      list: () => this.#list(name) as readonly unknown[] as readonly T[],
      get: (id) => (freeze(this.#shown(name, id)) ?? undefined) as unknown as T | undefined,
      isPending: (id) =>
        this.#early.has(recordKey(name, id)) ||
        [...this.#kept.state.mutations.values()].some(
          (one) => one.collection === name && one.id === id,
        ),
      upsert: (record, options) =>
        this.upsert(name, record as WithId as DocumentRecord, options as EditOptions),
      update: (id, fields, options) =>
        this.update(name, id, fields as Fields, options as EditOptions),
      delete: (id, options) => this.delete(name, id, options as DeleteOptions),
    };
  }

  async upsert(
    collection: string,
    record: DocumentRecord,
    options: EditOptions = {},
  ): Promise<void> {
    const wanted = checkedRecord(record);
    await this.#edit(collection, wanted.id, options, (base) => ({
      action: 'upsert',
      ...difference(base, wanted),
    }));
  }

  async update(
    collection: string,
    id: string,
    fields: Fields,
    options: EditOptions = {},
  ): Promise<void> {
    const given = checkedRecord({ ...fields, id });
    const unset = Object.keys(fields).filter((key) => fields[key] === undefined);
    await this.#edit(collection, id, options, (base) => {
      if (base === null) throw new DocumentError('not_found', 'There is no such record');
      const gone = unset.filter((key) => key !== 'id' && Object.hasOwn(base, key));
      const { set } = difference(base, edited(base, { set: given, unset: [] }));
      return { action: 'upsert', set, unset: gone };
    });
  }

  async delete(
    collection: string,
    id: string,
    { confirm = this.#options.confirm, base, ...allow }: DeleteOptions = {},
  ): Promise<boolean> {
    this.#check(collection, id);
    if (this.#shown(collection, id) === null) return false;
    if (confirm && this.#isLast(collection, id)) {
      if (!(await confirm({ kind: 'delete_last_record', collection, id }))) return false;
      if (this.#shown(collection, id) === null) return false;
    }
    const options = base === undefined ? {} : { base };
    const removal: Made = { action: 'delete', set: {}, unset: [], allow };
    await this.#edit(collection, id, options, () => removal);
    return true;
  }

  subscribe(listener: (change: DbChange) => void): () => void {
    return this.#changes.add(listener);
  }

  watchStatus(listener: (status: DbStatus) => void): () => void {
    return this.#statuses.add(listener);
  }

  refresh(): Promise<void> {
    if (this.#kept.isClosed) return Promise.reject(closed());
    if (this.#reading) {
      // What is under way may have been answered before the call.
      this.#next ??= this.#reading
        .catch(() => {})
        .then(() => {
          this.#next = null;
          return this.refresh();
        });
      return this.#next;
    }
    this.#reading = this.#refresh().finally(() => {
      this.#reading = null;
      this.#tellStatus();
      const { pollInterval = 0 } = this.#options;
      if (pollInterval > 0 && !this.#kept.isClosed) this.#poll.set(pollInterval);
    });
    return this.#reading;
  }

  flush(): Promise<void> {
    return this.queue.flush();
  }

  resume(): void {
    this.queue.resume();
    if (this.#readError) void this.refresh().catch(() => {});
  }

  async close(): Promise<void> {
    this.#poll.clear();
    for (const end of this.#endings.splice(0)) end();
    await this.queue.close();
  }

  /**
   * Shows an edit at once, and queues it: made on what is shown now, whatever comes before it is
   * durable.
   */
  async #edit(
    collection: string,
    id: string,
    { base: given }: EditOptions,
    make: (base: DocumentRecord | null) => Made,
  ): Promise<void> {
    this.#check(collection, id);
    const now = this.#shown(collection, id);
    const base = given === undefined ? now : given && checkedRecord(given);
    const made = make(base);
    const key = recordKey(collection, id);
    const record = made.action === 'delete' ? null : edited(now ?? base, made);
    const early = { collection, id, record };
    this.#early.set(key, early);
    this.#changed(new Set([collection]));
    try {
      await this.queue.plan(() => ({ collection, id, base, allow: {}, ...made }));
    } finally {
      if (this.#early.get(key) === early) this.#early.delete(key);
      this.#changed(new Set([collection]));
    }
  }

  #shown(collection: string, id: string): DocumentRecord | null {
    const early = this.#early.get(recordKey(collection, id));
    return early ? early.record : recordOf(this.#kept.state, collection, id);
  }

  #isLast(collection: string, id: string): boolean {
    return this.collections().every((name) =>
      this.#list(name).every((one) => name === collection && one.id === id),
    );
  }

  #check(collection: string, id: string): void {
    checkedCollection(collection);
    checkedId(id);
    if (this.#options.adapter.writable) return;
    throw new DocumentError('read_only', 'There is nowhere to write: see writeUrl');
  }

  #list(name: string): readonly DocumentRecord[] {
    let list = this.#lists.get(name);
    if (list === undefined) {
      const records = recordsOf(this.#kept.state, name);
      for (const { collection, id, record } of this.#early.values()) {
        if (collection !== name) continue;
        if (record === null) records.delete(id);
        else records.set(id, record);
      }
      list = freeze([...records.values()]);
      this.#lists.set(name, list);
    }
    return list;
  }

  async #refresh(): Promise<void> {
    try {
      await this.#read();
      this.#readError = null;
    } catch (error) {
      const failed = asDocumentError(error);
      if (failed.code === 'closed') throw failed;
      const isAbsent = failed.status === 404;
      this.#readError = isAbsent ? null : failed;
      if (!isAbsent) throw failed;
    }
  }

  async #read(): Promise<void> {
    const { adapter, view = 'published' } = this.#options;
    const held = () => this.#kept.state.copy;
    const known = held()?.version ?? null;
    if (view === 'owner') {
      await this.#take(await adapter.readOwner(known), true);
      return;
    }
    const copy = await adapter.readPublished(known);
    if (copy === null) return;
    if (standing(held(), copy) !== 'unclear') return this.#take(copy, false);
    // Of two lives of the document, only the owner knows which one it is in.
    const owned = adapter.writable ? await this.#readWhole() : null;
    await this.#take(owned ?? copy, true);
  }

  /** The owner's copy; null if it never can be had whole. */
  async #readWhole(): Promise<Copy | null> {
    try {
      return await this.#options.adapter.readOwner();
    } catch (error) {
      if (asDocumentError(error).status === 413) return null;
      throw error;
    }
  }

  #take(copy: Copy | null, final: boolean): Promise<void> {
    return this.#kept.change((state) => {
      if (copy === null) return emptyWrite();
      const how = standing(state.copy, copy);
      const isTaken = how === 'newer' || (how === 'unclear' && final);
      return isTaken ? takeCopy(state, copy, final) : emptyWrite();
    });
  }

  #changed(touched: Touched): void {
    if (touched === null) this.#lists.clear();
    else for (const name of touched) this.#lists.delete(name);
    const values = touched === null;
    const collections = new Set(touched ?? this.collections());
    if (values || collections.size > 0) this.#changes.tell({ collections, values });
    this.#tellStatus();
  }

  #tellStatus(): void {
    const { status } = this;
    const text = JSON.stringify([status, status.lastError?.code]);
    if (text === this.#told) return;
    this.#told = text;
    this.#statuses.tell(status);
  }
}

function readState(error: DocumentError): QueueState {
  if (isDenied(error)) return 'denied';
  return isUnreached(error) ? 'offline' : 'waiting';
}
