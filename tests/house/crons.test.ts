// The crons that Cloudflare starts are those that the Worker has jobs for.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (path: string) => readFileSync(path, 'utf8');
const quoted = (text: string) => [...text.matchAll(/["']([^"'\n]+)["']/g)].map(([, word]) => word);

/** The cron expressions of a section of wrangler.toml. */
function triggers(section: string): (string | undefined)[] {
  const [, body = ''] = read('wrangler.toml').split(`\n[${section}]\n`);
  return quoted(/^crons = \[(.*)\]$/m.exec(body)?.[1] ?? '').sort();
}

test('wrangler.toml has the crons of worker/crons.ts, here and in production', () => {
  const jobs = [...read('worker/crons.ts').matchAll(/^ {2}'([^']+)': \[/gm)].map(
    ([, cron]) => cron,
  );
  expect(jobs.length).toBeGreaterThan(1);
  expect(triggers('triggers')).toEqual(jobs.sort());
  expect(triggers('env.production.triggers')).toEqual(jobs.sort());
});
