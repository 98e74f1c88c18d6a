// A bound on the time of what an app's own function does.

import type { Platform } from '../platform.ts';
import { DocumentError } from './errors.ts';

/** What `run` gives; rejects with `timed_out` when that takes longer. */
export async function within<T>(
  { setTimeout, clearTimeout }: Platform,
  ms: number,
  run: () => T | Promise<T>,
): Promise<T> {
  let timer: unknown;
  const cut = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DocumentError('timed_out', 'Not in time')), ms);
  });
  try {
    return await Promise.race([run(), cut]);
  } finally {
    clearTimeout(timer);
  }
}
