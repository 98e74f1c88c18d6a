// Which of two entries about the same thing counts. The answer is a total order of the entries'
// ids and names, so that all replicas agree whatever the order in which they heard of them.

import { type EntryId, millisOf } from './entry_id.ts';

export interface Contender {
  readonly id: EntryId;
  readonly event: string;
}

export interface ConflictPolicy {
  readonly name: string;
  /** Whether `challenger` counts instead of `holder`. Never both ways round. */
  prefers(challenger: Contender, holder: Contender): boolean;
}

/** The later one by its writer's clock; of one millisecond the one with the greater id. */
export const lastWriteWins: ConflictPolicy = {
  name: 'last_write_wins',
  prefers: (challenger, holder) =>
    millisOf(challenger.id) - millisOf(holder.id) > 0 ||
    (millisOf(challenger.id) === millisOf(holder.id) && challenger.id > holder.id),
};
