// A server in the test's process: the rules of docs/records.md for collections that merge by
// record, and the frames of docs/live.md. Small and slow, and written apart from the client's code.
//
// It refuses data with `bad: true`, and a session whose plan it has never seen.

export interface Delta {
  action: string;
  id: string;
  owner?: string;
  data?: Record<string, unknown>;
  updated_at: number;
  counter: number;
}

interface Held {
  collection: string;
  id: string;
  data: Record<string, unknown> | null;
  ms: number;
  counter: number;
  device: string;
  seq: number;
}

interface Place {
  epoch: number;
  seq: number;
  /** The last row of a walk through everything. */
  until: number;
}

export type Body = { cursor?: string | null } & Record<string, unknown>;
export type Answer = Record<string, unknown> & { cursor: string; has_more: boolean };

export interface Listener {
  device: string;
  hear(frame: Record<string, unknown>): void;
}

const names = ['plans', 'sessions', 'cards'];

export class FakeServer {
  readonly #now: () => number;
  readonly listeners = new Set<Listener>();
  pageRows = 1_000;
  epoch = 1;
  seq = 0;
  requests = 0;
  records = new Map<string, Held>();
  /** The titles and notes of all deltas that ever came, refused ones too. */
  readonly received = new Set<unknown>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Goes back to an empty space, as after a loss. */
  begin(): void {
    this.epoch += 1;
    this.seq = 0;
    this.records = new Map();
  }

  /** The records that are there, by `collection/id`. */
  view(): Record<string, unknown> {
    const held = [...this.records].filter(([, { data }]) => data !== null);
    return Object.fromEntries(held.map(([key, { data }]) => [key, data]).sort());
  }

  sync(device: string, body: Body): Answer {
    this.requests += 1;
    const given = this.#read(body.cursor ?? null);
    const reset = given !== null && (given.epoch !== this.epoch || given.seq > this.seq);
    const from: Place | null = reset ? null : given;
    const before = this.seq;
    const { rejected, conflicts, replaced } = this.#push(device, body);
    const place = from ?? { epoch: this.epoch, seq: 0, until: this.seq };
    const answer = this.#pull(place, Math.max(before, place.until), replaced);
    if (this.seq > before) this.#tell(device, before);
    return { ...answer, ...(reset && { reset }), rejected, conflicts };
  }

  #push(device: string, body: Body) {
    const rejected: unknown[] = [];
    const conflicts: unknown[] = [];
    const replaced = new Set<string>();
    for (const collection of names) {
      const deltas = (body[collection] ?? []) as Delta[];
      for (const [index, delta] of deltas.entries()) {
        this.received.add(delta.data?.title ?? delta.data?.notes);
        const place = { index, collection, id: delta.id, message: '' };
        const code = this.#refusal(collection, delta);
        if (code) rejected.push({ ...place, code });
        else if (this.#merge(device, collection, delta) === 'lost') {
          conflicts.push({ ...place, code: 'lost' });
          replaced.add(`${collection}/${delta.id}`);
        }
      }
    }
    return { rejected, conflicts, replaced };
  }

  #refusal(collection: string, { action, data }: Delta): string | null {
    if (action === 'delete') return null;
    if (data?.bad) return 'invalid_column';
    const orphan = collection === 'sessions' && !this.records.has(`plans/${data?.plan_id}`);
    return orphan ? 'parent_missing' : null;
  }

  #merge(device: string, collection: string, delta: Delta): 'stored' | 'same' | 'lost' {
    const key = `${collection}/${delta.id}`;
    const held = this.records.get(key);
    const { updated_at: ms, counter } = delta;
    const data = delta.action === 'delete' ? null : (delta.data ?? {});
    if (held) {
      const order =
        ms - held.ms ||
        counter - held.counter ||
        (device < held.device ? -1 : +(device > held.device));
      if (order === 0) return 'same';
      if (order < 0) return 'lost';
    }
    this.seq += 1;
    this.records.set(key, { collection, id: delta.id, data, ms, counter, device, seq: this.seq });
    return 'stored';
  }

  #pull({ seq, until }: Place, last: number, replaced: ReadonlySet<string>): Answer {
    const held = [...this.records].sort(([, a], [, b]) => a.seq - b.seq);
    const wanted = held.filter(([, one]) => one.seq > seq && one.seq <= last);
    // What replaced a pushed delta comes with its own answer, on whatever page.
    const page = wanted.slice(0, this.pageRows);
    const hasMore = page.length < wanted.length;
    const reached = Math.max(seq, hasMore ? (page.at(-1)?.[1].seq ?? seq) : this.seq);
    const others = held.filter((one) => replaced.has(one[0]) && !page.includes(one));
    const walk = hasMore && until > reached ? `.0.${until}` : '';
    return this.#answer(
      [...page, ...others].map(([, one]) => one),
      `${this.epoch}.${reached}${walk}`,
      hasMore,
    );
  }

  #answer(page: Held[], cursor: string, hasMore: boolean): Answer {
    const rows = (name: string) =>
      page
        .filter(({ collection }) => collection === name)
        .map(({ id, data, ms, counter, device, seq }) => ({
          action: data === null ? 'delete' : 'update',
          id,
          ...(data !== null && { data }),
          updated_at: ms,
          counter,
          device,
          seq,
        }));
    return {
      ...Object.fromEntries(names.map((name) => [name, rows(name)])),
      deleted_ids: page.filter(({ data }) => data === null).map(({ id }) => id),
      cursor,
      has_more: hasMore,
      rejected: [],
      conflicts: [],
      server_time: this.#now(),
    };
  }

  /** The others hear what was written; of more than a page only that it was. */
  #tell(device: string, before: number): void {
    const written = [...this.records.values()].filter(({ seq }) => seq > before);
    const hasMore = written.length > this.pageRows;
    const answer = this.#answer(hasMore ? [] : written, `${this.epoch}.${this.seq}`, hasMore);
    const frame = { type: 'changes', since: `${this.epoch}.${before}`, ...answer };
    for (const listener of [...this.listeners]) {
      if (listener.device !== device) listener.hear(frame);
    }
  }

  #read(cursor: string | null): Place | null {
    if (cursor === null) return null;
    const [epoch = 0, seq = 0, , until = 0] = cursor.split('.').map(Number);
    return { epoch, seq, until };
  }
}
