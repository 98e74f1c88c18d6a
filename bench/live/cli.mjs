// cli.sync_noop_ms: `samedi sync` with nothing to do, from its start to its end, and how many
// requests it makes.

import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeUser } from '../server.mjs';
import { median, round } from '../statistics.mjs';

const program = 'build/release/cli/samedi';
const run = promisify(execFile);

/** Passes requests on to the server, and counts them. */
async function startCounter(server) {
  const counter = { requests: 0 };
  const proxy = http.createServer(async (request, response) => {
    counter.requests += 1;
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { 'content-length': _, host, connection, ...headers } = request.headers;
    const body = chunks.length > 0 ? Buffer.concat(chunks) : undefined;
    const { answer } = await server.send(request.method, request.url, body, headers);
    response.end(answer);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  counter.url = `http://127.0.0.1:${proxy.address().port}`;
  counter.stop = () => proxy.close();
  return counter;
}

export async function measureCli(server, { rounds }) {
  execFileSync('scripts/samedi', ['--version'], { stdio: ['ignore', 'ignore', 'inherit'] });
  const user = await makeUser();
  const home = mkdtempSync(join(tmpdir(), 'samedi-bench-'));
  const counter = await startCounter(server);
  const samedi = (...args) => run(program, ['--home', home, ...args]);
  const login = async (url) => {
    await samedi('config', 'set', 'api.url', url);
    const signing = samedi('login', 'bench@example.com');
    signing.child.stdin.end(`${user.token}\n`);
    await signing;
  };
  try {
    await login(counter.url);
    await samedi('plan', 'add', 'Rust in a month');
    await samedi('sync');
    counter.requests = 0;
    const times = [];
    for (let turn = 0; turn < rounds; turn += 1) {
      const started = performance.now();
      await samedi('sync');
      times.push(performance.now() - started);
    }
    const trips = counter.requests / rounds;
    return [
      {
        name: 'cli.sync_noop_ms',
        value: round(median(times), 1),
        detail: `${round(trips)} round trip a sync; a process of its own each time`,
      },
      { name: 'cli.sync_noop.round_trips', value: round(trips), bar: { max: 1 } },
    ];
  } finally {
    counter.stop();
    rmSync(home, { recursive: true, force: true });
  }
}
