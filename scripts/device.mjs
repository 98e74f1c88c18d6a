// A device for scripts: its records in memory, an outbox of what it changed, and POST /sync.
//
// Rules:
// - A record is what the server holds, except while an edit of it waits in the outbox.
// - Every edit gets a stamp of a hybrid clock (ms, counter), which sending again does not change: a
//   request whose answer was lost is simply sent again.
// - Without a cursor a device first asks for all there is; then its pushes bring back only what
//   others wrote.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const schema = JSON.parse(readFileSync(new URL('../schema/collections.json', import.meta.url)));
const collections = schema.collections.map(({ name }) => name); // parents before their children

const batch_rows_max = 10_000;
const batch_chars_max = 4_000_000;
const attempts_max = 8;
const back_off_ms = 200;
const back_off_max_ms = 5_000;
const timeout_ms = 120_000;
// A stamp further ahead of the server than this is stored as the server's own time.
const clock_ahead_max_ms = 300_000;

export class SyncError extends Error {
  name = 'SyncError';
}

export class Device {
  // By key: {collection, id, data, ms, counter, device}, where the data of a deletion is null.
  records = new Map();
  outbox = new Map(); // by key: the record as it is to be sent
  cursor = null;
  stats = { requests: 0, retries: 0, sent_bytes: 0, received_bytes: 0, pushed: 0, pulled: 0 };
  rejected = [];
  conflicts = {}; // counts by code

  #last = { ms: 0, counter: 0 };
  #queues = new Map(collections.map((name) => [name, new Set()])); // the outbox's keys

  /** `url` without a path; `clock` in milliseconds; `progress(stats)` follows each request. */
  constructor({ url, token, id, clock = Date.now, progress = () => {} }) {
    Object.assign(this, { url, token, id, clock, progress });
  }

  /** Creates or replaces a record; `data` of null deletes it. */
  put(collection, id, data) {
    const key = `${collection}/${id}`;
    const record = { collection, id, data, ...this.#stamp(), device: this.id };
    this.records.set(key, record);
    this.outbox.set(key, record);
    this.#queues.get(collection).add(key);
  }

  /** Pushes the outbox and pulls what is new, to the end. Returns how many went each way. */
  async sync() {
    const { pushed, pulled } = this.stats;
    let answer;
    do {
      answer = await this.#exchange(this.cursor === null ? [] : this.#nextBatch());
    } while (this.outbox.size > 0 || answer.has_more);
    return { pushed: this.stats.pushed - pushed, pulled: this.stats.pulled - pulled };
  }

  /** Every record with its stamp, deletions too, in one canonical form. */
  dump() {
    const lines = [];
    for (const key of [...this.records.keys()].sort()) {
      const { data, ms, counter, device } = this.records.get(key);
      lines.push(JSON.stringify([key, ms, counter, device, canonical(data)]));
    }
    return Buffer.from(lines.join('\n'));
  }

  #stamp() {
    const now = this.clock();
    const { ms, counter } = this.#last;
    this.#last = now > ms ? { ms: now, counter: 0 } : { ms, counter: counter + 1 };
    return this.#last;
  }

  #nextBatch() {
    const batch = [];
    let chars = 0;
    for (const queue of this.#queues.values()) {
      for (const key of queue) {
        const record = this.outbox.get(key);
        const text = deltaText(record);
        chars += text.length;
        if (batch.length > 0 && chars > batch_chars_max) return batch;
        batch.push({ key, record, text });
        if (batch.length === batch_rows_max) return batch;
      }
    }
    return batch;
  }

  async #exchange(batch) {
    const answer = await this.#request(bodyText(this.cursor, batch));
    for (const { key, record } of batch) {
      if (this.outbox.get(key) !== record) continue; // edited again meanwhile
      this.outbox.delete(key);
      this.#queues.get(record.collection).delete(key);
    }
    if (answer.reset) {
      this.records = new Map(this.outbox);
    }
    for (const collection of collections) {
      for (const delta of answer[collection]) this.#apply(collection, delta);
    }
    const latest_ms = answer.server_time + clock_ahead_max_ms;
    if (this.#last.ms > latest_ms) this.#last = { ms: latest_ms, counter: 0 };
    this.cursor = answer.cursor;
    this.stats.pushed += batch.length;
    this.rejected.push(...answer.rejected);
    for (const { code } of answer.conflicts) {
      this.conflicts[code] = (this.conflicts[code] ?? 0) + 1;
    }
    this.progress(this.stats);
    return answer;
  }

  #apply(collection, { id, data, updated_at: ms, counter, device }) {
    this.stats.pulled += 1;
    if (ms > this.#last.ms) this.#last = { ms, counter };
    const key = `${collection}/${id}`;
    // What waits to be sent stands until the server has judged it.
    if (this.outbox.has(key)) return;
    this.records.set(key, { collection, id, data: data ?? null, ms, counter, device });
  }

  async #request(body) {
    for (let attempt = 1; ; attempt++) {
      const { answer, problem, retry_after_ms = 0 } = await this.#try(body);
      if (answer) return answer;
      if (attempt === attempts_max) throw new SyncError(problem);
      this.stats.retries += 1;
      const back_off = Math.min(back_off_ms * 2 ** (attempt - 1), back_off_max_ms);
      const wait = Math.max(back_off * (0.5 + Math.random() / 2), retry_after_ms);
      await new Promise((done) => setTimeout(done, wait));
    }
  }

  /** One attempt: an answer, or a problem that may pass. */
  async #try(body) {
    let response;
    let text;
    try {
      this.stats.requests += 1;
      this.stats.sent_bytes += Buffer.byteLength(body);
      response = await fetch(`${this.url}/sync`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${this.token}`,
          'content-type': 'application/json',
          'x-device-id': this.id,
        },
        body,
        signal: AbortSignal.timeout(timeout_ms),
      });
      text = await response.text();
    } catch (error) {
      return { problem: `${error.message}: ${error.cause?.message ?? 'no answer'}` };
    }
    this.stats.received_bytes += Buffer.byteLength(text);
    if (response.ok) return { answer: JSON.parse(text) };
    const problem = `POST /sync answered ${response.status}: ${text.slice(0, 300)}`;
    if (response.status < 500 && response.status !== 429) throw new SyncError(problem);
    return { problem, retry_after_ms: Number(response.headers.get('retry-after') ?? 0) * 1000 };
  }
}

/** Whether two devices hold the same, byte for byte; and the SHA-256 of what each holds. */
export function compare(a, b) {
  const [left, right] = [a.dump(), b.dump()];
  const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
  return { equal: left.equals(right), hashes: [sha256(left), sha256(right)] };
}

function deltaText({ id, data, ms, counter }) {
  const action = data === null ? 'delete' : 'update';
  return JSON.stringify({ action, id, data: data ?? undefined, updated_at: ms, counter });
}

// The cursor comes first and parents before children: so the server reads the body once.
function bodyText(cursor, batch) {
  const members = [`"cursor":${JSON.stringify(cursor)}`];
  for (const collection of collections) {
    const texts = batch.filter(({ record }) => record.collection === collection);
    members.push(`"${collection}":[${texts.map(({ text }) => text).join(',')}]`);
  }
  return `{${members.join(',')}}`;
}

function canonical(value) {
  if (Array.isArray(value)) return value.map(canonical);
  if (value === null || typeof value !== 'object') return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, canonical(value[key])]));
}
