// A client that patches a document without a pause, backs off where nobody answers, and sends the
// same again. It is run as client.mjs is.

import { setTimeout as sleep } from 'node:timers/promises';
import { signToken } from './client.mjs';

const BATCH = 3;
const BACK_OFF_MAX_MS = 400;
const ANSWER_MAX_MS = 10_000;
const SETTLE_MAX_MS = 20_000;

export class DocumentClient {
  retries = 0;
  /** By id, the title that was last acknowledged. */
  acknowledged = new Map();
  writes = 0;

  #server;
  #app;
  #name;
  #token;
  #round = 0;

  static async make(server, secret, app, name) {
    const client = new DocumentClient();
    client.#server = server;
    client.#app = app;
    client.#name = name;
    client.#token = await signToken(name, secret);
    return client;
  }

  async #ask(path, init = {}) {
    const response = await fetch(`${this.#server}${path}`, {
      ...init,
      headers: {
        authorization: `Bearer ${this.#token}`,
        'content-type': 'application/json',
      },
      signal: AbortSignal.timeout(ANSWER_MAX_MS),
    });
    const text = await response.text();
    if (response.status >= 500) throw new Error(`${response.status}`);
    if (!response.ok) throw new TypeError(`refused: ${response.status} ${text}`);
    return { headers: response.headers, value: JSON.parse(text) };
  }

  get #path() {
    return `/apps/${this.#app}/db.json`;
  }

  /** New records, and an update of an earlier one. */
  #batch() {
    const round = this.#round++;
    const ids = Array.from({ length: BATCH }, (_, index) => `${this.#name}-${round}-${index}`);
    if (round > 0) ids[0] = `${this.#name}-${round - 1}-1`;
    return ids.map((id) => ({
      op: 'upsert',
      collection: this.#name,
      id,
      record: { id, title: `${id} in round ${round}` },
    }));
  }

  /** Patches until told to stop; what was not answered by then is not counted. */
  async run(stopped) {
    while (!stopped()) {
      const operations = this.#batch();
      let back_off_ms = 25;
      while (!stopped()) {
        try {
          await this.#ask(this.#path, { method: 'PATCH', body: JSON.stringify(operations) });
          for (const { id, record } of operations) this.acknowledged.set(id, record.title);
          this.writes += 1;
          break;
        } catch (error) {
          if (error instanceof TypeError && !error.cause) throw error; // Refused: not the kill's.
          this.retries += 1;
          await sleep(back_off_ms);
          back_off_ms = Math.min(back_off_ms * 2, BACK_OFF_MAX_MS);
        }
      }
    }
  }

  /** What the owner has of its records, by id. */
  async pull() {
    const { value } = await this.#ask(`${this.#path}?view=full`);
    return titlesOf(value);
  }

  /** What everybody reads, once it is as new as what the owner has. */
  async published() {
    const { headers } = await this.#ask(`${this.#path}?view=full`);
    for (const until = Date.now() + SETTLE_MAX_MS; Date.now() < until; await sleep(100)) {
      try {
        const copy = await this.#ask(this.#path);
        if (copy.headers.get('etag') === headers.get('etag')) return titlesOf(copy.value);
      } catch (error) {
        if (!String(error).includes('refused: 404')) throw error;
      }
    }
    throw new Error(`${this.#app}: what was written is not published`);
  }

  /** How many writes of this client /activity has, once they are as many as it knows. */
  async noted() {
    let noted = 0;
    for (const until = Date.now() + SETTLE_MAX_MS; Date.now() < until; await sleep(200)) {
      noted = await this.#countNoted();
      if (noted >= this.writes) break;
    }
    return noted;
  }

  async #countNoted() {
    let noted = 0;
    let path = `/activity?limit=200&app=${this.#app}`;
    while (path) {
      const { headers, value } = await this.#ask(path);
      noted += value.filter(
        ({ method, status, user }) => method === 'PATCH' && status < 300 && user === this.#name,
      ).length;
      path = /<([^>]+)>; rel="next"/.exec(headers.get('link') ?? '')?.[1];
    }
    return noted;
  }
}

const titlesOf = (document) =>
  new Map(
    Object.values(document)
      .flat()
      .map(({ id, title }) => [id, title]),
  );
