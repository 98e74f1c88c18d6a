// The ShardCoordinator as an app exports it from its Worker. Its type names no other package's, so
// that an app without Cloudflare's types can name it too.

import { ShardCoordinator as Coordinator } from '../../worker/objects/coordinator.ts';

export interface ShardCoordinator {
  /** What Cloudflare's types tell a Durable Object by. */
  readonly __DURABLE_OBJECT_BRAND: never;
  fetch(request: Request): Promise<Response>;
  incrementShardCount(shard: string): Promise<void>;
  decrementShardCount(shard: string): Promise<void>;
}

/** `state` is the object's, as the runtime gives it. */
export const ShardCoordinator = Coordinator as unknown as new (
  state: never,
  env?: never,
) => ShardCoordinator;
