// What stores in files have in common, for Node.

import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

const turns = new Map<string, Promise<unknown>>();

/** One at a time, for each file. */
export function inTurn<T>(path: string, run: () => Promise<T>): Promise<T> {
  const turn = (turns.get(path) ?? Promise.resolve()).then(run);
  const over = turn
    .catch(() => {})
    .then(() => {
      if (turns.get(path) === over) turns.delete(path);
    });
  turns.set(path, over);
  return turn;
}

/** Writes beside the file and renames it over it: whoever reads finds the old text or the new. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const beside = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(beside, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Makes a new name durable, where a folder can be opened. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path).catch(() => null);
  await folder?.sync().catch(() => {});
  await folder?.close();
}
