// Documents to measure on: an app of its own each, filled to so many records.

import { randomBytes, randomUUID } from 'node:crypto';
import { makeUser } from '../server.mjs';

const together = 10_000; // records in a patch

/** About 200 bytes, or `bytes` of them. */
export function record(index, bytes = 200) {
  const head = { id: `r${index}`, title: `Item ${index}`, done: index % 2 === 0 };
  const left = bytes - JSON.stringify(head).length - 10;
  return { ...head, note: randomBytes(Math.max(1, left)).toString('base64').slice(0, left) };
}

export class Document {
  #server;
  #token;
  tag;

  static async create(server) {
    const document = new Document();
    document.#server = server;
    document.#token = (await makeUser()).token;
    document.app = `b${randomUUID().slice(0, 8)}`;
    document.path = `/apps/${document.app}/db.json`;
    return document;
  }

  /** A writer of its own of the same document. */
  async writer() {
    const document = new Document();
    Object.assign(document, this);
    document.#server = this.#server;
    document.#token = (await makeUser()).token;
    return document;
  }

  async fill(count, bytes) {
    for (let first = 0; first < count; first += together) {
      const size = Math.min(together, count - first);
      await this.patch(Array.from({ length: size }, (_, at) => record(first + at, bytes)));
    }
    return this;
  }

  /** Upserts of records: the answer, with its time. */
  async patch(records) {
    const operations = records.map((each) => ({
      op: 'upsert',
      collection: 'items',
      id: each.id,
      record: each,
    }));
    const body = JSON.stringify(operations.length === 1 ? operations[0] : operations);
    return await this.send('PATCH', body);
  }

  async put(text) {
    return await this.send('PUT', text, { 'if-none-match': '*' });
  }

  async send(method, body, headers = {}) {
    const answer = await this.#server.send(method, this.path, body, {
      authorization: `Bearer ${this.#token}`,
      'content-type': 'application/json',
      ...headers,
    });
    this.tag = answer.etag;
    return answer;
  }

  /** What its alarm does, now: journal, activity, publication. */
  async tick() {
    const object = encodeURIComponent(`${this.app}/manifest`);
    return await this.#server.send('POST', `/bench/document/tick?object=${object}`);
  }

  get key() {
    return `apps/${this.app}/db.json`;
  }
}
