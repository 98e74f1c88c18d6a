// What the other devices of the space show of themselves while they are connected. Nothing of it is
// kept: a connection that ends takes it along.

import { SyncError } from './errors.ts';
import { call, Listeners } from './listeners.ts';

const bytesMax = 2_048;

export interface PresenceHost {
  send(state: unknown): void;
}

export class Presence {
  readonly #host: PresenceHost;
  readonly #listeners = new Listeners<ReadonlyMap<string, unknown>>();
  #peers = new Map<string, unknown>();
  #own: unknown = null;

  constructor(host: PresenceHost) {
    this.#host = host;
  }

  /** This device's state: JSON of at most 2,048 bytes; null for none. */
  set(state: unknown): void {
    const text = JSON.stringify(state) ?? 'null';
    if (new TextEncoder().encode(text).length > bytesMax) {
      throw new SyncError('invalid_data', `A state is at most ${bytesMax} bytes of JSON`);
    }
    this.#own = JSON.parse(text);
    this.#host.send(this.#own);
  }

  get own(): unknown {
    return this.#own;
  }

  /** The states of the other devices, by device. */
  get peers(): ReadonlyMap<string, unknown> {
    return this.#peers;
  }

  /** Calls with the peers now, and after each change. */
  subscribe(listener: (peers: ReadonlyMap<string, unknown>) => void): () => void {
    const stop = this.#listeners.add(listener);
    call(listener, this.#peers);
    return stop;
  }

  /** For the connection: a peer's state, or null when it left. */
  heard(device: string, state: unknown): void {
    const peers = new Map(this.#peers);
    if (state === null) peers.delete(device);
    else peers.set(device, state);
    this.replace(peers);
  }

  replace(peers: Map<string, unknown>): void {
    this.#peers = peers;
    this.#listeners.tell(peers);
  }
}
