// A server of one document, in memory: record operations with versions, whole documents with tags,
// the published copy and the owner's. Written from docs/documents.md, not from the core.

import type { Data } from '../../client/answer.ts';

export type Fields = Data & { id: string };

interface Row {
  place: number;
  version: number;
  /** Null once it is deleted. */
  record: Fields | null;
}

interface Op {
  op: string;
  collection: string;
  id: string;
  record?: Fields;
  version?: string;
}

/** One write of one record. */
export interface Entry {
  user: string;
  collection: string;
  id: string;
  before: Fields | null;
  after: Fields | null;
  version: number;
}

export interface Call {
  method: string;
  url: URL;
  headers: Headers;
  body: string;
}

const refusal = (status: number, error: string, headers = {}, more = {}) =>
  Response.json({ error, message: error, ...more }, { status, headers });

export class FakeDocuments {
  readonly now: () => number;
  epoch = '4ea58349eb542b40';
  version = 0;
  readonly journal: Entry[] = [];
  readonly calls: Call[] = [];
  /** Every copy that was published, oldest first. */
  readonly published: { tag: string; text: string }[] = [];
  /** Which of them is answered. */
  choose: (copies: number) => number = (copies) => copies - 1;
  /** What it does instead of serving, if it does. */
  refuse: (call: Call) => Response | null = () => null;
  /** Whether a 412 says which operations are outdated. */
  tells = true;
  #places = 0;
  readonly #collections = new Map<string, Map<string, Row>>();
  #values: Data = {};

  constructor(now: () => number) {
    this.now = now;
  }

  get tag(): string {
    return `${this.version}-${this.epoch}`;
  }

  get document(): Data {
    const collections = [...this.#collections].map(([name, rows]) => {
      const live = [...rows.values()].filter(({ record }) => record !== null);
      return [name, live.sort((a, b) => a.place - b.place).map(({ record }) => record)];
    });
    return { ...this.#values, ...Object.fromEntries(collections) };
  }

  get(collection: string, id: string): Fields | null {
    return this.#collections.get(collection)?.get(id)?.record ?? null;
  }

  publish(): void {
    if (this.version > 0) {
      this.published.push({ tag: this.tag, text: JSON.stringify(this.document) });
    }
  }

  /** Another person's writes, all at one version. */
  write(user: string, ...changes: [collection: string, id: string, record: Data | null][]): void {
    this.#advance();
    for (const [collection, id, record] of changes) {
      this.#put(user, collection, id, record && { id, ...record });
    }
  }

  /** The document is lost and made anew. */
  loseAll(epoch: string): void {
    this.#collections.clear();
    this.#values = {};
    this.epoch = epoch;
    this.version = 0;
  }

  serve(url: string, init: RequestInit = {}): Response {
    const headers = new Headers(init.headers);
    const method = init.method ?? 'GET';
    const call = { method, url: new URL(url), headers, body: String(init.body ?? '') };
    this.calls.push(call);
    return this.refuse(call) ?? this.#answer(call);
  }

