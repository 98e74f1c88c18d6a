// The documents SDK as an app sees it: what `DB`, `WriteQueue` and `HttpAdapter` take and give. The
// HTTP contract is docs/documents.md.
//
// Rules:
// - A version is a tag without its quotes, "NUMBER-EPOCH".
// - Records that are handed out are frozen; those that come in are copied.
// - What can go wrong is a DocumentError (errors.ts) with a stable code.

import type { Data, Json } from '../answer.ts';
import type { Platform } from '../platform.ts';
import type { StoreOpener } from '../stores/store.ts';
import type { DocumentError } from './errors.ts';

export type { Data, Json };

/** A record of a collection: any JSON object with an `id` of 1 to 256 bytes. */
export type DocumentRecord = Data & { id: string };
/** An app's own type of a record. What of it is JSON is kept. */
export type WithId = { id: string };

/**
 * The document as it was at one version. The version is null if whoever serves it does not say one
 * of ours: a static file, for example.
 */
export interface Copy {
  version: string | null;
  document: Data;
}

/**
 * Sent with every call. A function is asked anew for each, also while nobody looks: it prompts no
 * person, and has as long as an answer (`timeout`).
 */
export type HeadersSource =
  | Record<string, string>
  | (() => Record<string, string> | Promise<Record<string, string>>);

/** What a page keeps in `window.__CEDB`. Without `writeUrl` it only reads. */
export interface DocumentConfig {
  /** The published document: public, at most some seconds old. */
  snapshotUrl: string;
  /** The document's owner: `https://WORKER/db.json`, or `.../apps/NAME/db.json`. */
  writeUrl?: string;
  headers?: HeadersSource;
}

export interface HttpOptions extends DocumentConfig, Partial<Platform> {
  fetch?: typeof globalThis.fetch;
  /** Milliseconds to an answer, and to the headers; 30,000. */
  timeout?: number;
}

/** One record operation, as it is sent. */
export type Operation =
  | {
      op: 'upsert';
      collection: string;
      id: string;
      record: DocumentRecord;
      version?: string;
    }
  | { op: 'delete'; collection: string; id: string; version?: string };

/** What lets a write pass that the server would take for an accident. */
export interface Allowances {
  /** It may leave the document without a record. */
  allowEmpty?: boolean;
  /** It may delete nearly everything. */
  allowLargeDelete?: boolean;
}

export interface PutOptions extends Allowances {
  /** The version that it replaces; null if there must be no document yet. */
  version: string | null;
}

export interface OperationResult {
  op: string;
  collection: string;
  id: string;
  /** The document's, if it does not say one. */
  version?: string;
}

export type SendAnswer =
  /** Without a version there is no document: there was nothing to delete. */
  | { kind: 'done'; version: string | null; results: OperationResult[] }
  /** Nothing was written. `conflicts` is null if the server did not say which operations. */
  | { kind: 'outdated'; version: string | null; conflicts: OutdatedOperation[] | null };

/** An operation whose record has changed since its `version`, and what is stored now. */
export interface OutdatedOperation {
  index: number;
  collection: string;
  id: string;
  record: DocumentRecord | null;
}

export interface Activity {
  id: string;
  time: string | number;
  method: string;
  path: string;
  status: number;
  size: number;
  user: string | null;
  [key: string]: Json;
}

export interface ActivityPage {
  /** Newest first. */
  entries: Activity[];
  /** What to pass for the page after this one; null at the end. */
  next: string | null;
}

export interface DailySnapshot {
  /** Such as 2026-11-21. */
  day: string;
  size: number;
  version: string;
}

/** The way to a server. `HttpAdapter` is one; an app may bring another. */
export interface Adapter {
  /** Whether it has somewhere to write. */
  readonly writable: boolean;
  /** Where the document is. A store that holds another one's is refused. */
  readonly address?: string;
  /** The published document; null if it still is the one of `known`. */
  readPublished(known?: string | null): Promise<Copy | null>;
  /** The document as its owner has it; null if it still is the one of `known`. */
  readOwner(known?: string | null): Promise<Copy | null>;
  send(operations: Operation[], allowances?: Allowances): Promise<SendAnswer>;
  /** Changes when who calls changes: after a 401 the queue goes on only then. */
  identity(): Promise<string>;
}

