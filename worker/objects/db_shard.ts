// DbShardDO: an app's document, or one shard of it, its single writer. It binds storage, alarm, KV,
// R2 and D1 to the core and decides nothing.

import { admit } from '../admission.ts';
import { respond, Stopped } from '../app.ts';
import { Held, type Reply } from '../drive.ts';
import { logError, logEvent } from '../log.ts';
import type { Call } from '../requests.ts';
import { CALL_HEADER, DOCUMENT_READ_MAX } from '../space_client.ts';
import { discardBody, Unread, withBody } from './bodies.ts';
import { EngineObject, responseOf, unread } from './engine_object.ts';

const ALARM_RETRY_MS = 10_000;

/** Who waits longer, for a slow body or for others, is asked again: the token may have ended. */
const ADMITTED_MS = 1000;

/** Callers that wait for their turn, some with bodies of many megabytes. */
const TURNS_MAX = 16;

export class DbShardDO extends EngineObject {
  protected override readonly opener = 'open_document';
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** An operation on the request's body, named in a header by whoever calls. */
  override async fetch(request: Request): Promise<Response> {
    this.requireName();
    const call = JSON.parse(request.headers.get(CALL_HEADER) ?? '{}') as Call;
    const began = Date.now();
    if (call.inTurn && this.#waiting >= TURNS_MAX) {
      await discardBody(request, DOCUMENT_READ_MAX);
      return unread(new Unread(503, 'busy', 'Too many wait for this document; try again soon'));
    }
    try {
      return await withBody(
        request,
        async ({ bytes, size }) => {
          const held = new Held(bytes);
          if (call.inTurn) return responseOf(await this.#inTurn(call, held, size, began));
          await this.#admitAgain(call, began);
          return responseOf(this.local(call, held, size));
        },
        DOCUMENT_READ_MAX,
      );
    } catch (error) {
      if (error instanceof Unread) return unread(error);
      if (error instanceof Stopped) return respond(error.answer);
      throw error;
    }
  }

  /** Throws Stopped. */
  async #admitAgain({ identity }: Call, since: number): Promise<void> {
    if (identity !== null && Date.now() - since > ADMITTED_MS) await admit(this.env, identity);
  }

  /** A local operation on a body at hand, that answers text. The call comes as JSON. The reply is
   * its SpaceReply as JSON, and its body in the lines after that: one text crosses at less than
   * the cost of two. */
  async run(call: string, bytes: Uint8Array): Promise<string> {
    this.requireName();
    const reply = this.local(JSON.parse(call) as Call, new Held(bytes), bytes.byteLength);
    const { status, headers, data } = reply;
    return `${JSON.stringify({ status, headers, data })}\n${reply.text()}`;
  }

  override async alarm(): Promise<void> {
    this.alarmRang();
    try {
      const { status, data } = await this.#inTurn({
        operation: 'tick_document',
        identity: null,
        params: { publish: this.env.PUBLISH ?? '' },
      });
      logEvent({ event: 'document.ticked', object: this.name, status, ...data });
      if (status < 400) return;
    } catch (error) {
      logError(error, { event: 'document.tick_failed', object: this.name });
    }
    // The runtime gives up on an alarm that keeps failing: this one is set anew each time.
    this.setAlarm(Date.now() + ALARM_RETRY_MS);
  }

  /** Runs a spanning operation after those that are under way: none meets another halfway. */
  async #inTurn(call: Call, held = new Held(), bodySize = 0, began = Date.now()): Promise<Reply> {
    this.open();
    this.#waiting += 1;
    const turn = this.#last.then(async () => {
      this.#waiting -= 1;
      await this.#admitAgain(call, began);
      const reply = await this.spanning(call, held, bodySize);
      // What it prepared step by step, a local operation makes so at once, for the same caller.
      const operation = reply.data.then;
      if (reply.status >= 400 || operation === undefined) return reply;
      return this.local({ ...call, operation }, held, bodySize);
    });
    this.#last = turn.catch(() => {});
    return turn;
  }
}
