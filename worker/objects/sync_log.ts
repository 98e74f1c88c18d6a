// SyncDurableObject: a tenant's event log, its single writer where the log lies in the object. It
// binds storage, alarm, sockets and D1 to the core and decides nothing.
//
// A socket's attachment is its number, what it may do, as whom, and under which key it writes: all
// else that is known of it lies in tables, so it outlives the object's memory.

import { Held, type Reply } from '../drive.ts';
import type { Env } from '../env.ts';
import type { IdentityFrame, Params } from '../frames.ts';
import { logError, logEvent } from '../log.ts';
import type { Call } from '../requests.ts';
import { CALL_HEADER } from '../space_client.ts';
import { Arrivals, type Arrived } from './arrivals.ts';
import { Unread, withBody } from './bodies.ts';
import { EngineObject, responseOf, unread } from './engine_object.ts';
import { close, SIGNED_OUT } from './sockets.ts';

interface Attached {
  socket: number;
  access: string;
  identity: IdentityFrame | null;
  /** That it writes under: of its first write. */
  publicKey: string;
}

const ALARM_RETRY_MS = 10_000;

/** Frames of a socket that wait for those before them, where each takes a while, in D1; and the
 * bytes of all sockets' together. */
const WAITING_OF_SOCKET_MAX = 64;
const WAITING_BYTES_MAX = 32 << 20;

/** One byte more than the core takes (limits.h, kAccountBodyBytesMax): it says what is too much. */
const BODY_READ_MAX = 4_097;

const EXPIRES_MS = 6; // its place in an IdentityFrame

/** What goes out to a socket that catches up waits in the isolate until the socket reads it: nobody
 * tells how much that is, so after so many bytes comes a pause. */
const BURST_BYTES = 32 << 20;
const PAUSE_MS = 1_000;

