// The records of a collection, with their types: reads, edits, subscriptions.
//
// What is read is frozen. What is written is copied, as JSON. A child is hidden while its parent is
// deleted or not there.

import type { Data } from './answer.ts';
import { SyncError } from './errors.ts';
import { freeze } from './freeze.ts';
import { keyOf, nameOf } from './keys.ts';
import { call } from './listeners.ts';
import type { Declaration, Edit } from './replica.ts';

export interface SyncRecord<T> {
  id: string;
  data: Readonly<T>;
  /** The user who shares it; empty for one's own. */
  owner: string;
  /** Of a shared one: `read` or `edit`. */
  permission: string | null;
  /** Whether an edit of it waits for the server. */
  pending: boolean;
}

/** Whose record: without `owner`, one's own. */
export interface Owned {
  owner?: string;
}

export interface ListOptions<T> extends Owned {
  where?: (data: Readonly<T>, record: SyncRecord<T>) => boolean;
}

/** Records as they are seen now, with edits that are under way. */
export interface View {
  get(key: string): Data | undefined;
  keysOf(collection: string): Iterable<string>;
  isPending(key: string): boolean;
  permission(key: string): string | null;
}

const idBytesMax = 256;

function checkedKey(collection: string, id: string, owner: string): string {
  const bytes = typeof id === 'string' ? new TextEncoder().encode(id).length : 0;
  if (bytes === 0 || bytes > idBytesMax || id.includes('\0')) {
    throw new SyncError('invalid_id', `An id is 1 to ${idBytesMax} bytes of text without NUL`);
  }
  return keyOf(collection, id, owner);
}

function checkedData(value: unknown): Data {
  let copy: unknown;
  try {
    copy = JSON.parse(JSON.stringify(value) ?? 'null');
  } catch (cause) {
    throw new SyncError('invalid_data', 'A record must be JSON', { cause });
  }
  if (typeof copy !== 'object' || copy === null || Array.isArray(copy)) {
    throw new SyncError('invalid_data', 'A record is an object');
  }
  return copy as Data;
}

/** Reads, and the making of edits; what is done with these is the heirs' affair. */
export class Records<T extends object> {
  readonly name: string;
  protected readonly view: View;
  readonly #parents: ReadonlyMap<string, Declaration['parent']>;

  constructor(name: string, view: View, declarations: readonly Declaration[]) {
    this.name = name;
    this.view = view;
    this.#parents = new Map(declarations.map((one) => [one.name, one.parent]));
  }

  get(id: string, { owner = '' }: Owned = {}): SyncRecord<T> | undefined {
    return this.#record(keyOf(this.name, id, owner));
  }

  /** Own and shared records, by owner and id. */
  list({ where, owner }: ListOptions<T> = {}): SyncRecord<T>[] {
    const found: SyncRecord<T>[] = [];
    for (const key of [...this.view.keysOf(this.name)].sort()) {
      const record = this.#record(key);
      if (!record || (owner !== undefined && record.owner !== owner)) continue;
      if (!where || where(record.data, record)) found.push(record);
    }
    return found;
  }

  /** The collections whose records decide what is seen of this one: itself and its ancestors. */
  protected concerns(): Set<string> {
    const names = new Set<string>();
    for (let name: string | undefined = this.name; name && !names.has(name); ) {
      names.add(name);
      name = this.#parents.get(name)?.collection;
    }
    return names;
  }

  protected putting(id: string, data: T, { owner = '' }: Owned = {}): Edit {
    return { key: checkedKey(this.name, id, owner), data: checkedData(data) };
  }

  protected updating(id: string, patch: Partial<T>, { owner = '' }: Owned = {}): Edit {
    const key = checkedKey(this.name, id, owner);
    const data = this.view.get(key);
    if (!data) throw new SyncError('not_found', `There is no ${id} in ${this.name}`);
    return { key, data: checkedData({ ...data, ...patch }) };
  }

