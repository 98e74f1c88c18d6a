// KV and R2 as stores of the core: wasm/engine/command.h lists the verbs, what they take and what
// they answer. A store's trouble comes back as a failure; only a command that is none throws.

import type { Held } from '../drive.ts';
import type { Env } from '../env.ts';
import type { Command, CommandResult, Params } from '../frames.ts';
import { Upload } from './upload.ts';

export type StoreCommand = Extract<Command, ['store', ...unknown[]]>;
type Verb = (params: Params, held: Held, content: Uint8Array[]) => Promise<CommandResult>;
type Verbs = Record<string, Verb>;

const NOTHING = new Uint8Array();

/** Of a value, https://developers.cloudflare.com/kv/platform/limits/. */
const KV_BYTES_MAX = 25 << 20;

/** Runs a `store` command. */
export async function runStore(
  env: Pick<Env, 'KV' | 'R2'>,
  [, store, verb, params, body]: StoreCommand,
  held: Held,
): Promise<CommandResult> {
  // Before anything is awaited: the parts lie in the engine's memory until its next call.
  const content = held.bytes(body);
  const verbs = { ...pieces, ...(store === 'kv' ? kvVerbs(env.KV) : r2Verbs(env.R2)) };
  const run = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
  if (run === undefined) throw new Error(`${store} has no verb ${verb}`);
  try {
    return await run(params, held, content);
  } catch (error) {
    return [false, 'unavailable', error instanceof Error ? error.message : String(error)];
  }
}

const answer = (status: number, data: Params = {}): CommandResult => [true, status, data, NOTHING];

const kvVerbs = (kv: KVNamespace): Verbs => ({
  async get({ key = '', meta_only }, held) {
    const { value, metadata } = await kv.getWithMetadata<Meta>(key, 'stream');
    if (value === null) return answer(404);
    const data = texts(metadata ?? {});
    if (meta_only !== '1') return [true, 200, data, held.keep(value)];
    await value.cancel();
    return answer(200, data);
  },
  async put({ key = '', ...params }, _, content) {
    await kv.put(key, joined(content), kvOptions(params));
    return answer(200);
  },
  async open({ key = '', size, ...params }, held) {
    const options = kvOptions(params);
    const put = (readable: ReadableStream) => kv.put(key, readable, options);
    if (Number(size) > KV_BYTES_MAX) throw new Error(`KV takes at most ${KV_BYTES_MAX} bytes`);
    return opened(new Upload(Number(size), put, true), held);
  },
  async delete({ key = '' }) {
    await kv.delete(key);
    return answer(200);
  },
  async list({ prefix = '', cursor, limit }) {
    const list = await kv.list({ prefix, ...(cursor && { cursor }), ...bound(limit) });
    const keys = JSON.stringify(list.keys.map(({ name }) => name));
    return answer(200, list.list_complete ? { keys } : { keys, cursor: list.cursor });
  },
});

const r2Verbs = (r2: R2Bucket): Verbs => ({
  async get({ key = '' }, held) {
    const object = await r2.get(key);
    return object ? [true, 200, about(object), held.keep(object.body)] : answer(404);
  },
  async head({ key = '' }) {
    const object = await r2.head(key);
    return object ? answer(200, about(object)) : answer(404);
  },
  async read({ key = '', offset, size }) {
    const range = { offset: Number(offset), length: Number(size) };
    try {
      const object = await r2.get(key, { range });
      if (object === null) return answer(404);
      return [true, 200, about(object), new Uint8Array(await object.arrayBuffer())];
    } catch (error) {
      const object = await r2.head(key);
      if (object && range.offset >= object.size) return answer(416, about(object));
      throw error;
    }
  },
  async digest({ key = '' }) {
    const object = await r2.get(key);
    if (object === null) return answer(404);
    const digest = new crypto.DigestStream('SHA-256');
    digest.digest.catch(() => {}); // A body that breaks off fails the pipe, and then it too.
    await object.body.pipeTo(digest);
    return answer(200, { ...about(object), sha256: hex(await digest.digest) });
  },
  async put({ key = '', ...params }, _, content) {
    const stored: R2Object | null = await r2.put(key, joined(content), r2Options(params));
    return answer(stored === null ? 412 : 200);
  },
  async open({ key = '', size, ...params }, held) {
    const options = r2Options(params);
    const put = (readable: ReadableStream) => r2.put(key, readable, options);
    return opened(new Upload(Number(size), put, false), held);
  },
  async delete({ keys = '[]' }) {
    await r2.delete(JSON.parse(keys) as string[]);
    return answer(200);
  },
  async list({ prefix = '', cursor, limit, after }) {
    const list = await r2.list({
      prefix,
      ...(cursor && { cursor }),
      ...(after && { startAfter: after }),
      ...bound(limit),
    });
    const keys = JSON.stringify(list.objects.map(({ key }) => key));
    return answer(200, list.truncated ? { keys, cursor: list.cursor } : { keys });
  },
});

/** What goes on with an `open`, whatever the store. */
const pieces: Verbs = {
  async write({ stream }, held, content) {
    return answer((await uploadOf(stream, held).write(content)) ? 200 : 412);
  },
  async close({ stream }, held) {
    const upload = uploadOf(stream, held);
    const digest = await upload.close();
    if (digest === null) return answer(412);
    return answer(200, { size: String(upload.size), sha256: hex(digest) });
  },
  async abort({ stream }, held) {
    await uploadOf(stream, held).abort();
    return answer(200);
  },
};

const opened = (upload: Upload, held: Held): CommandResult =>
  answer(200, { stream: String(held.keep(upload).id) });

function uploadOf(stream: string | undefined, held: Held): Upload {
  const upload = held.kept(Number(stream));
  if (!(upload instanceof Upload)) throw new Error(`no put is open as ${stream}`);
  return upload;
}

type Meta = Record<string, unknown>;

const texts = (meta: Meta): Params =>
  Object.fromEntries(Object.entries(meta).map(([key, value]) => [key, String(value)]));

const about = (object: R2Object): Params => ({
  ...object.customMetadata,
  size: String(object.size),
});

const kvOptions = ({ meta = '{}', ttl }: Params): KVNamespacePutOptions => ({
  metadata: JSON.parse(meta),
  ...(ttl && { expirationTtl: Number(ttl) }),
});

const r2Options = ({ meta = '{}', absent }: Params): R2PutOptions => ({
  customMetadata: texts(JSON.parse(meta)),
  ...(absent === '1' && { onlyIf: { etagDoesNotMatch: '*' } }),
});

const bound = (limit: string | undefined) => (limit ? { limit: Number(limit) } : {});

function joined(content: Uint8Array[]): Uint8Array {
  if (content.length === 1) return content[0] as Uint8Array;
  const all = new Uint8Array(content.reduce((size, part) => size + part.byteLength, 0));
  let at = 0;
  for (const part of content) {
    all.set(part, at);
    at += part.byteLength;
  }
  return all;
}

const hex = (bytes: ArrayBuffer): string =>
  [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
