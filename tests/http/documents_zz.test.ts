import { it } from 'vitest';
import { Hono } from 'hono';
it('x', async () => {
  const r = new Request('http://x/', { headers: { 'if-match': '', 'x-y': '' } });
  console.log('HDR', JSON.stringify(r.headers.get('if-match')), JSON.stringify([...r.headers]));
  const app = new Hono(); app.get('/', (c) => c.text(JSON.stringify([c.req.header('if-match') ?? 'none', c.req.header()])));
  console.log('HONO', await (await app.fetch(r)).text());
}, 60000);
