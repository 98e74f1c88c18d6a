// The runtime killed under clients that push, patch and write events: a short form of
// `npm run test:long`.

import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/** Processes whose environment has the variable. */
function processesWith(variable: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(variable);
    } catch {
      return false; // It ended, or is another user's.
    }
  });
}

test('three kills lose nothing that was acknowledged, and leave no process behind', () => {
  const run = randomUUID();
  const { status, stdout, stderr } = spawnSync('node', ['tests/kill/kill.mjs', '--kills', '3'], {
    encoding: 'utf8',
    env: { ...process.env, TIDEMARK_KILL_RUN: run },
    timeout: 90_000,
  });
  expect(stdout, stderr).toMatch(/^3 kills: [1-9]\d* acknowledged, 0 lost, [1-9]\d* retries/m);
  expect(stdout, stderr).toMatch(
    /^documents: [1-9]\d* writes acknowledged, 0 not published or not noted$/m,
  );
  expect(stdout, stderr).toMatch(
    /^events: [1-9]\d* entries acknowledged, 0 missing, 0 twice or apart$/m,
  );
  expect(status).toBe(0);
  expect(processesWith(`TIDEMARK_KILL_RUN=${run}`)).toEqual([]);
}, 120_000);
