// The page that follows an event log, from end to end: what it shows to whom and how soon, where
// the keys go, what becomes of texts that look like scripts, and a phone.

import { describe, expect, it } from 'vitest';
import { exportIdentity, generateIdentity } from '../../client/events/identity.ts';
import { draw } from './browser.ts';
import { connected, kind, message, numbered, row, rows, useViewer } from './viewer.ts';

const viewer = useViewer();

describe('a reader with the key', () => {
  it('sees chats, artifacts and audits each in its way, and others as JSON', async () => {
    const log = viewer.newLog();
    await viewer.write(log, [
      message('Shall we meet at three?'),
      { event: 'chat.deleted', payload: { session: 's1', id: 'm9' } },
      {
        event: 'artifact.put',
        payload: { id: 'a1', name: 'plan.md', type: 'text/markdown', content: '# Plan' },
      },
      {
        event: 'artifact.put',
        payload: { id: 'a2', name: 'logo.png', type: 'image/png', content: new Uint8Array(1500) },
      },
      {
        event: 'audit.recorded',
        payload: { actor: 'ada', action: 'restored', target: 'day 7', details: { records: 12 } },
      },
      { event: 'ToolCalled', primaryKey: 't1', payload: { tool: 'search', limit: 5 } },
    ]);
    const page = await viewer.open(log);
    const texts = (sequence: number) =>
      page.locator(`[aria-posinset="${sequence}"] .body > *`).allTextContents();
    expect(await texts(1)).toEqual(['user in s1', 'Shall we meet at three?']);
    expect(await texts(2)).toEqual(['Deleted m9 · s1']);
    expect(await texts(3)).toEqual(['plan.md text/markdown · 6 characters', '# Plan']);
    expect(await texts(4)).toEqual(['logo.png image/png · 1.5 kB']);
    expect(await texts(5)).toEqual(['ada restored day 7', '{"records":12}']);
    expect(await texts(6)).toEqual(['{"tool":"search","limit":5}']);
    for (const name of ['Chat 2', 'Artifact 2', 'Audit 1', 'Other 1', 'Undecryptable 0']) {
      await kind(page, name).waitFor();
    }
    await page.getByText('The beginning of the log').waitFor();
    await draw(page, 'viewer');
  });

  it('sees a new entry within a second of its writing', async () => {
    const log = viewer.newLog();
    await viewer.write(log, [message('First')]);
    const page = await viewer.open(log);
    await row(page, 'First').waitFor();
    for (let at = 0; at < 5; at += 1) {
      const started = performance.now();
      await viewer.write(log, [message(`Live ${at}`)]);
      await row(page, `Live ${at}`).waitFor();
      expect(performance.now() - started).toBeLessThan(1_000);
    }
  });

  it('hides the kinds that it does not want', async () => {
    const log = viewer.newLog();
    const noise = { event: 'Noise', payload: { n: 1 } };
    await viewer.write(log, [message('Wanted'), noise, noise]);
    const page = await viewer.open(log);
    await kind(page, 'Other 2').click();
    await expect.poll(() => rows(page)).toBe(1);
    await viewer.write(log, [noise, message('Also wanted')]);
    await row(page, 'Also wanted').waitFor();
    expect(await rows(page)).toBe(2);
    await kind(page, 'Other 3').click();
    await expect.poll(() => rows(page)).toBe(5);
  });

  it('takes texts that look like scripts for texts', async () => {
    const script = '<img src=x onerror="document.title=`hacked`"><script>hacked()</script>';
    const log = viewer.newLog();
    await viewer.write(log, [
      message(script),
      { event: 'artifact.put', payload: { id: '1', name: script, type: script, content: script } },
      { event: 'audit.recorded', payload: { actor: script, action: script, target: script } },
      { event: script, primaryKey: script, payload: { [script]: script, __proto__: script } },
    ]);
    const page = await viewer.open(log);
    await expect.poll(() => rows(page)).toBe(4);
    for (const button of await page.getByRole('button', { name: /^Details/ }).all()) {
      await button.click();
    }
    await page.locator('.json').getByText('hacked').first().waitFor();
    expect(await page.locator('main :is(img, svg, script:not([src]))').count()).toBe(0);
    expect(await page.title()).not.toBe('hacked');
  });
});

