// When a journal drops what no longer counts: entries that another one of the same key has beaten,
// and that the servers have acknowledged. What is shown is the same before and after.

import { EventsError } from './errors.ts';

export interface Compaction {
  /** After so many new entries. */
  readonly every: number;
}

export function compactByCount(every: number): Compaction {
  if (!Number.isSafeInteger(every) || every < 1) {
    throw new EventsError('invalid_config', 'compactByCount takes a whole number from 1 on');
  }
  return { every };
}
