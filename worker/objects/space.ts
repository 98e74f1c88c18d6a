// SpaceDO: a user's space of records, its single writer. It binds storage, alarm, sockets and D1 to
// the core and decides nothing.

import { Held, type Reply } from '../drive.ts';
import type { Env } from '../env.ts';
import { logError, logEvent } from '../log.ts';
import { placeOf } from '../places.ts';
import type { Call } from '../requests.ts';
import { CALL_HEADER, type SpaceReply } from '../space_client.ts';
import { discardBody, Unread, withBody } from './bodies.ts';
import { EngineObject, responseOf, unread } from './engine_object.ts';
import { close, errorFrame, SIGNED_OUT, Sockets, send } from './sockets.ts';

const ALARM_RETRY_MS = 10_000;

/** A body that takes longer may outlast its token. */
const READ_AT_ONCE_MS = 1000;

/** A frame out of the object (limits.h, kFrameBytesOutMax); a unit of text takes 3 at most. */
const FRAME_BYTES_MAX = 900_000;
const tooLarge = (text: string) =>
  text.length * 3 > FRAME_BYTES_MAX && encoder.encode(text).byteLength > FRAME_BYTES_MAX;

const encoder = new TextEncoder();

export class SpaceDO extends EngineObject {
  protected override readonly opener = 'open_space';
  readonly #sockets: Sockets;
  #era = 0; // counts sign-outs everywhere
  #admission = ''; // what the core was told last of who is let in
  #catchingUp: Promise<Reply> | undefined;
  #following: Promise<void> | undefined;
  #followAgain = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sockets = new Sockets(ctx);
  }

  /** A local operation on the request's body, named in a header by the Worker. */
  override async fetch(request: Request): Promise<Response> {
    this.requireName();
    const call = JSON.parse(request.headers.get(CALL_HEADER) ?? '{}') as Call;
    const refused = this.#refuse(call);
    if (refused !== undefined) {
      await discardBody(request);
      return responseOf(refused);
    }
    if (request.headers.get('upgrade') === 'websocket') return this.#join(call);
    const admittedAt = Date.now();
    const era = this.#era;
    try {
      return await withBody(request, ({ bytes, size }) => {
        // Whoever sends slowly is asked again: the token may have ended or been revoked meanwhile.
        const late = this.#era !== era || Date.now() - admittedAt > READ_AT_ONCE_MS;
        const ended = late ? this.#refuse(call) : undefined;
        return responseOf(ended ?? this.#run(call, bytes, size));
      });
    } catch (error) {
      if (error instanceof Unread) return unread(error);
      throw error;
    }
  }

  #run(call: Call, bytes: Uint8Array, size: number): Reply {
    call.params.sockets = String(this.#sockets.count);
    const reply = this.local(call, new Held(bytes), size);
    this.#admission = reply.data.admission ?? this.#admission;
    if (reply.data.close_sockets !== undefined) {
      this.#era += 1;
      this.#sockets.closeAll(SIGNED_OUT, 'signed out');
    }
    return reply;
  }

  /** Admits requests that run elsewhere, so many at once: the answer says how many and until when,
   * or why none. */
  async admit(call: Call, requests = 1): Promise<SpaceReply & { body: string }> {
    this.requireName();
    const reply = this.#admit(call, requests);
    const { status, headers, data } = reply;
    return { status, headers, data, body: reply.text() };
  }

  #refuse(call: Call): Reply | undefined {
    if (call.requestsMax === undefined) return undefined; // From the Worker, and not from a caller.
    const reply = this.#admit(call, 1);
    return reply.status >= 400 ? reply : undefined;
  }

  #admit({ identity, requestsMax }: Call, requests: number): Reply {
    const params = {
      admission: this.#admission,
      requests_max: requestsMax ?? '',
      requests: String(requests),
    };
    const reply = this.local({ operation: 'admit', identity, params }, new Held(), 0);
    if (reply.status < 400) this.#admission = reply.data.admission ?? '';
    return reply;
  }

  #join(call: Call): Response {
    call.params.sockets = String(this.#sockets.count);
    const reply = this.local(call, new Held(), 0);
    const { status, data } = reply;
    if (status >= 400 || call.identity === null) return responseOf(reply);
    const [theirs, ours] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
    this.#sockets.accept(ours, {
      device: data.device ?? '',
      identity: call.identity,
      presence: '',
    });
    return new Response(null, { status: 101, webSocket: theirs });
  }

  override webSocketMessage(webSocket: WebSocket, message: string | ArrayBuffer): void {
    if (typeof message !== 'string') {
      close(webSocket, 1003, 'frames are text');
      return;
    }
    // One that was told to close may go on sending until it has answered.
    if (webSocket.readyState !== WebSocket.OPEN) return;
    const socket = this.#sockets.of(webSocket);
    const params = {
      device: socket.device,
      sockets: String(this.#sockets.count),
      frames_max: this.env.FRAMES_PER_MINUTE ?? '',
      ...this.#sockets.countFrame(webSocket),
    };
    const call = { operation: 'frame', identity: socket.identity, params };
    try {
      const { text, data } = this.#frame(call, encoder.encode(message));
      if (data.presence !== undefined) {
        this.#sockets.update(webSocket, { ...socket, presence: data.presence });
      }
      this.#sockets.answer(webSocket, text);
      if (data.close) close(webSocket, Number(data.close), data.error ?? '');
    } catch (error) {
      logError(error, { event: 'frame.failed', user_id: this.name });
      const message = 'The frame failed here; it is safe to send it again';
      send(webSocket, errorFrame('internal', message, 500));
    }
  }

  // An answer that is too large for a frame is none: the exchange is taken back, and the core says
  // why.
  #frame(call: Call, bytes: Uint8Array): { text: string; data: Record<string, string> } {
    const reply = this.local(call, new Held(bytes), bytes.byteLength, (r) => !tooLarge(r.text()));
    if (reply?.data.error === 'busy') {
      // Not the operation's own word: it did not begin.
      const text = errorFrame('busy', 'Too much is under way; send it again in a second', 503, 1);
      return { text, data: {} };
    }
    if (reply !== undefined) return { text: reply.text(), data: reply.data };
    const params = { ...call.params, too_large: '1' };
    const refused = this.local({ ...call, params }, new Held(bytes), bytes.byteLength);
    return { text: refused.text(), data: refused.data };
  }

  override webSocketClose(webSocket: WebSocket, code: number): void {
    close(webSocket, code === 1005 ? 1000 : code, '');
    this.#leave(webSocket);
  }

  override webSocketError(webSocket: WebSocket): void {
    this.#leave(webSocket);
  }

  // Another socket of the device may have a state of its own: then that is the device's.
  #leave(webSocket: WebSocket): void {
    const { device, presence } = this.#sockets.of(webSocket);
    if (presence === '') return;
    const other = this.#sockets.presenceOf(device, webSocket);
    if (other !== '') {
      this.#sockets.publish(device, other);
      return;
    }
    const call = { operation: 'leave', identity: null, params: { device } };
    const { status } = this.local(call, new Held(), 0);
    if (status >= 400) logEvent({ event: 'leave.failed', user_id: this.name, status });
  }

  /** Copies to D1 what is behind. Callers that come meanwhile share one run. */
  async catchUp(call: Call): Promise<SpaceReply> {
    this.requireName();
    this.open();
    this.#catchingUp ??= this.#project(call).finally(() => {
      this.#catchingUp = undefined;
    });
    const { status, headers, data } = await this.#catchingUp;
    return { status, headers, data };
  }

  /** An operation that copies to D1, to where this user's rows are to be. */
  async #project(call: Call): Promise<Reply> {
    const place = await placeOf(this.env, this.name);
    return await this.spanning({ ...call, params: { ...call.params, place } });
  }

  override async alarm(): Promise<void> {
    this.alarmRang();
    try {
      this.open();
      const reply = await this.#project({ operation: 'tick', identity: null, params: {} });
      logEvent({ event: 'space.ticked', user_id: this.name, status: reply.status, ...reply.data });
      const following = this.#follow(reply.data.then);
      if (following) this.ctx.waitUntil(following);
      if (reply.status < 400) return;
    } catch (error) {
      logError(error, { event: 'space.tick_failed', user_id: this.name });
    }
    // The runtime gives up on an alarm that keeps failing: this one is set anew each time.
    this.setAlarm(Date.now() + ALARM_RETRY_MS);
  }

  protected override publish(exceptDevice: string, frame: string): void {
    this.#sockets.publish(exceptDevice, frame);
  }

  protected override committed(reply: Reply): void {
    const following = this.#follow(reply.data.then);
    if (following) this.ctx.waitUntil(following);
  }

  /** Runs the spanning operation that another one is to be followed by: one run at a time, and once
   * more where it was asked for meanwhile. The alarm is set too, for where this object dies. */
  #follow(operation: string | undefined): Promise<void> | undefined {
    if (operation === undefined) return undefined;
    this.#followAgain = this.#following !== undefined;
    this.#following ??= this.#runUntilDone(operation);
    return this.#following;
  }

  async #runUntilDone(operation: string): Promise<void> {
    try {
      do {
        this.#followAgain = false;
        // Sockets may come while it runs: what it publishes goes to those that are there then.
        const params = { sockets: String(Math.max(1, this.#sockets.count)) };
        const reply = await this.spanning({ operation, identity: null, params });
        const { status, data } = reply;
        logEvent({ event: 'space.shared', user_id: this.name, status, ...data });
        if (status >= 400) throw new Error(`shares were not carried: ${status}`);
      } while (this.#followAgain);
    } catch (error) {
      logError(error, { event: 'space.share_failed', user_id: this.name });
      this.setAlarm(Date.now() + ALARM_RETRY_MS);
    } finally {
      this.#following = undefined;
    }
  }
}