describe('a reader', () => {
  it('with another key has what cannot be decrypted counted, as metadata', async () => {
    const log = viewer.newLog();
    await viewer.write(log, numbered(3));
    const wrong = {
      ...log,
      identity: { ...generateIdentity(), publicKey: log.identity.publicKey },
    };
    const page = await viewer.open(wrong);
    await kind(page, 'Undecryptable 3').waitFor();
    await page.getByText('The identity key opens none of these entries.').waitFor();
    await viewer.write(log, numbered(1));
    await kind(page, 'Undecryptable 4').waitFor();
    expect(await page.locator('main').textContent()).not.toContain('Message');
    await page.getByRole('button', { name: 'Details of entry 4' }).click();
    const facts = await page.locator('.values').textContent();
    expect(facts).toMatch(/Entry[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(facts).toMatch(/Size\d+ bytes/);
  });

  it('of a log of two keys sees the entries of one, and how many the other has', async () => {
    const log = viewer.newLog();
    const other = {
      ...log,
      identity: { ...generateIdentity(), publicKey: log.identity.publicKey },
    };
    await viewer.write(log, numbered(5));
    await viewer.write(other, numbered(3));
    await viewer.write(log, numbered(2));
    const page = await viewer.open(log);
    await kind(page, 'Chat 7').waitFor();
    await kind(page, 'Undecryptable 3').waitFor();
    expect(await rows(page)).toBe(10);
  });

  it('without a key sees metadata only, also after a reload', async () => {
    const log = viewer.newLog();
    await viewer.write(log, numbered(2));
    const page = await viewer.newPage();
    await page.goto(`/viewer?tenant=${log.tenant}#public=${log.identity.publicKey}`);
    await kind(page, 'Undecryptable 2').waitFor();
    await page.getByText('Without the identity key of the writer').waitFor();
    await page.reload();
    await kind(page, 'Undecryptable 2').waitFor();
  });

  it('may give the keys in the form, from which no way leads to an address', async () => {
    const log = viewer.newLog();
    await viewer.write(log, numbered(2));
    const page = await viewer.newPage();
    await page.goto('/viewer');
    await page.getByRole('heading', { name: 'What to follow' }).waitFor();
    await page.getByLabel('Tenant').fill(log.tenant);
    await page.getByLabel('Identity key').fill('no key');
    await page.getByRole('button', { name: 'Follow' }).click();
    await page.locator('#setup-problem', { hasText: 'not an identity' }).waitFor();
    await page.getByLabel('Identity key').fill(exportIdentity(log.identity));
    await page.getByRole('button', { name: 'Follow' }).click();
    await kind(page, 'Chat 2').waitFor();
    expect(new URL(page.url()).href).toBe(`${viewer.url}/viewer?tenant=${log.tenant}`);
    await page.getByRole('button', { name: 'Log and keys' }).click();
    expect(await page.getByLabel('Identity key').inputValue()).toBe('');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await row(page, 'Message 2').waitFor();
  });
});

describe('the identity key', () => {
  it('is gone from the address, and in no request', async () => {
    const log = viewer.newLog();
    await viewer.write(log, numbered(1));
    const page = await viewer.newPage();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(JSON.stringify(request.headers()), request.url()));
    page.on('websocket', (socket) => asked.push(socket.url()));
    const key = exportIdentity(log.identity);
    await page.goto(`/viewer?tenant=${log.tenant}#key=${key}`);
    await connected(page);
    await row(page, 'Message 1').waitFor();
    expect(asked.length).toBeGreaterThan(3);
    expect(asked.join('\n')).not.toContain(key.slice(0, 20));
    expect(page.url()).toBe(`${viewer.url}/viewer?tenant=${log.tenant}`);
    const left = await page.evaluate(() =>
      [
        location.href,
        JSON.stringify(history.state),
        document.cookie,
        JSON.stringify({ ...localStorage, ...sessionStorage }),
        document.documentElement.outerHTML,
      ].join('\n'),
    );
    expect(left).not.toContain(key.slice(0, 20));
    await page.reload();
    await kind(page, 'Undecryptable 1').waitFor(); // It was kept nowhere.
  });

  it('in a link that is followed within the page counts from then on', async () => {
    const [first, second] = [viewer.newLog(), viewer.newLog()];
    second.tenant = first.tenant;
    await viewer.write(first, [message('Of the first log')]);
    await viewer.write(second, [message('Of the second log')]);
    const page = await viewer.open(first);
    await row(page, 'Of the first log').waitFor();
    await page.evaluate(
      (hash) => {
        location.hash = hash;
      },
      `key=${exportIdentity(second.identity)}`,
    );
    await row(page, 'Of the second log').waitFor();
    expect(await rows(page)).toBe(1);
    expect(page.url()).not.toContain('#');
  });
});

describe('the status', () => {
  it('says that the server is gone, and that it is back, with what came meanwhile', async () => {
    const log = viewer.newLog();
    await viewer.write(log, [message('Before')]);
    const page = await viewer.open(log);
    await row(page, 'Before').waitFor();
    await page.getByText(/last seen \d+ s ago/).waitFor();
    const gone = page.locator('#status', { hasText: /^(Disconnected|Connecting)/ }).waitFor();
    await viewer.crash();
    await gone;
    await connected(page);
    await viewer.write(log, [message('After')]);
    await row(page, 'After').waitFor();
    expect(await rows(page)).toBe(2);
  });
});

describe('a phone of 375 pixels', () => {
  it.each(['light', 'dark'] as const)('has nothing beyond its edge, in %s', async (colorScheme) => {
    const log = viewer.newLog();
    const word = 'wordwithoutanyend'.repeat(20);
    await viewer.write(log, [
      message(word),
      { event: 'artifact.put', payload: { id: '1', name: word, type: word, content: word } },
      { event: 'audit.recorded', payload: { actor: word, action: word, target: word } },
      { event: word, primaryKey: word, payload: { [word]: word } },
    ]);
    const page = await viewer.open(log, { viewport: { width: 375, height: 667 }, colorScheme });
    await kind(page, 'Other 1').waitFor();
    await page.getByRole('button', { name: 'Details of entry 4' }).click();
    const beyond = () =>
      page.evaluate(
        () =>
          [...document.querySelectorAll('main *')].filter(
            (element) => element.getBoundingClientRect().right > innerWidth,
          ).length,
      );
    expect(await beyond()).toBe(0);
    await draw(page, `viewer, phone, ${colorScheme}`);
    await page.getByRole('button', { name: 'Log and keys' }).click();
    expect(await beyond()).toBe(0);
  });
});
