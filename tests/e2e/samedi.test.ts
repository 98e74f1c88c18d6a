// The first product, whole: the command line on two machines, and the page in a browser.

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { BadNetwork } from './bad_network.ts';
import { draw, launch } from './browser.ts';
import { Samedi } from './samedi.ts';
import { linkTo, type RunningWorker, startWorker } from './worker.ts';

let worker: RunningWorker;
const homes: Samedi[] = [];

function home(): Samedi {
  const samedi = new Samedi();
  homes.push(samedi);
  return samedi;
}

beforeAll(async () => {
  worker = await startWorker();
});
afterAll(async () => {
  for (const samedi of homes) samedi.remove();
  await worker?.stop();
});

const tokenOf = (samedi: Samedi) => {
  const text = readFileSync(join(samedi.home, 'auth.json'), 'utf8');
  return (JSON.parse(text) as { jwt: string }).jwt;
};

async function sessionsOf(samedi: Samedi, plan: string) {
  const response = await fetch(`${worker.url}/sessions?plan=${plan}`, {
    headers: { authorization: `Bearer ${tokenOf(samedi)}` },
  });
  return (await response.json()) as { id: string; chunk_id: string }[];
}

describe('samedi', () => {
  it('starts, stops and syncs a session, which the server then has', async () => {
    const cli = home();
    const said = await cli.login(worker.url, 'e2e@example.com');
    expect(said).toContain('Magic link sent to e2e@example.com');
    expect(said).toContain('Check your email and paste the token here:');
    expect(said).toContain('✓ Logged in successfully');
    expect(statSync(join(cli.home, 'auth.json')).mode & 0o777).toBe(0o600);

    await cli.ok('start', 'french-b1', 'chunk-001');
    await cli.ok('stop');
    await cli.ok('sync');
    expect(await sessionsOf(cli, 'french-b1')).toMatchObject([{ chunk_id: 'chunk-001' }]);
  });

  it('works without a network, and syncs once there is one', async () => {
    const cli = home();
    const network = await BadNetwork.start(worker.url, 1);
    onTestFinished(() => network.stop());
    await cli.login(network.url, 'offline@example.com');
    network.down();
    await cli.ok('start', 'rust', 'chunk-001');
    await cli.ok('stop');
    expect((await cli.run('sync')).code).toBe(4);
    network.calm();
    await cli.ok('sync');
    expect(await sessionsOf(cli, 'rust')).toHaveLength(1);
  });

  it('shows on a second machine what the first one did', async () => {
    const [laptop, desktop] = [home(), home()];
    for (const cli of [laptop, desktop]) await cli.login(worker.url, 'two@example.com');
    await laptop.ok('start', 'french-b1', 'chunk-002');
    await laptop.ok('stop', '--notes', 'irregular verbs');
    await laptop.ok('sync');
    await desktop.ok('sync');
    expect(await desktop.ok('history')).toContain('chunk-002');
    const status = await Promise.all([laptop, desktop].map((cli) => cli.json('status')));
    const [a, b] = status as { device: string }[];
    expect(a?.device).not.toBe(b?.device);
  });
});

it('a browser that is signed in shows a session within a second after the sync ends', async () => {
  const cli = home();
  const email = 'page@example.com';
  await cli.login(worker.url, email);
  await cli.ok('start', 'Rust in a month', 'chunk-001');
  const browser = await launch();
  try {
    const page = await browser.newPage({ viewport: { width: 375, height: 700 } });
    await page.goto(`${worker.url}/login`);
    await page.fill('#email', email);
    await page.click('button[type=submit]');
    await page.getByRole('status').waitFor();
    await page.goto(await linkTo(worker.url, email));
    await page.getByRole('button', { name: 'Sign in with this browser' }).click();
    await page.locator('#status[data-phase=live]').waitFor();
    const shown = page.locator('#running-text', { hasText: 'chunk-001' }).waitFor();
    const [shownAt, syncedAt] = await Promise.all(
      [shown, cli.ok('sync')].map((done) => done.then(() => Date.now())),
    );
    // The page may well be first: the frame leaves with the answer to the command.
    expect(Number(shownAt) - Number(syncedAt)).toBeLessThan(1_000);
    await draw(page, 'home-running');
    await cli.ok('stop');
    await cli.ok('sync');
    await page.locator('#running').waitFor({ state: 'hidden' });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(wide).toBeLessThanOrEqual(375);
    await draw(page, 'home');
  } finally {
    await browser.close();
  }
});