  #answer(call: Call): Response {
    const { method, url, headers } = call;
    const isOwners = url.searchParams.has('view') || url.searchParams.has('shard');
    if (method === 'GET' && !isOwners) return this.#readPublished(headers);
    if (!headers.has('authorization')) return refusal(401, 'missing_token');
    if (method === 'GET' || method === 'HEAD') return this.#readOwner(call);
    if (method === 'PUT') return this.#replace(call);
    return this.#patch(call);
  }

  #readPublished(headers: Headers): Response {
    const copy = this.published[this.choose(this.published.length)];
    if (!copy) return refusal(404, 'not_found');
    return this.#copy(copy.tag, copy.text, headers);
  }

  #readOwner({ url, headers }: Call): Response {
    if (this.version === 0) return refusal(404, 'not_found');
    const shard = url.searchParams.get('shard');
    if (shard === null) return this.#copy(this.tag, JSON.stringify(this.document), headers);
    const part = { [shard]: this.document[shard] ?? [] };
    return this.#copy(`${this.tag}-0badcafe`, JSON.stringify(part), headers);
  }

  #copy(tag: string, text: string, headers: Headers): Response {
    const etag = `"${tag}"`;
    if (headers.get('if-none-match') === etag) {
      return new Response(null, { status: 304, headers: { etag } });
    }
    return new Response(text, { headers: { etag, 'content-type': 'application/json' } });
  }

  #replace({ headers, body }: Call): Response {
    const expected = headers.get('if-match');
    const isNew = headers.get('if-none-match') === '*';
    const etag = this.version === 0 ? null : `"${this.tag}"`;
    if (expected === null && !isNew) return refusal(428, 'precondition_required');
    if (isNew ? etag !== null : expected !== etag) {
      return refusal(412, 'precondition_failed', etag ? { etag } : {});
    }
    const document = JSON.parse(body) as Data;
    this.#advance();
    this.#collections.clear();
    this.#values = {};
    for (const [name, value] of Object.entries(document)) {
      if (!Array.isArray(value)) this.#values = { ...this.#values, [name]: value };
      else {
        this.#collections.set(name, new Map());
        for (const one of value as Fields[]) this.#put('', name, one.id, one);
      }
    }
    return Response.json({ version: this.tag });
  }

  #patch({ headers, body }: Call): Response {
    const parsed = JSON.parse(body) as Op | Op[];
    const operations = [parsed].flat();
    const conflicts = operations.flatMap((operation, index) => {
      const { collection, id } = operation;
      const record = this.get(collection, id);
      return this.#isOutdated(operation) ? [{ index, collection, id, record }] : [];
    });
    if (conflicts.length > 0) {
      const told = this.tells ? { version: this.tag, conflicts } : {};
      return refusal(412, 'precondition_failed', { etag: `"${this.tag}"` }, told);
    }
    const too = operations.find(({ record }) => JSON.stringify(record ?? '').length > 5_000);
    if (too) return refusal(413, 'value_too_large');
    if (this.#clears(operations) && headers.get('x-allow-empty-write') !== 'true') {
      return refusal(409, 'empty_write_denied');
    }
    const isNew = this.version === 0;
    const changing = operations.filter((operation) => this.#changes(operation));
    if (changing.length > 0) this.#advance();
    for (const { collection, id, record } of changing) {
      this.#put(headers.get('x-user') ?? '', collection, id, record ?? null);
    }
    const version = this.version === 0 ? null : this.tag;
    const results = operations.map(({ op, collection, id }) => ({ op, collection, id }));
    return Response.json(
      { version, results },
      { status: isNew && changing.length > 0 ? 201 : 200 },
    );
  }

  #isOutdated({ op, collection, id, version }: Op): boolean {
    const row = this.#collections.get(collection)?.get(id);
    if (version === undefined || (op === 'delete' && !row?.record)) return false;
    const [number, epoch] = version.split('-');
    if (epoch !== this.epoch) return true;
    return row !== undefined && row.version > Number(number);
  }

  #changes({ op, collection, id, record }: Op): boolean {
    const stored = this.get(collection, id);
    if (op === 'delete') return stored !== null;
    return JSON.stringify(stored) !== JSON.stringify(record);
  }

  #clears(operations: Op[]): boolean {
    const live = new Set<string>();
    for (const [name, rows] of this.#collections) {
      for (const [id, { record }] of rows) if (record) live.add(JSON.stringify([name, id]));
    }
    if (live.size === 0) return false;
    for (const { op, collection, id } of operations) {
      const key = JSON.stringify([collection, id]);
      if (op === 'delete') live.delete(key);
      else live.add(key);
    }
    return live.size === 0;
  }

  #advance(): void {
    this.version = Math.max(this.version + 1, this.now());
  }

  #put(user: string, collection: string, id: string, record: Fields | null): void {
    let rows = this.#collections.get(collection);
    if (!rows) {
      rows = new Map();
      this.#collections.set(collection, rows);
    }
    const row = rows.get(id);
    this.#places += 1;
    const place = row?.record && record ? row.place : this.#places;
    rows.set(id, { place, version: this.version, record });
    const before = row?.record ?? null;
    const { version } = this;
    this.journal.push({ user, collection, id, before, after: record, version });
  }
}
