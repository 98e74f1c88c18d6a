// What a sync is doing.

import type { EventsError } from '../errors.ts';

export type SyncState =
  | 'connecting'
  | 'syncing' // connected; the server or this device still has something for the other
  | 'connected' // equal to the server, and told of changes
  | 'error' // it stopped, and needs a person: see `error`
  | 'disconnected'; // off; with an `error` it tries again

export interface SyncStatus {
  state: SyncState;
  /** When something last came from the server, in milliseconds. */
  lastSeen: number | null;
  error: EventsError | null;
  /** Entries that the server has not acknowledged. */
  pending: number;
  /** Entries that came and that this key does not open. */
  undecryptable: number;
  /** Sequences that the server never gave, although it was asked again. */
  missing: number;
  /** The highest sequence up to which all was had. */
  sequence: number;
  /** The server's name of its log; null before its first greeting. */
  remoteId: string | null;
}
