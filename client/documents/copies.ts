// Whether a copy that came takes the place of the one that is held. An older one never hides what
// is known of a later version.

import type { Write } from '../stores/store.ts';
import { equal } from './json.ts';
import { emptyWrite, type State } from './state.ts';
import type { Copy } from './types.ts';
import { readVersion } from './version.ts';

/** `unclear`: it is of another life of the document. Which one is over, only the owner can say. */
export type Standing = 'newer' | 'known' | 'unclear';

export function standing(held: Copy | null, copy: Copy): Standing {
  if (held === null) return 'newer';
  const [before, now] = [readVersion(held.version), readVersion(copy.version)];
  if (before === null) {
    return now !== null || !equal(held.document, copy.document) ? 'newer' : 'known';
  }
  if (now === null) return 'unclear';
  if (now.epoch !== before.epoch) return 'unclear';
  return now.number > before.number ? 'newer' : 'known';
}

/**
 * Holds the copy, and forgets what is in it already. `final`: whatever is known of another life of
 * the document is over.
 */
export function takeCopy(state: State, copy: Copy, final: boolean): Write {
  const write = emptyWrite();
  write.put.push(['meta', 'copy', copy]);
  const taken = readVersion(copy.version);
  if (taken === null) return write;
  for (const [key, { version }] of state.known) {
    const known = readVersion(version);
    const isOver =
      known?.epoch === taken.epoch ? known.number <= taken.number : final || known === null;
    if (isOver) write.delete.push(['base', key]);
  }
  return write;
}