/** What only an administrator needs of it. Each rejects with a DocumentError. */
export interface Administration {
  /** The name of the app that `writeUrl` is of. */
  readonly app: string;
  /** The owner's copy of one shard, or one member. */
  readShard(shard: string): Promise<Copy>;
  /** Replaces the whole document; returns its version. A newer one: `precondition_failed`. */
  put(document: Data, options: PutOptions): Promise<string>;
  /** The log of requests, from the origin of `writeUrl`. `before` is an earlier page's `next`. */
  activity(options?: { before?: string | null; limit?: number }): Promise<ActivityPage>;
  /** Newest first. */
  snapshots(): Promise<DailySnapshot[]>;
  /** Returns the document's version after it. */
  restore(day: string): Promise<string>;
  /** Whether the server takes the headers, or the session's cookie. */
  signedIn(): Promise<boolean>;
}

/** A change of one record that is not known to be written. */
export interface Mutation {
  /** Its place in the queue, and its name. */
  number: number;
  collection: string;
  id: string;
  action: 'upsert' | 'delete';
  /** The record as the user saw it; null if there was none. */
  base: DocumentRecord | null;
  /** The version of the copy that `base` is of; null if nothing was ever read. */
  version: string | null;
  /** Of an upsert: the fields that it writes, and those that it removes. */
  set: Data;
  unset: string[];
  allow: Allowances;
  /** When it was made, in milliseconds. */
  at: number;
  /** It was sent, and what came of it is not known. */
  sent: boolean;
  /** Others' values that it writes over. They become conflicts once it is written. */
  overwrites: Overwritten[];
}

/** A field that both changed. What is missing was not there. */
export interface Overwritten {
  field: string;
  base?: Json;
  mine?: Json;
  theirs?: Json;
  /** The version at which theirs was met. */
  version: string | null;
  /** Mine was sent over it, and may have been written. */
  sent?: boolean;
}

/** A mutation that the server will not take as it is. */
export interface Refused {
  number: number;
  mutation: Mutation;
  code: string;
  message: string;
  status: number | null;
}

/**
 * What another person did to the same thing at the same time.
 * - `field`: both changed a field. Mine was written last; `theirs` is what it replaced.
 * - `delete_changed`: I deleted what another changed. Nothing was deleted.
 * - `edit_deleted`: I changed what another deleted. My edit is kept here.
 * A `base`, `mine` or `theirs` that is missing: the field was not there, or the record.
 */
export interface Conflict {
  number: number;
  kind: 'field' | 'delete_changed' | 'edit_deleted';
  collection: string;
  id: string;
  /** Of the kind `field`. */
  field?: string;
  base?: Json;
  mine?: Json;
  theirs?: Json;
  /** The version at which theirs was met. */
  version: string | null;
  at: number;
}

export type Side = 'mine' | 'theirs';

export type QueueState =
  | 'idle' // nothing to send
  | 'sending'
  | 'waiting' // the server was busy or failed: it tries again
  | 'offline' // no connection: it tries again
  | 'denied'; // the server wants another sign-in: see `resume`

export interface QueueStatus {
  state: QueueState;
  sending: boolean;
  /** Mutations on this device only. */
  queued: number;
  refused: number;
  conflicts: number;
  lastError: DocumentError | null;
}

export interface DbStatus extends QueueStatus {
  /** The version of the newest copy; null before the first, or if there is no document. */
  version: string | null;
}

export interface QueueOptions extends Partial<Platform> {
  adapter: Adapter;
  /** Where mutations are kept; memory. */
  store?: StoreOpener;
}

/** Asked before something that is easily an accident. Cancelled, nothing is queued. */
export type Confirm = (question: {
  kind: 'delete_last_record';
  collection: string;
  id: string;
}) => boolean | Promise<boolean>;

