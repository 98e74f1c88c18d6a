// When to exchange, over what, and what to do when it fails.
//
// Rules:
// - One run at a time: it exchanges until the replica is idle and nothing more is wanted.
// - With an open socket an exchange is a frame; without, or when a frame is too small, a POST.
// - After a failed run it waits, longer each time, and not less than the server asked.
// - A token that the server refuses ends it until there is another, or until someone asks to sync.

import { readAnswer, readBroadcast } from './answer.ts';
import { Backoff } from './backoff.ts';
import { asSyncError, maySucceedLater, SyncError } from './errors.ts';
import { Link } from './link.ts';
import type { Local } from './local.ts';
import { Alarm } from './platform.ts';
import type { Presence } from './presence.ts';
import type { Outgoing } from './replica.ts';
import type { Phase, StatusFeed } from './status.ts';
import { readToken, type TokenSource, userOf } from './token.ts';
import { type HttpOptions, postSync } from './transport/http.ts';
import type { LiveOptions } from './transport/live.ts';

export interface SyncerOptions {
  http: HttpOptions;
  /** Null to do without sockets. */
  live: LiveOptions | null;
  token: TokenSource | undefined;
  pollMs: number;
}

interface Waiter {
  resolve: () => void;
  reject: (error: SyncError) => void;
}

const debounceMs = 10;

const isSignedOut = ({ code, status }: SyncError): boolean =>
  status === 401 || code === 'signed_out' || code === 'other_user';

export class Syncer {
  readonly #local: Local;
  readonly #options: SyncerOptions;
  readonly #feed: StatusFeed;
  readonly #presence: Presence;
  readonly #link: Link | null;
  readonly #backoff: Backoff;
  readonly #poll: Alarm;
  readonly #push: Alarm;
  readonly #abort = new AbortController();
  #waiters: Waiter[] = [];
  #started = false;
  #running = false;
  #failing = false;
  #wanted = false;
  /** The cursor of a frame that could not be applied; empty if its end is not known. */
  #missed: string | null = null;
  #byHttp = false;
  #deltasMax = Number.POSITIVE_INFINITY;
  #notBefore = 0;
  #token: string | null = null;
  #signedOut = false;

  constructor(local: Local, options: SyncerOptions, feed: StatusFeed, presence: Presence) {
    this.#local = local;
    this.#options = options;
    this.#feed = feed;
    this.#presence = presence;
    const { platform } = options.http;
    this.#backoff = new Backoff(platform.random);
    this.#poll = new Alarm(platform, () => void this.#tick());
    this.#push = new Alarm(platform, () => void this.#run());
    this.#link = options.live && new Link(options.live, this.#linkHost());
  }

  get started(): boolean {
    return this.#started;
  }

  start(): void {
    this.#started = true;
    this.#link?.start();
    void this.#run();
  }

  /** There may be something to send. */
  kick(): void {
    this.publish();
    // A run under way looks by itself; after a failure the wait goes on.
    if (!this.#started || this.#running || this.#failing || this.#signedOut) return;
    if (this.#local.replica.pending > 0 && !this.#push.isSet) this.#push.set(debounceMs);
  }

  /** Resolves when everything is exchanged; rejects if this attempt fails. */
  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.#wanted = true;
      if (this.#signedOut) this.#resume();
      else void this.#run();
    });
  }

  /** The network is back. */
  online(): void {
    if (!this.#started || this.#signedOut) return;
    this.#backoff.reset();
    this.#link?.start();
    void this.#run();
  }

  present(state: unknown): void {
    this.#link?.socket?.present(state);
  }

  stop(): void {
    const error = new SyncError('closed', 'The client was closed');
    this.#started = false;
    this.#abort.abort();
    this.#poll.clear();
    this.#push.clear();
    this.#link?.stop(error);
    this.#settle(error);
    this.#feed.set({ phase: 'stopped' });
  }

  publish(): void {
    if (!this.#started) return;
    const { pending, state } = this.#local.replica;
    this.#feed.set({
      phase: this.#phase(),
      pending,
      rejected: state.rejected.size,
      lastSyncedAt: state.meta.lastSyncedAt,
    });
  }

