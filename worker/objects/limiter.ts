// LimiterDO: counts the links that are asked for one mail address, or from one address of the
// network, and is gone when its window has ended. It decides nothing.

import { DurableObject } from 'cloudflare:workers';
import { driveSync, Held, type LocalHost, type Reply } from '../drive.ts';
import { engine } from '../engine.ts';
import type { Env } from '../env.ts';
import { runStatements } from '../hosts/durable_sql.ts';
import { logError } from '../log.ts';
import { type Call, requestFrame } from '../requests.ts';
import type { SpaceReply } from '../space_client.ts';

const ALARM_RETRY_MS = 10_000;

export class LimiterDO extends DurableObject<Env> {
  /** Counts one in, or says when there will be room again. */
  async count(call: Call): Promise<SpaceReply & { body: string }> {
    const reply = this.#run(call);
    const { status, headers, data } = reply;
    return { status, headers, data, body: reply.text() };
  }

  override async alarm(): Promise<void> {
    try {
      const { status, data } = this.#run({
        operation: 'forget_count',
        identity: null,
        params: {},
      });
      if (data.empty !== undefined) await this.ctx.storage.deleteAll();
      if (status < 400) return;
    } catch (error) {
      logError(error, { event: 'counter.forget_failed' });
    }
    // The runtime gives up on an alarm that keeps failing: this one is set anew each time.
    await this.ctx.storage.setAlarm(Date.now() + ALARM_RETRY_MS);
  }

  // An operation that refuses has written nothing here: there is nothing to take back.
  #run(call: Call): Reply {
    const held = new Held();
    const host: LocalHost = {
      run: (command) => {
        if (command[0] === 'sql') return runStatements(this.ctx.storage.sql, command[1], held);
        if (command[0] !== 'alarm') throw new Error(`a counter cannot run ${command[0]}`);
        void this.ctx.storage.setAlarm(command[1]);
        return null;
      },
    };
    return this.ctx.storage.transactionSync(() =>
      driveSync(engine(), requestFrame(call, this.ctx.id.name ?? ''), host, held),
    );
  }
}
