// A log that is kept in memory: after a crash of its server it is another log.

import { expect, it } from 'vitest';
import { connected, message, useViewer } from './viewer.ts';

const viewer = useViewer({ EVENTS_STORAGE: 'memory' });

it('a log that was wiped is shown anew, and nothing of the old one is left', async () => {
  const log = viewer.newLog();
  await viewer.write(log, [message('Before'), message('Also before')]);
  const page = await viewer.open(log);
  await page.getByText('Also before').waitFor();
  await viewer.crash();
  await connected(page);
  await viewer.write(log, [message('After')]);
  await page.getByText('After').waitFor();
  await expect.poll(() => page.getByRole('article').count()).toBe(1);
  expect(await page.getByRole('article').textContent()).toContain('#1');
});
