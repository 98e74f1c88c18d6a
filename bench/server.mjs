// Runs bench/worker in workerd and talks to it over HTTP, past every proxy of a dev server: what is
// timed is the Worker, its objects, and one local socket.

import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { SignJWT } from 'jose';
import { Log, LogLevel, Miniflare } from 'miniflare';

const secret = 'the secret of the bench, longer than 32 bytes';
const shards = ['db-east', 'db-west', 'db-central', 'db-europe'];
const name = 'tidemark-bench';

/** BENCH_MODULE names another build of the module to measure. */
export const module_path = process.env.BENCH_MODULE ?? 'build/tidemark.wasm';

async function bundle() {
  const { outputFiles } = await build({
    entryPoints: ['bench/worker/index.ts'],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*'],
    loader: { '.css': 'text', '.sql': 'text', '.svg': 'text' },
    plugins: [
      {
        name: 'wasm',
        setup(plugin) {
          plugin.onResolve({ filter: /\.wasm$/ }, () => ({
            path: './tidemark.wasm',
            external: true,
          }));
        },
      },
    ],
  });
  return outputFiles[0].text;
}

const objects = (exportName) => ({ type: 'durable-object', worker: name, exportName });
const stored = { type: 'durable-object', storage: 'sqlite' };

async function configuration() {
  const databases = ['DB', ...shards].map((binding) => [binding, { type: 'd1', id: binding }]);
  return {
    name,
    compatibilityDate: '2026-11-01',
    manifest: {
      mainModule: 'index.js',
      modules: {
        'index.js': { type: 'esm', contents: await bundle() },
        'tidemark.wasm': { type: 'wasm', contents: readFileSync(module_path) },
      },
    },
    exports: {
      SpaceDO: stored,
      LimiterDO: stored,
      DbShardDO: stored,
      SyncDurableObject: stored,
      ShardCoordinator: stored,
      FloorDO: stored,
      DocumentFloorDO: stored,
      EchoDO: stored,
      AllocationFloorDO: stored,
    },
    env: {
      SPACE: objects('SpaceDO'),
      LIMITER: objects('LimiterDO'),
      DB_SHARD: objects('DbShardDO'),
      EVENTS: objects('SyncDurableObject'),
      ShardCoordinator: objects('ShardCoordinator'),
      FLOOR: objects('FloorDO'),
      DOCUMENT_FLOOR: objects('DocumentFloorDO'),
      ECHO: objects('EchoDO'),
      ALLOCATION_FLOOR: objects('AllocationFloorDO'),
      KV: { type: 'kv', id: 'KV' },
      R2: { type: 'r2', name: 'R2' },
      ENVIRONMENT: { type: 'text', value: 'development' },
      JWT_SECRET: { type: 'text', value: secret },
      REQUESTS_PER_MINUTE: { type: 'text', value: '1000000000' },
      MAIL: { type: 'text', value: 'local' },
      EDITORS: { type: 'text', value: '*' },
      FRAMES_PER_MINUTE: { type: 'text', value: '1000000' },
      ...Object.fromEntries(databases),
    },
  };
}

/** A user with a space of its own: its token signs what `Server.sync` sends. */
export async function makeUser() {
  const user_id = `u${randomUUID().replaceAll('-', '').slice(0, 20)}`;
  const token = await new SignJWT({ user_id, email: 'bench@example.com', role: 'user' })
    .setProtectedHeader({
      alg: 'HS256',
      typ: 'JWT',
      kid: createHash('sha256').update(secret).digest('hex').slice(0, 8),
    })
    .setSubject(user_id)
    .setIssuer('tidemark')
    .setAudience('tidemark')
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime('1d')
    .sign(new TextEncoder().encode(secret));
  return { user_id, token };
}

export class Server {
  #miniflare;
  #url;
  #state;
  #agent = new http.Agent({ keepAlive: true, maxSockets: 16 });

  /** `beside` are configurations of other Workers, to run in the same workerd. */
  static async start(beside = []) {
    const server = new Server();
    server.#state = await mkdtemp(join(tmpdir(), 'tidemark-bench-'));
    server.#miniflare = new Miniflare({
      log: new Log(LogLevel.ERROR),
      handleStructuredLogs: () => {},
      resourcePersistencePath: server.#state,
      workers: [await configuration(), ...beside].map((config) => ({
        config,
        dev: { unsafeDirectSockets: [{ port: 0 }] },
      })),
    });
    await server.#miniflare.ready;
    server.#url = await server.#miniflare.unsafeGetDirectURL(name);
    await server.#migrate();
    return server;
  }

  async stop() {
    this.#agent.destroy();
    await this.#miniflare.dispose();
    await rm(this.#state, { recursive: true, force: true });
  }

  async #migrate() {
    const apply = async (folder, database) => {
      for (const file of readdirSync(folder).sort()) {
        const sql = readFileSync(join(folder, file), 'utf8').replaceAll(/--.*$/gm, '');
        await this.send('POST', `/bench/migrate?database=${database}`, sql);
      }
    };
    await apply('schema/db', 'DB');
    for (const shard of shards) await apply('schema/shards', shard);
  }

  /** One request: milliseconds from its first byte to the answer's last, the answer's bytes, its
   * status and its tag. */
  send(method, path, body, headers = {}) {
    const bytes = body === undefined ? undefined : Buffer.from(body);
    return new Promise((resolve, reject) => {
      const started = performance.now();
      const request = http.request(
        new URL(path, this.#url),
        {
          method,
          agent: this.#agent,
          headers: { ...headers, ...(bytes && { 'content-length': bytes.byteLength }) },
        },
        (response) => {
          const chunks = [];
          response.on('error', reject);
          response.on('data', (chunk) => chunks.push(chunk));
          response.on('end', () => {
            const ms = performance.now() - started;
            const answer = Buffer.concat(chunks);
            const { statusCode: status, headers } = response;
            if (status < 300 || status === 304) resolve({ ms, answer, status, etag: headers.etag });
            else reject(new Error(`${method} ${path}: ${status} ${answer}`));
          });
        },
      );
      request.on('error', reject);
      request.end(bytes);
    });
  }

  get url() {
    return new URL('/', this.#url).href;
  }

  /** Of a Worker that runs beside. */
  async urlOf(name) {
    return await this.#miniflare.unsafeGetDirectURL(name);
  }

  /** Ends an object, with what it has in memory; its sockets stay. */
  async hibernate(exportName, object) {
    const options = { name: object, webSockets: 'hibernate' };
    await this.#miniflare.unsafeEvictDurableObject(name, exportName, options);
  }

  /** Where a WebSocket connects to. */
  socketUrl(path, base = this.#url) {
    const url = new URL(path, base);
    url.protocol = 'ws:';
    return url.href;
  }

  /** POST /sync of a body, or of an object, as one of a user's devices. */
  async sync(user, device, body) {
    const bytes = Buffer.isBuffer(body) ? body : JSON.stringify(body);
    return await this.send('POST', '/sync', bytes, {
      authorization: `Bearer ${user.token}`,
      'content-type': 'application/json',
      'x-device-id': device,
    });
  }

  /** Reads the meters, after setting the ones given. */
  async meters(set = {}) {
    const { answer } = await this.send('POST', '/bench/meters', JSON.stringify(set));
    return JSON.parse(answer);
  }
}
