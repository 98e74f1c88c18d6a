// One connection after another, with a wait between that grows. It knows when to give up: what a
// person must mend is not tried again.

import { Backoff } from '../../backoff.ts';
import { Alarm, type Platform } from '../../platform.ts';
import type { Remote, Secret } from '../config.ts';
import { asEventsError, EventsError, mayPass } from '../errors.ts';
import { addressOf } from './address.ts';
import { Connection, type ConnectionEvents } from './connection.ts';
import type { OpenedSocket, WebSocketLayer } from './sockets.ts';

const backoffMaxMs = 30_000;
const busyWaitMs = 5_000;

export interface LinkOptions {
  remote: Remote;
  layer: WebSocketLayer;
  platform: Platform;
  timeoutMs: number;
}

export interface LinkHost extends Omit<ConnectionEvents, 'closed'> {
  connecting(): void;
  /** A connection ended, or none could be had. `again`: it is tried once more. */
  lost(error: EventsError, again: boolean): void;
}

export class Link {
  readonly #options: LinkOptions;
  readonly #host: LinkHost;
  readonly #backoff: Backoff;
  readonly #again: Alarm;
  #connection: Connection | null = null;
  #attempt: object | null = null;
  #stopped = true;

  constructor(options: LinkOptions, host: LinkHost) {
    this.#options = options;
    this.#host = host;
    this.#backoff = new Backoff(options.platform.random, backoffMaxMs);
    this.#again = new Alarm(options.platform, () => void this.#connect());
  }

  get connection(): Connection | null {
    return this.#connection;
  }

  /** Connects, now if it waits. */
  start(): void {
    this.#stopped = false;
    this.#backoff.reset();
    void this.#connect();
  }

  /** Connects now if it waits; what has stopped stays so. */
  hurry(): void {
    if (!this.#stopped) this.start();
  }

  stop(): void {
    this.#stopped = true;
    this.#again.clear();
    this.#attempt = null;
    const connection = this.#connection;
    this.#connection = null;
    connection?.end(new EventsError('closed', 'The connection was closed'));
  }

  /** The connection is of use: the next failure is the first again. */
  worked(): void {
    this.#backoff.reset();
  }

  async #connect(): Promise<void> {
    if (this.#stopped || this.#attempt || this.#connection) return;
    this.#again.clear();
    const attempt = {};
    this.#attempt = attempt;
    this.#host.connecting();
    try {
      const opened = await this.#open();
      if (this.#attempt === attempt) this.#begin(opened);
      else opened.socket.close(1000);
    } catch (error) {
      if (this.#attempt !== attempt) return;
      this.#attempt = null;
      this.#lost(asEventsError(error, 'offline'));
    }
  }

  async #open(): Promise<OpenedSocket> {
    const { remote, layer } = this.#options;
    const token = await read(remote.auth.token);
    const ticket = await read(remote.auth.ticket);
    return layer.open({ url: addressOf(remote, ticket), token });
  }

  #begin(opened: OpenedSocket): void {
    this.#attempt = null;
    const { remote, platform, timeoutMs } = this.#options;
    const options = { platform, timeoutMs, disablePing: remote.disablePing };
    const connection = new Connection(opened, options, {
      heard: () => this.#host.heard(),
      message: (message) => {
        if (this.#connection === connection) this.#host.message(message);
      },
      closed: (error) => {
        if (this.#connection !== connection) return;
        this.#connection = null;
        this.#lost(error);
      },
    });
    this.#connection = connection;
  }

  #lost(error: EventsError): void {
    const { token, ticket } = this.#options.remote.auth;
    // A function may give other credentials than those that were refused.
    const renewable = typeof token === 'function' || typeof ticket === 'function';
    const again = mayPass(error) || (error.code === 'signed_out' && renewable);
    if (again && !this.#stopped) {
      this.#again.set(
        Math.max(
          error.closeCode === 1013 || error.code === 'busy' ? busyWaitMs : 0,
          this.#backoff.next(),
        ),
      );
    } else {
      this.#stopped = true;
    }
    this.#host.lost(error, again);
  }
}

async function read(secret: Secret | undefined): Promise<string | null> {
  if (secret === undefined) return null;
  if (typeof secret === 'string') return secret;
  try {
    const found = await secret();
    if (found) return found;
  } catch (cause) {
    throw new EventsError('offline', 'The credentials could not be had', { cause });
  }
  throw new EventsError('signed_out', 'There are no credentials');
}