  #phase(): Phase {
    if (this.#signedOut) return 'signed_out';
    if (this.#running) return 'syncing';
    if (this.#failing) return 'offline';
    if (this.#link?.socket) return 'live';
    return this.#link?.connecting ? 'connecting' : 'idle';
  }

  #linkHost() {
    return {
      credentials: () => this.#credentials(),
      opened: () => {
        const { own } = this.#presence;
        if (own !== null) this.present(own);
        this.#wanted = true;
        void this.#run();
      },
      lost: (error: SyncError) => {
        this.#presence.replace(new Map());
        if (isSignedOut(error)) this.#signOut(error);
        else if (this.#started && !this.#running && !this.#poll.isSet) {
          this.#poll.set(this.#options.pollMs);
        }
        this.publish();
      },
      signedOut: (error: SyncError) => this.#signOut(error),
      broadcast: (frame: unknown) => this.#broadcast(frame),
      presence: (device: string, state: unknown) => this.#presence.heard(device, state),
    };
  }

  async #credentials(): Promise<{ device: string; token: string | null }> {
    const { replica } = this.#local;
    const token = await readToken(this.#options.token);
    this.#token = token;
    const user = userOf(token);
    const { device, user: known } = replica.state.meta;
    if (user !== null && known !== null && user !== known) {
      const message =
        'The local store holds the records of another user: give it a store of its own';
      throw new SyncError('other_user', message);
    }
    if (user !== null && known === null) await this.#local.change(() => replica.claim(user));
    return { device, token };
  }

  async #tick(): Promise<void> {
    if (!this.#signedOut) return this.#run();
    const token = await readToken(this.#options.token).catch(() => this.#token);
    if (!this.#signedOut || !this.#started) return;
    if (token !== this.#token) this.#resume();
    else this.#poll.set(this.#options.pollMs);
  }

  #resume(): void {
    this.#signedOut = false;
    this.#link?.start();
    void this.#run();
  }

  #isDone(): boolean {
    const { replica } = this.#local;
    const missing = this.#missed !== null && this.#missed !== replica.state.meta.cursor;
    return !this.#wanted && !missing && replica.idle();
  }

  async #run(): Promise<void> {
    if (!this.#started || this.#running || this.#signedOut) return;
    const { now } = this.#options.http.platform;
    if (now() < this.#notBefore) {
      this.#settle(this.#feed.now.lastError ?? undefined);
      return;
    }
    this.#running = true;
    this.#poll.clear();
    this.#push.clear();
    this.#feed.set({ progress: { pushed: 0, pulled: 0 } });
    this.publish();
    let failure: SyncError | undefined;
    try {
      do await this.#exchange();
      while (!this.#isDone());
    } catch (error) {
      failure = asSyncError(error, 'internal');
    }
    this.#running = false;
    if (!this.#started) return;
    if (failure) this.#failed(failure);
    else this.#succeeded();
  }

  async #exchange(): Promise<void> {
    const { replica } = this.#local;
    const { http } = this.#options;
    const credentials = await this.#credentials();
    const socket = this.#byHttp ? null : (this.#link?.socket ?? null);
    this.#byHttp = false;
    this.#wanted = false;
    this.#missed = null;
    const { outgoing, live } = await this.#plan(socket !== null);
    const { request, body, deltas } = outgoing;
    try {
      const signal = this.#abort.signal;
      const value = await (live && socket
        ? socket.exchange(request, body, deltas)
        : postSync(http, { body, signal, ...credentials }));
      const answer = readAnswer(value);
      await this.#local.change(() => replica.receive(request, answer, http.platform.now()));
      const { pushed, pulled } = this.#feed.now.progress;
      const progress = { pushed: pushed + deltas, pulled: pulled + answer.rows.length };
      this.#feed.set({ progress });
    } catch (error) {
      replica.fail(request);
      await this.#recover(asSyncError(error, 'internal'), outgoing, live);
      return;
    }
    if (live) this.#link?.worked();
    this.publish();
  }

  async #plan(live: boolean): Promise<{ outgoing: Outgoing; live: boolean }> {
    const { replica } = this.#local;
    const now = this.#options.http.platform.now();
    const deltasMax = this.#deltasMax;
    let outgoing = null as Outgoing | null;
    let fits = live;
    await this.#local.change(() => {
      const first = replica.next(now, { live, deltasMax });
      fits = live && first !== 'too_large';
      outgoing = first === 'too_large' ? (replica.next(now, { deltasMax }) as Outgoing) : first;
      return outgoing.changes;
    });
    return { outgoing: outgoing as unknown as Outgoing, live: fits };
  }

  /** Returns if another exchange may do better at once; else throws the error. */
  async #recover(error: SyncError, outgoing: Outgoing, live: boolean): Promise<void> {
    const { replica } = this.#local;
    if (!this.#started || this.#signedOut || isSignedOut(error)) throw error;
    if (live && ['frame_too_large', 'offline', 'timed_out'].includes(error.code)) {
      this.#byHttp = true;
      this.#wanted = true;
    } else if (error.code === 'invalid_cursor' && replica.state.meta.cursor !== null) {
      await this.#local.change(() => replica.forgetCursor());
    } else if (error.status === 413 && outgoing.deltas > 1) {
      this.#deltasMax = Math.floor(outgoing.deltas / 2);
    } else {
      throw error;
    }
  }

  #succeeded(): void {
    this.#failing = false;
    this.#deltasMax = Number.POSITIVE_INFINITY;
    this.#backoff.reset();
    if (!this.#link?.socket) this.#poll.set(this.#options.pollMs);
    this.#feed.set({ lastError: null });
    this.publish();
    this.#settle();
  }

  #failed(error: SyncError): void {
    if (isSignedOut(error)) {
      this.#signOut(error);
      return;
    }
    this.#failing = true;
    const { retryAfterMs = 0 } = error;
    const leastMs = maySucceedLater(error) ? retryAfterMs : this.#options.pollMs;
    if (retryAfterMs > 0) this.#notBefore = this.#options.http.platform.now() + retryAfterMs;
    this.#poll.set(Math.max(leastMs, this.#backoff.next()));
    this.#feed.set({ lastError: error });
    this.publish();
    this.#settle(error);
  }

  #signOut(error: SyncError): void {
    if (!this.#started) return;
    this.#signedOut = true;
    this.#link?.stop(error);
    this.#push.clear();
    this.#poll.set(this.#options.pollMs);
    this.#feed.set({ lastError: error });
    this.publish();
    this.#settle(error);
  }

  #settle(error?: SyncError): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const { resolve, reject } of waiters) error ? reject(error) : resolve();
  }

  /** Throws a `bad_answer`: then the socket is closed. */
  #broadcast(frame: unknown): void {
    const changes = readBroadcast(frame);
    const gap = () => {
      this.#missed = changes.hasMore ? '' : changes.cursor;
      void this.#run();
    };
    let outcome = 'gap';
    this.#local
      .change(() => {
        const told = this.#local.replica.broadcast(changes);
        outcome = told.outcome;
        return told.changes;
      })
      .then(() => outcome === 'gap' && gap(), gap);
  }
}
