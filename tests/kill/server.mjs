// `wrangler dev` on a free port, with storage of its own, whose runtime can be killed.
//
// wrangler runs two workerds: one listens on the public port and passes requests on, the other runs
// the Worker. Killing the second is what a crash looks like; wrangler starts it again.

import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { descendants, exists, listensOn } from './processes.mjs';

const START_MAX_MS = 60_000;

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Every migration of every D1 database, in one process where wrangler's command takes five. */
async function migrate(state) {
  process.env.WRANGLER_LOG = 'error'; // It warns of Durable Objects, which are not asked for.
  const { getPlatformProxy } = await import('wrangler');
  const { env, dispose } = await getPlatformProxy({
    configPath: 'wrangler.toml',
    persist: { path: join(state, 'v3') },
    remoteBindings: false,
  });
  const apply = async (database, folder) => {
    for (const file of readdirSync(folder).sort()) {
      const text = readFileSync(join(folder, file), 'utf8').replaceAll(/^--.*$/gm, '');
      const statements = text.split(';').filter((statement) => statement.trim());
      await database.batch(statements.map((statement) => database.prepare(statement)));
    }
  };
  try {
    await apply(env.DB, 'schema/db');
    for (const shard of ['db-east', 'db-west', 'db-central', 'db-europe']) {
      await apply(env[shard], 'schema/shards');
    }
  } finally {
    await dispose();
  }
}

export class Server {
  #wrangler;
  #state = mkdtempSync(join(tmpdir(), 'tidemark-kill-'));
  #output = '';
  #migrated = false;
  port = 0;

  /** Where it keeps what it stores. */
  get state() {
    return this.#state;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Whoever starts it stops it, even where starting failed. `vars` stand over wrangler.toml's.
   * After a halt it goes on with what was stored. */
  async start(secret, vars = {}) {
    if (!this.#migrated) await migrate(this.#state);
    this.#migrated = true;
    this.port = await freePort();
    const secrets = join(this.#state, 'secrets');
    const all = { JWT_SECRET: secret, ...vars };
    const lines = Object.entries(all).map(([name, value]) => `${name}="${value}"\n`);
    writeFileSync(secrets, lines.join(''), { mode: 0o600 });
    const flags = [
      ['--port', this.port, '--ip', '127.0.0.1', '--inspector-port', await freePort()],
      ['--persist-to', this.#state, '--env-file', secrets, '--show-interactive-dev-session=false'],
    ];
    this.#wrangler = spawn('node_modules/.bin/wrangler', ['dev', ...flags.flat().map(String)], {
      detached: true, // A process group of its own, which stop() ends as a whole.
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        WRANGLER_LOG: 'log',
        WRANGLER_SEND_METRICS: 'false',
        WRANGLER_HIDE_BANNER: 'true',
        WRANGLER_NO_SKILLS: 'true',
        CLOUDFLARE_CF_FETCH_ENABLED: 'false',
      },
    });
    for (const stream of [this.#wrangler.stdout, this.#wrangler.stderr]) {
      stream.on('data', (data) => {
        this.#output = (this.#output + data).slice(-20_000);
      });
    }
    await this.untilHealthy();
  }

  async untilHealthy() {
    const until = Date.now() + START_MAX_MS;
    while (Date.now() < until && this.#wrangler.exitCode === null) {
      try {
        const response = await fetch(`${this.url}/health`, { signal: AbortSignal.timeout(2_000) });
        await response.body?.cancel();
        if (response.ok) return;
      } catch {
        // Not yet.
      }
      await sleep(50);
    }
    throw new Error(`wrangler dev does not answer:\n${this.#output}`);
  }

  /** SIGKILL to the runtime that runs the Worker; says which process it was. */
  kill() {
    const runtimes = descendants(this.#wrangler.pid).filter(({ name }) => name === 'workerd');
    const inner = runtimes.filter(({ pid }) => !listensOn(pid, this.port));
    if (runtimes.length < 2 || inner.length !== 1) {
      throw new Error(`cannot tell the runtimes apart: ${JSON.stringify(runtimes)}`);
    }
    process.kill(inner[0].pid, 'SIGKILL');
    return inner[0].pid;
  }

  /** Ends every process that it started, and forgets what they stored. */
  async stop() {
    await this.halt();
    rmSync(this.#state, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Ends every process that it started. */
  async halt() {
    const root = this.#wrangler?.pid;
    if (root !== undefined) {
      const pids = [root, ...descendants(root).map(({ pid }) => pid)];
      this.#signal(root, 'SIGTERM');
      for (let tries = 0; tries < 40 && pids.some(exists); tries += 1) await sleep(50);
      this.#signal(root, 'SIGKILL');
      while (pids.some(exists)) await sleep(20);
    }
  }

  #signal(group, signal) {
    try {
      process.kill(-group, signal);
    } catch {
      // Nobody is left in it.
    }
  }
}