export class SyncDurableObject extends EngineObject {
  protected override readonly opener = 'open_events';
  readonly #sockets = new Map<number, WebSocket>();
  readonly #attached = new WeakMap<WebSocket, Attached>();
  readonly #ended = new WeakSet<WebSocket>();
  readonly #storage: Params;
  readonly #arrivals: Arrivals;
  #last: Promise<unknown> = Promise.resolve();
  readonly #waitingOf = new WeakMap<WebSocket, number>();
  #waitingBytes = 0;
  #delivering: Promise<void> | undefined;
  #deliverAgain = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#storage = {
      storage: env.EVENTS_STORAGE ?? '',
      keep_entries: env.EVENTS_KEEP_ENTRIES ?? '',
      keep_days: env.EVENTS_KEEP_DAYS ?? '',
    };
    this.#arrivals = new Arrivals(ctx, {
      isBound: (webSocket) => this.#of(webSocket).publicKey !== '',
      runGroup: (frames) => this.#runGroup(frames),
      failed: (error) => logError(error, { event: 'events.failed', object: this.name }),
    });
    for (const webSocket of ctx.getWebSockets()) {
      this.#sockets.set(this.#of(webSocket).socket, webSocket);
    }
  }

  /** Joins a socket, or runs an operation on access keys, named in a header by the Worker. */
  override async fetch(request: Request): Promise<Response> {
    this.requireName();
    const call = JSON.parse(request.headers.get(CALL_HEADER) ?? '{}') as Call;
    if (request.headers.get('upgrade') === 'websocket') return this.#join(call);
    try {
      return await withBody(
        request,
        async ({ bytes, size }) => {
          const reply = await this.#run(call, bytes, size);
          const closed = JSON.parse(reply.data.close_sockets ?? '[]') as number[];
          const reason = 'unauthorized: the key was revoked';
          for (const socket of closed) this.#close(socket, 1008, reason);
          return responseOf(reply);
        },
        BODY_READ_MAX,
      );
    } catch (error) {
      if (error instanceof Unread) return unread(error);
      throw error;
    }
  }

  async #join(call: Call): Promise<Response> {
    const params = { ...call.params, sockets: String(this.#sockets.size) };
    const reply = await this.#run({ ...call, params });
    const { status, data } = reply;
    if (status >= 400) return responseOf(reply);
    const [theirs, ours] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
    const attached: Attached = {
      socket: Number(data.socket),
      access: data.access ?? '',
      identity: call.identity,
      publicKey: '',
    };
    this.ctx.acceptWebSocket(ours);
    ours.serializeAttachment(attached);
    this.#attached.set(ours, attached);
    this.#sockets.set(attached.socket, ours);
    ours.send(reply.bytes());
    return new Response(null, { status: 101, webSocket: theirs });
  }

  #of(webSocket: WebSocket): Attached {
    let attached = this.#attached.get(webSocket);
    if (attached === undefined) {
      attached = webSocket.deserializeAttachment() as Attached;
      this.#attached.set(webSocket, attached);
    }
    return attached;
  }

  override webSocketMessage(
    webSocket: WebSocket,
    message: string | ArrayBuffer,
  ): void | Promise<void> {
    if (this.#ended.has(webSocket) || webSocket.readyState !== WebSocket.OPEN) return;
    if (typeof message === 'string') {
      this.#dismiss(webSocket, 1003, 'text_frame: frames are binary');
      return;
    }
    const bytes = new Uint8Array(message);
    if (!this.#spans) return this.#arrivals.add({ webSocket, bytes });
    const waits = this.#waitingOf.get(webSocket) ?? 0;
    if (waits >= WAITING_OF_SOCKET_MAX || this.#waitingBytes > WAITING_BYTES_MAX) {
      this.#dismiss(webSocket, 1013, 'busy: too many frames wait; try again');
      return;
    }
    return this.#wait(webSocket, bytes, waits);
  }

  async #wait(webSocket: WebSocket, bytes: Uint8Array, waits: number): Promise<void> {
    this.#waitingOf.set(webSocket, waits + 1);
    this.#waitingBytes += bytes.byteLength;
    try {
      this.#answer(webSocket, await this.#inTurn(() => this.#callOf(webSocket), bytes));
    } catch (error) {
      this.#fail(webSocket, error);
    } finally {
      this.#waitingOf.set(webSocket, (this.#waitingOf.get(webSocket) ?? 1) - 1);
      this.#waitingBytes -= bytes.byteLength;
    }
  }

  #runGroup(frames: Arrived[]): void {
    // What it sent before it left is taken; what it sends after it was told to go is not.
    const taken = frames.filter(({ webSocket }) => !this.#ended.has(webSocket));
    const locals = taken.map(({ webSocket, bytes }) => ({
      call: this.#callOf(webSocket),
      held: new Held(bytes),
    }));
    const answer = (at: number, reply: Reply) =>
      this.#tryFor((taken[at] as Arrived).webSocket, () => reply);
    // One that is refused takes back all: each alone, then.
    if (taken.length > 1 && this.together(locals, answer)) return;
    for (const frame of taken) this.#runFrame(frame);
  }

  #runFrame({ webSocket, bytes }: Arrived): void {
    if (this.#ended.has(webSocket)) return;
    this.#tryFor(webSocket, () =>
      this.local(this.#callOf(webSocket), new Held(bytes), bytes.byteLength),
    );
  }

  #tryFor(webSocket: WebSocket, run: () => Reply): void {
    try {
      this.#answer(webSocket, run());
    } catch (error) {
      this.#fail(webSocket, error);
    }
  }

  #callOf(webSocket: WebSocket): Call {
    const { socket, access, identity, publicKey } = this.#of(webSocket);
    const params = { ...this.#storage, socket: String(socket), access, public_key: publicKey };
    return { operation: 'event_frame', identity, params };
  }

  #answer(webSocket: WebSocket, reply: Reply): void {
    const { data } = reply;
    if (data.close !== undefined) {
      logEvent({ event: 'events.closed', object: this.name, error: data.error, ...data });
      this.#dismiss(webSocket, Number(data.close), data.reason ?? '');
    } else if (data.error !== undefined) {
      // Not the operation's own word: it did not begin.
      this.#dismiss(webSocket, 1013, `${data.error}: try again`);
    } else {
      const frame = reply.bytes();
      if (frame.byteLength > 0) this.#sendTo(webSocket, frame);
      if (data.public_key !== undefined) this.#bind(webSocket, data.public_key);
      if (data.deliver !== undefined) this.#deliver();
    }
  }

  #bind(webSocket: WebSocket, publicKey: string): void {
    const attached = { ...this.#of(webSocket), publicKey };
    this.#attached.set(webSocket, attached);
    webSocket.serializeAttachment(attached);
  }

  #fail(webSocket: WebSocket, error: unknown): void {
    logError(error, { event: 'events.failed', object: this.name });
    this.#dismiss(webSocket, 1011, 'internal: it failed here; it is safe to send it again');
  }

  #dismiss(webSocket: WebSocket, code: number, reason: string): void {
    this.#ended.add(webSocket);
    close(webSocket, code, reason);
  }

  override async webSocketClose(webSocket: WebSocket, code: number): Promise<void> {
    this.#arrivals.run();
    close(webSocket, code === 1005 ? 1000 : code, '');
    await this.#leave(webSocket);
  }

  override async webSocketError(webSocket: WebSocket): Promise<void> {
    this.#arrivals.run();
    await this.#leave(webSocket);
  }

  /** After all that it has sent. */
  async #leave(webSocket: WebSocket): Promise<void> {
    const { socket } = this.#of(webSocket);
    this.#sockets.delete(socket);
    const params = { socket: String(socket) };
    await this.#run({ operation: 'leave_events', identity: null, params });
  }

  override async alarm(): Promise<void> {
    this.alarmRang();
    try {
      const params = this.#storage;
      const reply = await this.#run({ operation: 'tick_events', identity: null, params });
      const { status, data } = reply;
      if (data.close !== undefined) this.#end(data);
      if (data.deliver !== undefined) this.#deliver();
      if (status < 400) return;
      logEvent({ event: 'events.tick_refused', object: this.name, status, ...data });
    } catch (error) {
      logError(error, { event: 'events.tick_failed', object: this.name });
    }
    // The runtime gives up on an alarm that keeps failing: this one is set anew each time.
    this.setAlarm(Date.now() + ALARM_RETRY_MS);
  }

  protected override send(sockets: number[], frame: Uint8Array): void {
    const now = Date.now();
    for (const socket of sockets) {
      const webSocket = this.#sockets.get(socket);
      if (webSocket?.readyState !== WebSocket.OPEN) continue;
      const expiresMs = this.#of(webSocket).identity?.[EXPIRES_MS] ?? 0;
      if (expiresMs === 0 || now < expiresMs) this.#sendTo(webSocket, frame);
      else this.#dismiss(webSocket, SIGNED_OUT, 'signed_out: the token has ended');
    }
  }

  #sendTo(webSocket: WebSocket, frame: Uint8Array): void {
    try {
      webSocket.send(frame);
    } catch {
      close(webSocket, 1011, 'internal: not reachable');
    }
  }

  #end(data: Params): void {
    logEvent({ event: 'events.closed', object: this.name, ...data });
    this.#close(Number(data.socket), Number(data.close), data.reason ?? '');
  }

  #close(socket: number, code: number, reason: string): void {
    const webSocket = this.#sockets.get(socket);
    if (webSocket !== undefined) this.#dismiss(webSocket, code, reason);
  }

  protected override opening(): Params {
    return { ...this.#storage, sockets: JSON.stringify([...this.#sockets.keys()]) };
  }

  protected override opened({ data }: Reply): void {
    if (data.restarted !== undefined) {
      for (const socket of this.#sockets.keys()) this.#close(socket, 1012, 'restarted: log wiped');
    }
    if (this.#sockets.size > 0) this.#deliver();
  }

  get #spans(): boolean {
    return this.#storage.storage === 'd1';
  }

  async #run(
    call: Call,
    bytes: Uint8Array = new Uint8Array(),
    size = bytes.byteLength,
  ): Promise<Reply> {
    const made = { ...call, params: { ...this.#storage, ...call.params } };
    if (this.#spans) return this.#inTurn(() => made, bytes, size);
    return this.local(made, new Held(bytes), size);
  }

  /** Runs a spanning operation after those that are under way: none meets another halfway. */
  #inTurn(call: () => Call, bytes: Uint8Array, size = bytes.byteLength): Promise<Reply> {
    this.open();
    const turn = this.#last.then(() => this.spanning(call(), new Held(bytes), size));
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Sends what those who are behind have not got: one run at a time, and once more where it was
   * asked for meanwhile. */
  #deliver(): void {
    this.#deliverAgain = this.#delivering !== undefined;
    if (this.#deliverAgain) return;
    this.#delivering = this.#deliverAll();
    this.ctx.waitUntil(this.#delivering);
  }

  async #deliverAll(): Promise<void> {
    let after = '0';
    let bytes = 0;
    try {
      for (;;) {
        this.#deliverAgain = false;
        const call = { operation: 'deliver_events', identity: null, params: { after } };
        const { status, data } = await this.#run(call);
        if (status >= 400) throw new Error(`nothing was delivered: ${data.error}`);
        if (data.close !== undefined) this.#end(data);
        if (data.more === undefined && !this.#deliverAgain) break;
        after = data.after ?? '0';
        bytes += Number(data.bytes ?? 0);
        const pause = bytes > BURST_BYTES ? PAUSE_MS : 0;
        if (pause > 0) bytes = 0;
        await scheduler.wait(pause);
      }
    } catch (error) {
      logError(error, { event: 'events.deliver_failed', object: this.name });
      this.setAlarm(Date.now() + ALARM_RETRY_MS);
    }
    this.#delivering = undefined;
  }
}
