// The host command `store` against the local KV and R2: each verb, and puts in pieces.

import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';
import { drive, Held, Reply } from '../../worker/drive.ts';
import type { Engine } from '../../worker/engine.ts';
import {
  type CommandResult,
  Handle,
  type OutputFrame,
  type Params,
  type Part,
} from '../../worker/frames.ts';
import { runStore, type StoreCommand } from '../../worker/hosts/store.ts';
import type { Upload } from '../../worker/hosts/upload.ts';
import { requestFrame } from '../../worker/requests.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

let held: Held;
beforeEach(() => {
  held = new Held();
});

function run(store: string, verb: string, params: Params, parts: (string | Part)[] = []) {
  const body = parts.map((part) => (typeof part === 'string' ? bytes(part) : part));
  return runStore(env, ['store', store, verb, params, body] as StoreCommand, held);
}

const NOTHING = new Uint8Array();
const done = (status: number, data: Params = {}): CommandResult => [true, status, data, NOTHING];
const failed = [false, 'unavailable', expect.any(String)];

function dataOf(result: CommandResult): Params {
  if (!Array.isArray(result) || !result[0] || result.length !== 4) throw new Error(String(result));
  return result[2];
}

function handleOf(result: CommandResult): Handle {
  const handle = Array.isArray(result) && result[3];
  if (!(handle instanceof Handle)) throw new Error(`no handle: ${JSON.stringify(result)}`);
  return handle;
}

const textOf = (result: CommandResult) => new Response(held.take(handleOf(result))).text();

async function sha256(...parts: Uint8Array[]): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', await new Blob(parts).arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

