import { it } from 'vitest';
import { startWorker, signIn } from '/work/main/tests/e2e/worker.ts';
it('x', async () => {
  const w = await startWorker({ EDITORS: 'ada@example.com' });
  try {
    const t = await signIn(w.url, 'ada@example.com');
    const h = { authorization: `Bearer ${t}`, 'content-type': 'application/json' };
    const say = async (r: Response) => console.log(r.url, r.status, (await r.text()).slice(0, 300));
    await say(await fetch(`${w.url}/apps/a/db.json`, { method: 'PUT', headers: { ...h, 'if-none-match': '*' }, body: '{"users":[{"id":"u1"},{"id":"u2"}]}' }));
    await say(await fetch(`${w.url}/cdn-cgi/local/scheduled?cron=10+0+*+*+*`));
    for (let i = 0; i < 4; i++) { await new Promise((r) => setTimeout(r, 1500)); await say(await fetch(`${w.url}/snapshots?app=a`, { headers: h })); }
    await say(await fetch(`${w.url}/auth/sign-out?everywhere=true`, { method: 'POST', headers: h }));
    for (let i = 0; i < 8; i++) { await say(await fetch(`${w.url}/apps/a/db.json`, { method: 'PATCH', headers: h, body: JSON.stringify({ op: 'upsert', collection: 'users', id: 'u1', record: { id: 'u1', n: i } }) }));  await say(await fetch(`${w.url}/apps/a/db.json?view=full`, { headers: h })); await new Promise((r) => setTimeout(r, 2000)); }
    console.log((w as any).output);
  } finally { await w.stop(); }
}, 100000);
