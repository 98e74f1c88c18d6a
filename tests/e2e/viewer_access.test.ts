// Who may look at an event log in a browser, by what right, and where that right is not to be seen:
// in no address, in no log, and in nothing that the page sends but the handshake.

import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { exportIdentity } from '../../client/events/identity.ts';
import { unpack } from '../../client/events/msgpack.ts';
import { connected, type TestLog, useViewer } from './viewer.ts';
import { linkTo } from './worker.ts';

const TOKEN = 'a-token-of-the-tests';
const viewer = useViewer({ SYNC_AUTH_TOKEN: TOKEN });

const message = { event: 'chat.message', payload: { role: 'user', content: 'Hello' } };
const hello = (page: Page) => page.getByRole('article').filter({ hasText: 'Hello' });
const failed = (page: Page, words: string) =>
  page.locator('#status', { hasText: `Error: ${words}` }).waitFor();

async function askKeys(method: string, path: string, body?: object): Promise<Response> {
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
  const init = { method, headers, ...(body && { body: JSON.stringify(body) }) };
  const response = await fetch(`${viewer.url}/eventlog/${path}`, init);
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  return response;
}

interface AccessKey {
  id: string;
  key: string;
}

async function newKey({ tenant }: TestLog, access = 'read'): Promise<AccessKey> {
  const response = await askKeys('POST', `${tenant}/keys`, { access });
  return (await response.json()) as AccessKey;
}

describe('an access key', () => {
  it('lets in who has it, and stands in no address', async () => {
    const log = viewer.newLog();
    await viewer.write(log, [message]);
    const { key } = await newKey(log);
    const page = await viewer.newPage();
    const addresses: string[] = [];
    page.on('request', (request) => addresses.push(request.url()));
    page.on('websocket', (socket) => addresses.push(socket.url()));
    await page.goto(
      `/viewer?tenant=${log.tenant}#key=${exportIdentity(log.identity)}&access=${key}`,
    );
    await connected(page);
    await hello(page).waitFor();
    expect(addresses.some((address) => address.startsWith('ws:'))).toBe(true);
    expect([...addresses, page.url()].join('\n')).not.toContain(key);
  });

  it('that is revoked lets nobody in any more, and the page says so', async () => {
    const log = viewer.newLog();
    await viewer.write(log, [message]);
    const { id, key } = await newKey(log);
    const page = await viewer.open(log, { access: key });
    await hello(page).waitFor();
    await askKeys('DELETE', `${log.tenant}/keys/${id}`);
    await failed(page, '');
    await page.getByRole('button', { name: 'Connect now' }).click();
    await failed(page, 'The access key is not taken here');
    expect(await hello(page).count()).toBe(1); // What was read stays.
  });

  it('of another tenant is told so', async () => {
    const [log, other] = [viewer.newLog(), viewer.newLog()];
    const { key } = await newKey(other);
    const page = await viewer.newPage();
    await page.goto(`/viewer?tenant=${log.tenant}#public=p&access=${key}`);
    await failed(page, 'The access key is not taken here');
  });
});

describe('who has no right', () => {
  it('is told what is missing, and may give it', async () => {
    const log = viewer.newLog();
    await viewer.write(log, [message]);
    const page = await viewer.newPage();
    await page.goto(`/viewer?tenant=${log.tenant}#key=${exportIdentity(log.identity)}`);
    await failed(page, 'This log takes no one unknown.');
    await page.getByRole('button', { name: 'Log and keys' }).click();
    await page.getByLabel('Access key or token').fill(TOKEN);
    await page.getByRole('button', { name: 'Follow' }).click();
    await connected(page);
    await hello(page).waitFor(); // The identity key is that of before.
  });

  it('may sign in, and is led back to the log', async () => {
    const log = viewer.newLog('default');
    await viewer.write(log, [message]);
    const email = 'ada@example.com';
    const page = await viewer.newPage();
    await page.goto('/viewer');
    await page.getByRole('link', { name: 'Sign in' }).click();
    await page.getByLabel('E-mail address').fill(email);
    await page.getByRole('button', { name: 'Send the link' }).click();
    await page.getByRole('heading', { name: 'Look into your mail' }).waitFor();
    await page.goto(await linkTo(viewer.url, email));
    await page.getByRole('button', { name: 'Sign in with this browser' }).click();
    await page.waitForURL('**/viewer*');
    await page.getByText(email).waitFor();
    await page.getByLabel('Identity key').fill(exportIdentity(log.identity));
    await page.getByRole('button', { name: 'Follow' }).click();
    await connected(page);
    await hello(page).waitFor();
    expect(page.url()).toBe(`${viewer.url}/viewer`);
  });
});

it('the page sends no more than a reader does', async () => {
  const log = viewer.newLog();
  await viewer.write(log, [message]);
  const page = await viewer.newPage();
  const sent: unknown[] = [];
  page.on('websocket', (socket) => {
    socket.on('framesent', ({ payload }) => {
      sent.push((unpack(payload as Buffer) as { _tag: string })._tag);
    });
  });
  await page.goto(
    `/viewer?tenant=${log.tenant}#key=${exportIdentity(log.identity)}&access=${TOKEN}`,
  );
  await connected(page);
  await hello(page).waitFor();
  await viewer.write(log, [message]);
  await expect.poll(() => hello(page).count()).toBe(2);
  await expect.poll(() => sent, { timeout: 15_000 }).toContain('Ping');
  await page.getByRole('button', { name: 'Log and keys' }).click();
  await page.getByLabel('Public key').fill('another');
  await page.getByRole('button', { name: 'Follow' }).click();
  await expect.poll(() => sent).toContain('StopChanges');
  expect([...new Set(sent)].sort()).toEqual(['Ping', 'RequestChanges', 'StopChanges']);
  expect(await page.evaluate(() => indexedDB.databases())).toEqual([]);
});

it('the page has no script and no style but of /assets, and names the tenant as text', async () => {
  const response = await fetch(
    `${viewer.url}/viewer?tenant=%22%3E%3Cscript%3E&key=no-place-for-it`,
  );
  expect(response.status).toBe(200);
  const policy = response.headers.get('content-security-policy') ?? '';
  for (const rule of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"]) {
    expect(policy).toContain(rule);
  }
  expect(response.headers.get('referrer-policy')).toBe('no-referrer');
  const html = await response.text();
  expect(html).toContain('data-tenant="&quot;&gt;&lt;script&gt;"');
  expect(html).not.toMatch(/<style| style=| on\w+=|<script(?![^>]* src="\/assets\/)/);
  expect(html).not.toContain('no-place-for-it');
});

it('a tenant that none can have is told so', async () => {
  const page = await viewer.newPage();
  await page.goto('/viewer?tenant=a%20b#public=p');
  await failed(page, 'tenant is not 1 to 64');
});