describe.each(['kv', 'r2'])('%s', (store) => {
  const isR2 = store === 'r2';
  const sized = (size: string): Params => (isR2 ? { size } : {});

  it('gives back what was put: bytes, kept texts, and meta as texts', async () => {
    const kept = held.keep('Grüße');
    const meta = '{"version":17,"epoch":"ab"}';
    expect(await run(store, 'put', { key: 'a', meta }, ['{"', kept, '"}'])).toEqual(done(200));
    const got = await run(store, 'get', { key: 'a' });
    expect(dataOf(got)).toEqual({ version: '17', epoch: 'ab', ...sized('11') });
    expect(await textOf(got)).toBe('{"Grüße"}');
  });

  it('answers 404 where nothing is', async () => {
    expect(await run(store, 'get', { key: 'none' })).toEqual(done(404));
    if (!isR2) return;
    expect(await run('r2', 'head', { key: 'none' })).toEqual(done(404));
    expect(await run('r2', 'digest', { key: 'none' })).toEqual(done(404));
    expect(await run('r2', 'read', { key: 'none', offset: '0', size: '1' })).toEqual(done(404));
  });

  it('lists by prefix, a page at a time, and deletes', async () => {
    for (const key of ['l/1', 'l/2', 'l/3', 'm/1']) await run(store, 'put', { key }, ['x']);
    const first = dataOf(await run(store, 'list', { prefix: 'l/', limit: '2' }));
    expect(JSON.parse(first.keys ?? '')).toEqual(['l/1', 'l/2']);
    const cursor = first.cursor ?? '';
    const rest = await run(store, 'list', { prefix: 'l/', cursor });
    expect(rest).toEqual(done(200, { keys: '["l/3"]' }));
    if (isR2) {
      const after = await run('r2', 'list', { prefix: 'l/', after: 'l/1' });
      expect(after).toEqual(done(200, { keys: '["l/2","l/3"]' }));
      await run('r2', 'delete', { keys: '["l/1","l/3","l/none"]' });
    } else {
      await run('kv', 'delete', { key: 'l/1' });
      await run('kv', 'delete', { key: 'l/3' });
    }
    expect(await run(store, 'list', { prefix: 'l/' })).toEqual(done(200, { keys: '["l/2"]' }));
  });

  it('stores what is put in pieces, several MB, and tells its digest', async () => {
    const piece = bytes('0123456789abcdef'.repeat(65_536));
    const size = piece.byteLength * 5;
    const meta = '{"version":"9"}';
    const { stream = '' } = dataOf(
      await run(store, 'open', { key: 'large', size: `${size}`, meta }),
    );
    const kept = held.keep(new TextDecoder().decode(piece));
    expect(await run(store, 'write', { stream }, [piece, kept])).toEqual(done(200));
    expect(await run(store, 'get', { key: 'large' })).toEqual(done(404));
    for (let at = 0; at < 3; at += 1) await run(store, 'write', { stream }, [piece]);
    const sum = await sha256(piece, piece, piece, piece, piece);
    const closed = await run(store, 'close', { stream });
    expect(closed).toEqual(done(200, { size: `${size}`, sha256: sum }));
    const got = await run(store, 'get', { key: 'large' });
    expect(dataOf(got)).toEqual({ version: '9', ...sized(`${size}`) });
    expect(await sha256(bytes(await textOf(got)))).toBe(sum);
    if (!isR2) return;
    const digest = await run('r2', 'digest', { key: 'large' });
    expect(digest).toEqual(done(200, { version: '9', size: `${size}`, sha256: sum }));
  });

  it('stores an empty value in pieces', async () => {
    const { stream = '' } = dataOf(await run(store, 'open', { key: 'empty', size: '0' }));
    expect(await run(store, 'close', { stream })).toEqual(
      done(200, { size: '0', sha256: await sha256() }),
    );
    expect(await textOf(await run(store, 'get', { key: 'empty' }))).toBe('');
  });

  it.each([
    ['few', '11'],
    ['many', '9'],
  ])('fails where the bytes are too %s, and keeps what was there', async (_, size) => {
    await run(store, 'put', { key: 'b' }, ['before']);
    const { stream = '' } = dataOf(await run(store, 'open', { key: 'b', size }));
    const written = await run(store, 'write', { stream }, ['12345', '67890']);
    const closed = await run(store, 'close', { stream });
    expect([written, closed]).toContainEqual(failed);
    expect(closed).toEqual(failed);
    await held.release();
    expect(await textOf(await run(store, 'get', { key: 'b' }))).toBe('before');
  });

  it('fails where bytes follow the last one, and keeps what was there', async () => {
    await run(store, 'put', { key: 'b' }, ['before']);
    const { stream = '' } = dataOf(await run(store, 'open', { key: 'b', size: '5' }));
    expect(await run(store, 'write', { stream }, ['12345'])).toEqual(done(200));
    expect(await run(store, 'write', { stream }, ['6'])).toEqual(failed);
    await run(store, 'abort', { stream });
    expect(await textOf(await run(store, 'get', { key: 'b' }))).toBe('before');
  });

  it('stores nothing where an empty one is not closed', async () => {
    await run(store, 'open', { key: 'e', size: '0' });
    await held.release();
    expect(await run(store, 'get', { key: 'e' })).toEqual(done(404));
  });

  it.each(['an abort', 'the end of the operation'])('stores nothing after %s', async (end) => {
    await run(store, 'put', { key: 'c' }, ['before']);
    const { stream = '' } = dataOf(await run(store, 'open', { key: 'c', size: '5' }));
    await run(store, 'write', { stream }, ['12345']);
    if (end === 'an abort') expect(await run(store, 'abort', { stream })).toEqual(done(200));
    else await held.release();
    held = new Held();
    expect(await textOf(await run(store, 'get', { key: 'c' }))).toBe('before');
  });

  it('cancels a stream that nobody took', async () => {
    await run(store, 'put', { key: 'd' }, ['x'.repeat(1 << 20)]);
    const handle = handleOf(await run(store, 'get', { key: 'd' }));
    const stream = held.kept(handle.id) as ReadableStream;
    await held.release();
    const reader = stream.getReader();
    expect(await reader.read()).toMatchObject({ done: true });
  });

  it('answers a reply by its stream, which outlives the operation', async () => {
    await run(store, 'put', { key: 'd' }, ['the document']);
    const handle = handleOf(await run(store, 'get', { key: 'd' }));
    const reply = new Reply([200, [], [handle], {}], held);
    await held.release();
    expect(() => reply.text()).toThrow('stream');
    expect(await new Response(reply.body()).text()).toBe('the document');
  });

  it('throws for what is no verb, and for a put that is not open', async () => {
    await expect(run(store, 'rename', { key: 'a' })).rejects.toThrow('rename');
    await expect(run(store, 'toString', { key: 'a' })).rejects.toThrow('toString');
    expect(await run(store, 'write', { stream: '7' }, ['x'])).toEqual(failed);
  });

  it('comes back as a failure where the store is in trouble', async () => {
    const down = new Proxy({}, { get: () => () => Promise.reject(new Error('503')) });
    const broken = { KV: down as KVNamespace, R2: down as R2Bucket };
    const command: StoreCommand = ['store', store, 'get', { key: 'a' }, []];
    expect(await runStore(broken, command, held)).toEqual([false, 'unavailable', '503']);
    const open: StoreCommand = ['store', store, 'open', { key: 'a', size: '2' }, []];
    const { stream = '' } = dataOf(await runStore(broken, open, held));
    await run(store, 'write', { stream }, ['ab']);
    expect(await run(store, 'close', { stream })).toEqual([false, 'unavailable', '503']);
  });
});

