// The status of the connection in words. What is read out is the state alone; when the server was
// heard last changes by the second, beside it.

import type { SyncState, SyncStatus } from '../../../../client/events/sync/status.ts';
import { byId, tell } from '../admin/dom.ts';

type Status = Pick<SyncStatus, 'state' | 'lastSeen' | 'error'>;

const WORDS: Record<SyncState, string> = {
  connecting: 'Connecting…',
  connected: 'Connected',
  syncing: 'Syncing…',
  error: 'Error',
  disconnected: 'Disconnected',
};

const SECOND_MS = 1_000;
const UNITS = [
  ['s', 60],
  ['min', 60],
  ['h', 24],
  ['d', Number.POSITIVE_INFINITY],
] as const;

/** Such as `3 min`. */
export function shortSpan(ms: number): string {
  let count = Math.max(0, Math.floor(ms / SECOND_MS));
  for (const [unit, size] of UNITS) {
    if (count < size) return `${count} ${unit}`;
    count = Math.floor(count / size);
  }
  return '';
}

/** Who is connected syncs for a moment at each entry: that is not worth saying. */
const MOMENT_MS = 400;

export class StatusLine {
  #status: Status = { state: 'disconnected', lastSeen: null, error: null };
  #said: SyncState | null = null;
  #later = 0;

  constructor() {
    setInterval(() => this.#tick(), SECOND_MS);
  }

  /** There is nothing to connect to yet. */
  none(): void {
    byId('status').textContent = 'No log is followed yet';
  }

  show(status: Status): void {
    this.#status = status;
    if (this.#said === 'connected' && status.state === 'syncing') {
      this.#later ||= setTimeout(() => this.#say(), MOMENT_MS);
    } else {
      this.#say();
    }
    this.#tick();
  }

  #say(): void {
    clearTimeout(this.#later);
    this.#later = 0;
    const { state, error } = this.#status;
    this.#said = state;
    const place = byId('status');
    place.dataset.state = state;
    const text = error === null ? WORDS[state] : `${WORDS[state]}: ${error.message}`;
    if (place.textContent !== text) place.textContent = text;
    byId('retry').hidden = state !== 'error' && state !== 'disconnected';
  }

  #tick(): void {
    const { lastSeen } = this.#status;
    const span = lastSeen === null ? '' : `last seen ${shortSpan(Date.now() - lastSeen)} ago`;
    tell(byId('seen'), span);
  }
}
