// A document's server, and devices with a `DB` each. By chance a request is lost before or after it
// was served, served again later, or late.

import { DB } from '../../client/documents/db.ts';
import { DocumentError } from '../../client/documents/errors.ts';
import { HttpAdapter } from '../../client/documents/http_adapter.ts';
import type { DbOptions, HttpOptions } from '../../client/documents/types.ts';
import { WriteQueue } from '../../client/documents/write_queue.ts';
import { FakeDocuments } from './fake_documents.ts';
import { fair, type Weather } from './network.ts';
import { Process, World } from './world.ts';

export const url = 'https://worker.test/db.json';

export interface Device extends Partial<DbOptions> {
  user?: string;
  http?: Partial<HttpOptions>;
}

export class Documents {
  readonly world: World;
  readonly server: FakeDocuments;
  weather: Weather = fair;
  up = true;
  readonly #opened: { closing: () => Promise<void>; process: Process }[] = [];

  constructor(seed = 1) {
    this.world = new World(seed);
    this.server = new FakeDocuments(() => this.world.now);
  }

  adapter({ user = 'ada', http = {} }: Device = {}, process = new Process(this.world)) {
    return new HttpAdapter({
      snapshotUrl: url,
      writeUrl: url,
      headers: { authorization: 'Bearer token', 'x-user': user },
      fetch: this.fetchOf(process),
      ...process.platform,
      ...http,
    });
  }

  async open(device: Device = {}, process = new Process(this.world)): Promise<DB> {
    const { user: _, http: __, ...options } = device;
    const adapter = this.adapter(device, process);
    const db = await this.world.until(DB.open({ adapter, ...process.platform, ...options }));
    this.#opened.push({ closing: () => db.close(), process });
    return db;
  }

  async queue(device: Device = {}, process = new Process(this.world)): Promise<WriteQueue> {
    const { user: _, http: __, ...options } = device;
    const adapter = this.adapter(device, process);
    const queue = await WriteQueue.open({ adapter, ...process.platform, ...options });
    this.#opened.push({ closing: () => queue.close(), process });
    return queue;
  }

  async close(): Promise<void> {
    for (const { closing, process } of this.#opened.splice(0)) if (!process.dead) await closing();
  }

  /** The calls that write. */
  get patches() {
    return this.server.calls.filter(({ method }) => method === 'PATCH');
  }

  fetchOf(process: Process): typeof globalThis.fetch {
    const fetch = async (to: unknown, init?: RequestInit): Promise<Response> => {
      await this.#way();
      const response = this.server.serve(String(to), init);
      if (this.world.chance(this.weather.doubled)) {
        this.world.after(this.#delay(), () => this.server.serve(String(to), init));
      }
      await this.#way();
      return response;
    };
    return ((to, init) => process.alive(fetch(to, init))) as typeof globalThis.fetch;
  }

  #delay(): number {
    return this.weather.delayMs * this.world.random();
  }

  #way(): Promise<void> {
    const lost = !this.up || this.world.chance(this.weather.loss);
    return new Promise((resolve, reject) => {
      this.world.after(this.#delay(), () => (lost ? reject(new Error('lost')) : resolve()));
    });
  }
}

/** The code that a promise rejects with. */
export const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof DocumentError ? error.code : String(error)),
  );
