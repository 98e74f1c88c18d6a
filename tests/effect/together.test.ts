// Everyone at one log: Effect's own client twice, our client, and a person before the viewer. Each
// has at once what another wrote, also after the object behind their sockets was gone.

import { randomUUID } from 'node:crypto';
import * as EventLog from '@effect/experimental/EventLog';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Server } from '../../bench/server.mjs';
import { connectRemoteSync } from '../../client/events/runtime.ts';
import { launch } from '../e2e/browser.ts';
import { makeIdentity, Replica } from './replica.ts';

const SOON = { timeout: 10_000, interval: 20 };

let server: Server;
let browser: Browser;
beforeAll(async () => {
  [server, browser] = await Promise.all([Server.start(), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

it('has each see what another wrote, across hibernations', async () => {
  const identity = makeIdentity();
  const identityKey = EventLog.Identity.encodeString(identity);
  const tenant = randomUUID();
  const replicas = [new Replica(identity), new Replica(identity)] as const;
  const ours = await connectRemoteSync({
    url: server.url,
    tenant,
    encryption: { enabled: true, identityKey },
  });
  const page = await browser.newPage();
  try {
    for (const replica of replicas) await replica.goOnline(server.socketUrl(`/eventlog/${tenant}`));
    await page.goto(new URL(`/viewer?tenant=${tenant}#key=${identityKey}`, server.url).href);
    await page.locator('#status', { hasText: /^Connected$/ }).waitFor();
    const counts = async () => ({
      effect: await Promise.all(replicas.map(async (each) => (await each.entries()).size)),
      ours: ours.sync.status.sequence,
      viewer: await page.getByRole('article').count(),
    });
    const writers = [
      (text: string) => replicas[0].write(text, text),
      (text: string) => replicas[1].write(text, text),
      (text: string) => ours.store.audit.record({ actor: 'ada', action: text }),
    ];
    let written = 0;
    for (let round = 0; round < 3; round += 1) {
      for (const write of writers) {
        written += 1;
        await write(`entry ${written}`);
        const all = { effect: [written, written], ours: written, viewer: written };
        await expect.poll(counts, SOON).toEqual(all);
      }
      await server.hibernate('SyncDurableObject', tenant);
    }
    for (const { opened, closed } of replicas) expect([opened, closed]).toEqual([1, 0]);
    expect(ours.sync.status).toMatchObject({ state: 'connected', pending: 0, undecryptable: 0 });
  } finally {
    await page.close();
    await ours.close();
    for (const replica of replicas) await replica.close();
  }
});