  protected deleting(id: string, { owner = '' }: Owned = {}): Edit {
    return { key: checkedKey(this.name, id, owner), data: null };
  }

  #record(key: string): SyncRecord<T> | undefined {
    const data = this.view.get(key);
    if (!data || this.#isOrphan(key, data)) return undefined;
    const { id, owner } = nameOf(key);
    return {
      id,
      data: freeze(data) as Readonly<T>,
      owner,
      permission: this.view.permission(key),
      pending: this.view.isPending(key),
    };
  }

  #isOrphan(key: string, data: Data): boolean {
    const { collection, owner } = nameOf(key);
    const parent = this.#parents.get(collection);
    if (!parent) return false;
    const id = data[parent.column];
    if (typeof id !== 'string') return true;
    const parentKey = keyOf(parent.collection, id, owner);
    const parentData = this.view.get(parentKey);
    return !parentData || this.#isOrphan(parentKey, parentData);
  }
}

/** A collection within `client.transaction`: edits are made when that ends. */
export class TransactionCollection<T extends object> extends Records<T> {
  readonly #add: (edit: Edit) => void;

  constructor(
    name: string,
    view: View,
    declarations: readonly Declaration[],
    add: (edit: Edit) => void,
  ) {
    super(name, view, declarations);
    this.#add = add;
  }

  put(id: string, data: T, owned?: Owned): void {
    this.#add(this.putting(id, data, owned));
  }

  update(id: string, patch: Partial<T>, owned?: Owned): void {
    this.#add(this.updating(id, patch, owned));
  }

  delete(id: string, owned?: Owned): void {
    this.#add(this.deleting(id, owned));
  }
}

export interface CollectionHost {
  edit(edits: Edit[]): Promise<void>;
  onChange(listener: (collections: ReadonlySet<string>) => void): () => void;
}

/** Edits are seen at once; the promise resolves when they are durable on this device. */
export class Collection<T extends object> extends Records<T> {
  readonly #host: CollectionHost;

  constructor(
    name: string,
    view: View,
    declarations: readonly Declaration[],
    host: CollectionHost,
  ) {
    super(name, view, declarations);
    this.#host = host;
  }

  /** Creates or replaces a record. */
  async put(id: string, data: T, owned?: Owned): Promise<void> {
    await this.#host.edit([this.putting(id, data, owned)]);
  }

  /** Changes some keys of a record that is there. */
  async update(id: string, patch: Partial<T>, owned?: Owned): Promise<void> {
    await this.#host.edit([this.updating(id, patch, owned)]);
  }

  async delete(id: string, owned?: Owned): Promise<void> {
    await this.#host.edit([this.deleting(id, owned)]);
  }

  /**
   * Calls with the list now, and after each change of it or of its parents. What the listener
   * throws is reported as an uncaught error, and stops nothing.
   */
  subscribe(
    listener: (records: SyncRecord<T>[]) => void,
    options: ListOptions<T> = {},
  ): () => void {
    const concerns = this.concerns();
    const show = (collections: ReadonlySet<string>) => {
      if ([...collections].some((name) => concerns.has(name))) listener(this.list(options));
    };
    const stop = this.#host.onChange(show);
    call(show, concerns);
    return stop;
  }
}

/** Parents before their children, else in the order given. */
export function inParentOrder(declarations: readonly Declaration[]): Declaration[] {
  const byName = new Map(declarations.map((one) => [one.name, one]));
  const ordered = new Set<Declaration>();
  const add = (one: Declaration, below: ReadonlySet<string>): void => {
    if (below.has(one.name)) {
      throw new SyncError('unknown_collection', `${one.name} is its own ancestor`);
    }
    const parent = one.parent && byName.get(one.parent.collection);
    if (one.parent && !parent) {
      throw new SyncError('unknown_collection', `${one.name} has a parent that is not declared`);
    }
    if (parent) add(parent, new Set([...below, one.name]));
    ordered.add(one);
  };
  for (const one of declarations) add(one, new Set());
  return [...ordered];
}
