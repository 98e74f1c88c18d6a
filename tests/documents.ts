// A document of an app that nobody else has, as tests write, read and publish it.

import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, vi } from 'vitest';
import type { Env } from '../worker/env.ts';
import { type Headers, newUser, send } from './clients.ts';
import { signToken } from './tokens.ts';

export const MERGE = 'application/merge-patch+json';
export const JSON_PATCH = 'application/json-patch+json';

export type Json = Record<string, unknown>;

/** Of the journal in R2: wasm/documents/changes.h. */
export interface Entry {
  seq: number;
  at: number;
  user: string;
  op: string;
  part: number;
  last: boolean;
  changes: Json[];
}

let apps = 0;

export function newApp(): string {
  apps += 1;
  return `app-${apps}-${crypto.randomUUID().slice(0, 8)}`;
}

export const upsert = (id: string, more: Json = {}, collection = 'users') => ({
  op: 'upsert',
  collection,
  id,
  record: { id, ...more },
});

export const removal = (id: string, collection = 'users') => ({ op: 'delete', collection, id });

export const textOf = (body: unknown) => (typeof body === 'string' ? body : JSON.stringify(body));

export class Doc {
  readonly app: string;
  readonly user = newUser();

  constructor(app = newApp()) {
    this.app = app;
  }

  get path(): string {
    return this.app === 'default' ? '/db.json' : `/apps/${this.app}/db.json`;
  }

  /** What its keys in KV and R2 begin with. */
  get prefix(): string {
    return this.app === 'default' ? '' : `apps/${this.app}/`;
  }

  get stub() {
    return env.DB_SHARD.get(env.DB_SHARD.idFromName(`${this.app}/manifest`));
  }

  async bearer(): Promise<Headers> {
    return { authorization: `Bearer ${await signToken(this.user, { role: 'admin' })}` };
  }

  /** Any request by one who may write. */
  async ask(method: string, body: BodyInit | null, headers: Headers = {}, query = '') {
    return send(this.path + query, {
      method,
      body,
      headers: { ...(await this.bearer()), ...headers },
    });
  }

  put(body: unknown, headers: Headers = {}): Promise<Response> {
    return this.ask('PUT', textOf(body), { 'content-type': 'application/json', ...headers });
  }

  /** Makes it, or replaces it whatever it is now. */
  async set(body: unknown): Promise<string> {
    const etag = (await this.head()).headers.get('etag');
    const condition: Headers = etag === null ? { 'if-none-match': '*' } : { 'if-match': etag };
    return written(await this.put(body, { 'x-allow-empty-write': 'true', ...condition }));
  }

  /** Record operations. */
  patch(body: unknown, headers: Headers = {}): Promise<Response> {
    return this.ask('PATCH', textOf(body), { 'content-type': 'application/json', ...headers });
  }

  patchAs(type: string, body: unknown, headers: Headers = {}): Promise<Response> {
    return this.patch(body, { 'content-type': type, ...headers });
  }

  /** As its owner has it. */
  read(headers: Headers = {}, query = '?view=full'): Promise<Response> {
    return this.ask('GET', null, headers, query);
  }

  head(headers: Headers = {}, query = '?view=full'): Promise<Response> {
    return this.ask('HEAD', null, headers, query);
  }

  /** As everybody has it. */
  published(headers: Headers = {}, method = 'GET'): Promise<Response> {
    return send(this.path, { method, headers });
  }

  /** Its tag and its text, to see that nothing has changed. */
  async state(): Promise<[string | null, string]> {
    const response = await this.read();
    return [response.headers.get('etag'), await response.text()];
  }

  async value(): Promise<Json> {
    const response = await this.read();
    expect(response.status).toBe(200);
    return response.json<Json>();
  }

  /** Runs its alarm, until what its owner has is published and its journal is in R2. */
  async publish(): Promise<string> {
    const etag = (await this.head()).headers.get('etag') ?? '';
    await vi.waitFor(
      async () => {
        await runDurableObjectAlarm(this.stub);
        const response = await this.published({}, 'HEAD');
        if (response.headers.get('etag') !== etag) throw new Error('not published yet');
        const { seq } = (await this.journal()).at(-1) ?? { seq: 0 };
        if (!etag.startsWith(`"${seq}-`)) throw new Error('not in the journal yet');
      },
      { timeout: 10_000, interval: 100 },
    );
    return etag;
  }

  /** What R2 has of its journal, in order. */
  async journal(): Promise<Entry[]> {
    const { objects } = await env.R2.list({ prefix: `${this.prefix}journal/` });
    const bodies = await Promise.all(
      objects.map(async ({ key }) => (await env.R2.get(key))?.json<{ entries: Entry[] }>()),
    );
    const entries = bodies.flatMap((body) => body?.entries ?? []);
    return entries.sort((a, b) => a.seq - b.seq || a.part - b.part);
  }

  /** Bindings as its object has them, until it is evicted or the function is called. */
  async rebind(bindings: Partial<Env>): Promise<() => Promise<void>> {
    const set = (own: Partial<Env>) =>
      runInDurableObject(this.stub, (instance) => {
        Object.assign(instance, { env: { ...env, ...own } });
      });
    await set(bindings);
    return () => set({});
  }
}

/** The tag of a write that was taken. */
export async function written(response: Response): Promise<string> {
  const text = await response.text();
  expect([response.status, text]).toEqual([expect.toBeOneOf([200, 201]), text]);
  return response.headers.get('etag') ?? '';
}

/** A binding of which every call fails; D1 only fails once it is asked. */
export function broken<Binding extends object>(binding: Binding): Binding {
  const fail = () => {
    throw new Error('this store is down');
  };
  return new Proxy(binding, {
    get(target, name) {
      const member: unknown = name === 'prepare' ? Reflect.get(target, name) : fail;
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

export type Form = 'PUT' | 'PATCH' | typeof MERGE | typeof JSON_PATCH;

/** An upsert as a text, of these members. */
export const operation = (members: string) => `{"op":"upsert","collection":"c",${members}}`;

/** One with a value and a record. */
export async function aDocument(): Promise<Doc> {
  const doc = new Doc();
  await doc.set({ title: 'kept', users: [{ id: 'u1' }] });
  return doc;
}

/** A write of any form, under a condition that holds where it needs one. */
export function write(doc: Doc, form: Form, body: BodyInit, headers: Record<string, string> = {}) {
  const type = form === 'PUT' || form === 'PATCH' ? 'application/json' : form;
  const condition: Record<string, string> = form === 'PATCH' ? {} : { 'if-match': '*' };
  const all = { 'content-type': type, ...condition, ...headers };
  return doc.ask(form === 'PUT' ? 'PUT' : 'PATCH', body, all);
}

/** That a write is refused so, changes nothing, and that the next one works. */
export async function expectRefused(
  doc: Doc,
  refuse: () => Promise<Response>,
  status: number,
  error: string,
): Promise<void> {
  const before = await doc.state();
  const response = await refuse();
  const problem = await response.json<{ error: string; message: string }>();
  expect([response.status, problem.error]).toEqual([status, error]);
  expect(problem.message.length).toBeGreaterThan(10);
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  expect(await doc.state()).toEqual(before);
  await written(await doc.patch(upsert('after')));
}