export interface DbOptions extends QueueOptions {
  /** Whose copies are read: everybody's, some seconds old, or the owner's, by a token. */
  view?: 'published' | 'owner';
  /** Milliseconds between reads; 0, the default, reads only when told. */
  pollInterval?: number;
  confirm?: Confirm;
}

/** What an edit was made on, where that is not the record as it is now: a form's, for example. */
export interface EditOptions<T extends WithId = DocumentRecord> {
  /** The record as it was handed out; null if there was none. */
  base?: T | null;
}

export interface DeleteOptions<T extends WithId = DocumentRecord>
  extends EditOptions<T>,
    Allowances {
  /** In place of the one of the options. */
  confirm?: Confirm;
}

/** The names of the collections whose records changed; `values`: other members may have. */
export interface DbChange {
  collections: ReadonlySet<string>;
  values: boolean;
}

export interface CollectionView<T extends WithId = DocumentRecord> {
  readonly name: string;
  /** In the document's order; new ones last. */
  list(): readonly T[];
  get(id: string): T | undefined;
  /** Whether a change of the record waits for the server. */
  isPending(id: string): boolean;
  upsert(record: T, options?: EditOptions<T>): Promise<void>;
  update(
    id: string,
    fields: { [K in keyof T]?: T[K] | undefined },
    options?: EditOptions<T>,
  ): Promise<void>;
  delete(id: string, options?: DeleteOptions<T>): Promise<boolean>;
}

/**
 * `DB` (db.ts). Reads are plain calls on the newest copy with all that was acknowledged or is
 * queued over it. A write is seen at once; its promise resolves when it is durable on the device.
 */
export interface Database {
  /** Also those of the document that are empty. */
  collections(): string[];
  collection<T extends WithId = DocumentRecord>(name: string): CollectionView<T>;
  /** Members that are no collections. */
  values(): Data;
  /** Creates or replaces it. What it leaves out is removed. */
  upsert(collection: string, record: DocumentRecord, options?: EditOptions): Promise<void>;
  /** Changes these fields alone; one that is undefined is removed. */
  update(
    collection: string,
    id: string,
    fields: { [key: string]: Json | undefined },
    options?: EditOptions,
  ): Promise<void>;
  /** False if it was not confirmed, or there was no such record. */
  delete(collection: string, id: string, options?: DeleteOptions): Promise<boolean>;
  readonly status: DbStatus;
  subscribe(listener: (change: DbChange) => void): () => void;
  watchStatus(listener: (status: DbStatus) => void): () => void;
  /** Reads a new copy; rejects if it cannot be had. */
  refresh(): Promise<void>;
  /** Resolves when nothing is queued; rejects when that fails, though it goes on trying. */
  flush(): Promise<void>;
  /** Sends again after a 401, or at once while it waits. */
  resume(): void;
  readonly queue: Queue;
  close(): Promise<void>;
}

/** A change to queue. */
export interface Change {
  collection: string;
  id: string;
  /** As it shall be; null to delete it. */
  record: DocumentRecord | null;
  /** As it was seen; null, the default, if there was none. */
  base?: DocumentRecord | null;
  /** The version of the copy that `base` is of; without it the owner is asked first. */
  version?: string | null;
  allow?: Allowances;
}

/** `WriteQueue` (write_queue.ts): `db.queue`, or one of its own. */
export interface Queue {
  readonly mutations: readonly Mutation[];
  readonly refused: readonly Refused[];
  readonly conflicts: readonly Conflict[];
  readonly status: QueueStatus;
  subscribe(listener: () => void): () => void;
  /** Queues a change; resolves when it is durable. */
  add(change: Change): Promise<void>;
  flush(): Promise<void>;
  resume(): void;
  /** Puts a refused mutation at the end of the queue. */
  retry(number: number, allowances?: Allowances): Promise<void>;
  /** Forgets a refused mutation. */
  discard(number: number): Promise<void>;
  /**
   * Ends a conflict. `field`: theirs writes their value, mine leaves it. `delete_changed`: mine
   * deletes, theirs leaves it. `edit_deleted`: mine makes the record anew, theirs drops the edit.
   */
  resolve(number: number, side: Side): Promise<void>;
  close(): Promise<void>;
}
