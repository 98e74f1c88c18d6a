// The peer: Effect's own Durable Object for event logs, as its packages have it. One object a key.
//
// Its batch of 200 rows an INSERT is more than the platform's 100 parameters bear; 32 is what
// works.

import { EventLogDurableObject } from '@effect/experimental/EventLogServer/Cloudflare';
import { layerStorageSubtle } from '@effect/sql/SqlEventLogServer';
import { layer } from '@effect/sql-sqlite-do/SqliteClient';
import { Layer } from 'effect';

interface Env {
  EFFECT_LOG: DurableObjectNamespace;
}

export class EffectLogDO extends EventLogDurableObject {
  constructor(ctx: DurableObjectState, env: Env) {
    const storageLayer = layerStorageSubtle({ insertBatchSize: 32 }).pipe(
      Layer.provide(layer({ db: ctx.storage.sql })),
      Layer.orDie,
    );
    super({ ctx, env, storageLayer });
  }
}

export default {
  fetch(request, env) {
    const key = new URL(request.url).searchParams.get('publicKey') ?? '';
    return env.EFFECT_LOG.get(env.EFFECT_LOG.idFromName(key)).fetch(request);
  },
} satisfies ExportedHandler<Env>;