describe('kv', () => {
  it('tells the meta alone', async () => {
    await run('kv', 'put', { key: 'a', meta: '{"tag":"1-x"}', ttl: '3600' }, ['body']);
    const got = await run('kv', 'get', { key: 'a', meta_only: '1' });
    expect(got).toEqual(done(200, { tag: '1-x' }));
    const { keys } = await env.KV.list({ prefix: 'a' });
    expect(keys[0]?.expiration).toBeGreaterThan(Date.now() / 1000 + 3000);
  });

  it('takes 25 MiB in pieces, and no more', async () => {
    const open = (size: number) => run('kv', 'open', { key: 'huge', size: `${size}` });
    expect(await open((25 << 20) + 1)).toEqual(failed);
    const { stream = '' } = dataOf(await open(25 << 20));
    const piece = new Uint8Array(1 << 20).fill(120);
    for (let at = 0; at < 25; at += 1) await run('kv', 'write', { stream }, [piece]);
    expect(dataOf(await run('kv', 'close', { stream })).size).toBe(`${25 << 20}`);
    expect(await textOf(await run('kv', 'get', { key: 'huge' }))).toHaveLength(25 << 20);
  });

  it('lets others come in between pieces', async () => {
    const { stream = '' } = dataOf(await run('kv', 'open', { key: 'a', size: '20', meta: '{}' }));
    let others = 0;
    const timer = setInterval(() => {
      others += 1;
    }, 0);
    for (let i = 0; i < 20; i += 1) await run('kv', 'write', { stream }, ['x']);
    clearInterval(timer);
    expect(others).toBeGreaterThanOrEqual(10);
    expect(dataOf(await run('kv', 'close', { stream })).size).toBe('20');
  });
});

describe('r2', () => {
  it('reads ranges, and says where nothing stands at the offset', async () => {
    await run('r2', 'put', { key: 'r', meta: '{"n":1}' }, ['0123456789']);
    const read = (offset: string, size: string) => run('r2', 'read', { key: 'r', offset, size });
    const about = { n: '1', size: '10' };
    expect(await read('2', '3')).toEqual([true, 200, about, bytes('234')]);
    expect(await read('8', '100')).toEqual([true, 200, about, bytes('89')]);
    expect(await read('10', '1')).toEqual(done(416, about));
    expect(await run('r2', 'head', { key: 'r' })).toEqual(done(200, about));
  });

  it('puts where nothing is, and only there: 412', async () => {
    const put = (text: string) => run('r2', 'put', { key: 'once', absent: '1' }, [text]);
    expect(await put('first')).toEqual(done(200));
    expect(await put('second')).toEqual(done(412));
    expect(await textOf(await run('r2', 'get', { key: 'once' }))).toBe('first');
  });

  it('puts in pieces where nothing is, and only there: 412', async () => {
    const put = async (text: string) => {
      const params = { key: 'pieces', size: `${text.length * 2}`, absent: '1' };
      const { stream = '' } = dataOf(await run('r2', 'open', params));
      await run('r2', 'write', { stream }, [text]);
      await run('r2', 'write', { stream }, [text]);
      return run('r2', 'close', { stream });
    };
    expect((await put('first')) as unknown[]).toContain(200);
    expect(await put('x'.repeat(3 << 20))).toEqual(done(412));
    expect(await textOf(await run('r2', 'get', { key: 'pieces' }))).toBe('firstfirst');
  });

  it('says 412 to a write where the store refuses before it has read all', async () => {
    const put = () => Promise.resolve(null);
    const refusing = { KV: env.KV, R2: { put } as unknown as R2Bucket };
    const params = { key: 'a', size: '10' };
    const { stream = '' } = dataOf(
      await runStore(refusing, ['store', 'r2', 'open', params, []], held),
    );
    expect(await run('r2', 'write', { stream }, ['abc'])).toEqual(done(412));
    expect(await run('r2', 'write', { stream }, ['abc'])).toEqual(done(412));
    expect(await run('r2', 'close', { stream })).toEqual(done(412));
  });

  it('fails, and does not wait, where the store fails before it has read all', async () => {
    const put = () => Promise.reject(new Error('10001'));
    const failing = { KV: env.KV, R2: { put } as unknown as R2Bucket };
    const params = { key: 'a', size: '10' };
    const { stream = '' } = dataOf(
      await runStore(failing, ['store', 'r2', 'open', params, []], held),
    );
    expect(await run('r2', 'write', { stream }, ['abc'])).toEqual([false, 'unavailable', '10001']);
    expect(await run('r2', 'close', { stream })).toEqual(failed);
    await held.release();
  });
});

