// `npm run verify-backup`: a document is written, lost in every way, had back, and compared.

import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningWorker, signIn, startWorker } from './worker.ts';

interface Ran {
  status: number | null;
  text: string;
}

/** Without blocking: the Worker that it asks may be ours. */
function verifyBackup(args: string[] = [], env: Record<string, string> = {}): Promise<Ran> {
  const child = spawn('scripts/verify-backup', args, { env: { ...process.env, ...env } });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      text += data;
    });
  }
  return new Promise((resolve) => {
    child.on('close', (status) => resolve({ status, text }));
  });
}

it('of a Worker of its own gets every moment back, after the loss of the object too', async () => {
  const { status, text } = await verifyBackup();
  expect(text).toMatch(/^Losing the Durable Object/m);
  expect(text).toMatch(/^All of it came back\.$/m);
  expect(text.match(/^ {2}equal {3}the moment /gm)?.length).toBeGreaterThan(25);
  expect(status).toBe(0);
}, 240_000);

describe('of a Worker that runs', () => {
  let worker: RunningWorker;
  let env: { TIDEMARK_TOKEN: string };

  beforeAll(async () => {
    worker = await startWorker({ EDITORS: '*' });
    env = { TIDEMARK_TOKEN: await signIn(worker.url, 'verify@example.com') };
  });
  afterAll(async () => {
    await worker?.stop();
  });

  const path = '/apps/precious/db.json';
  const headers = () => ({ authorization: `Bearer ${env.TIDEMARK_TOKEN}` });
  const view = async () =>
    (await fetch(`${worker.url}${path}?view=full`, { headers: headers() })).text();

  it('it makes a document of its own, and another run may use it again', async () => {
    for (let round = 0; round < 2; round += 1) {
      const { status, text } = await verifyBackup(['--url', worker.url], env);
      expect(text).toMatch(/^All of it came back\.$/m);
      expect(status).toBe(0);
    }
  }, 240_000);

  it('it leaves what others wrote alone, but with --force, and then as it was', async () => {
    const precious = '{"users":[{"id":"u1","name":"Ada"}],"x": 1.0}';
    const made = await fetch(`${worker.url}${path}`, {
      method: 'PUT',
      body: precious,
      headers: { ...headers(), 'content-type': 'application/json', 'if-none-match': '*' },
    });
    expect(made.status).toBe(201);
    const before = await view();
    const args = ['--url', worker.url, '--app', 'precious'];
    const refused = await verifyBackup(args, env);
    expect([refused.status, refused.text]).toEqual([1, expect.stringContaining('say --force')]);
    expect(await view()).toBe(before);
    const forced = await verifyBackup([...args, '--force'], env);
    expect(forced.text).toMatch(/^ {2}equal {3}the document of before/m);
    expect(forced.status).toBe(0);
    expect(await view()).toBe(before);
  }, 240_000);
});
