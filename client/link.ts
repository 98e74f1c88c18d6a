// The live connection: one socket after another, with a wait between that grows. The socket itself
// is in transport/live.ts.

import { Backoff } from './backoff.ts';
import { SyncError } from './errors.ts';
import { Alarm } from './platform.ts';
import { type LiveOptions, LiveSocket } from './transport/live.ts';

export interface LinkHost {
  credentials(): Promise<{ device: string; token: string | null }>;
  /** A socket has opened. */
  opened(): void;
  /** A socket has ended, or none could be had. */
  lost(error: SyncError): void;
  /** The server no longer takes the token. */
  signedOut(error: SyncError): void;
  broadcast(frame: unknown): void;
  presence(device: string, state: unknown): void;
}

const signedOutCode = 4401;
const tooFastCode = 4429;
const tooFastWaitMs = 60_000;

export class Link {
  readonly #options: LiveOptions;
  readonly #host: LinkHost;
  readonly #backoff: Backoff;
  readonly #again: Alarm;
  #socket: LiveSocket | null = null;
  #connecting = false;
  #stopped = true;

  constructor(options: LiveOptions, host: LinkHost) {
    this.#options = options;
    this.#host = host;
    this.#backoff = new Backoff(options.platform.random);
    this.#again = new Alarm(options.platform, () => void this.#connect());
  }

  /** The open socket. */
  get socket(): LiveSocket | null {
    return this.#socket;
  }

  get connecting(): boolean {
    return this.#connecting;
  }

  /** Connects, now if it waits. */
  start(): void {
    this.#stopped = false;
    this.#backoff.reset();
    void this.#connect();
  }

  stop(error: SyncError): void {
    this.#stopped = true;
    this.#again.clear();
    this.#socket?.end(error);
  }

  /** An exchange over the socket has succeeded: the next failure is the first again. */
  worked(): void {
    this.#backoff.reset();
  }

  async #connect(): Promise<void> {
    if (this.#stopped || this.#connecting || this.#socket) return;
    this.#again.clear();
    this.#connecting = true;
    let waitMs = 0;
    const events = {
      broadcast: (frame: unknown) => this.#host.broadcast(frame),
      presence: (device: string, state: unknown) => this.#host.presence(device, state),
      error: ({ retryAfterMs = 0 }: SyncError) => {
        waitMs = retryAfterMs;
      },
      closed: (error: SyncError, code: number) => this.#closed(error, code, waitMs),
    };
    try {
      const credentials = await this.#host.credentials();
      if (this.#stopped) return;
      const socket = await LiveSocket.connect(this.#options, events, credentials);
      if (this.#stopped) {
        socket.end(new SyncError('closed', 'The client was closed'));
        return;
      }
      this.#socket = socket;
    } catch (error) {
      this.#connecting = false;
      this.#wait(error as SyncError, 0);
      return;
    } finally {
      this.#connecting = false;
    }
    this.#host.opened();
  }

  #closed(error: SyncError, code: number, waitMs: number): void {
    this.#socket = null;
    if (code === signedOutCode) {
      this.#host.signedOut(error);
      return;
    }
    this.#wait(error, code === tooFastCode ? tooFastWaitMs : waitMs);
  }

  #wait(error: SyncError, leastMs: number): void {
    if (!this.#stopped) this.#again.set(Math.max(leastMs, this.#backoff.next()));
    this.#host.lost(error);
  }
}