describe('a driven operation', () => {
  const request = requestFrame({ operation: 'any', identity: null, params: {} }, null);
  const host = { run: (command: unknown) => runStore(env, command as StoreCommand, held) };

  /** An engine whose one operation asks for these commands, and answers what is made of results. */
  const scripted = (commands: StoreCommand[], end: (results: CommandResult[]) => OutputFrame) =>
    ({
      begin: (): OutputFrame => [0, 1, commands],
      resume: (_: number, results: CommandResult[]) => end(results),
      cancel: () => {},
    }) as unknown as Engine;
  const get: StoreCommand = ['store', 'r2', 'get', { key: 'd' }, []];
  const open: StoreCommand = ['store', 'r2', 'open', { key: 'o', size: '1' }, []];

  it('answers by a stream, and ends the one it does not use', async () => {
    await run('r2', 'put', { key: 'd' }, ['the document']);
    const streams: ReadableStream[] = [];
    const engine = scripted([get, get], (results) => {
      for (const result of results) streams.push(held.kept(handleOf(result).id) as ReadableStream);
      return [1, [200, [], [handleOf(results[0] as CommandResult)], {}]];
    });
    const reply = await drive(engine, request, host, held);
    expect(await streams[1]?.getReader().read()).toMatchObject({ done: true });
    expect(await new Response(reply.body()).text()).toBe('the document');
  });

  it('ends the stream of a reply that has no body', async () => {
    await run('r2', 'put', { key: 'd' }, ['the document']);
    let stream: ReadableStream | undefined;
    const engine = scripted([get], ([result]) => {
      stream = held.kept(handleOf(result as CommandResult).id) as ReadableStream;
      return [1, [304, [], [], {}]];
    });
    expect((await drive(engine, request, host, held)).body()).toBe('');
    expect(await stream?.getReader().read()).toMatchObject({ done: true });
  });

  it('aborts the put that it left open, whether it answered or was lost', async () => {
    const uploads: Upload[] = [];
    const answered = scripted([open], () => {
      uploads.push(held.kept(0) as Upload);
      return [1, [200, [], [], {}]];
    });
    await drive(answered, request, host, held);
    held = new Held();
    const lost = scripted([open], () => {
      uploads.push(held.kept(0) as Upload);
      throw new Error('lost');
    });
    await expect(drive(lost, request, host, held)).rejects.toThrow('lost');
    expect(uploads).toHaveLength(2);
    for (const upload of uploads) await expect(upload.close()).rejects.toThrow('ended');
    expect(await run('r2', 'head', { key: 'o' })).toEqual(done(404));
  });

  it('cannot mix a stream with other parts', async () => {
    await run('r2', 'put', { key: 'd' }, ['the document']);
    const engine = scripted([get], ([result]) => {
      const handle = handleOf(result as CommandResult);
      return [1, [200, [], [bytes('['), handle, bytes(']')], {}]];
    });
    await expect(drive(engine, request, host, held)).rejects.toThrow('no text is kept');
  });
});
