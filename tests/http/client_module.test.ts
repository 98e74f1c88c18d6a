// The documents SDK at the address that pages of other origins import it from.

import { describe, expect, it } from 'vitest';
import { ask } from '../accounts.ts';

const PATH = '/coreenginedb/client.js';

describe(PATH, () => {
  it('is an ES module for anyone, of any origin', async () => {
    const response = await ask(PATH, { headers: { origin: 'https://pages.example' } });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    const text = await response.text();
    const [, exported = ''] = /export\{([^}]*)\}/.exec(text) ?? [];
    const names = exported.split(',').map((name) => name.split(' as ').at(-1));
    expect(names).toEqual(expect.arrayContaining(['DB', 'WriteQueue', 'HttpAdapter']));
    expect(text).not.toContain('node:');
  });

  it('is kept for a while, and sent again only if it changed', async () => {
    const first = await ask(PATH);
    await first.text();
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[0-9a-f]{16}"$/);
    expect(first.headers.get('cache-control')).toMatch(/^public, max-age=\d+/);
    const again = await ask(PATH, { headers: { 'if-none-match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    expect(again.headers.get('access-control-allow-origin')).toBe('*');
    const other = await ask(PATH, { headers: { 'if-none-match': '"other"' } });
    expect([other.status, (await other.text()).length > 0]).toEqual([200, true]);
  });
});
