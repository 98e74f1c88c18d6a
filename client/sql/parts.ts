// What the functions beside the router need of its configuration: the settings, the mapping and the
// coordinator, as the router itself has them.

import { type Settings, settingsOf } from './config.ts';
import { CoordinatorLink } from './coordinator_link.ts';
import { CollegeDBError } from './errors.ts';
import { KVShardMapper } from './mapper.ts';
import type { CollegeDBConfig, KeyValueStore } from './types.ts';

export interface Parts {
  settings: Settings;
  /** With placement 'kv' alone. */
  mapper: KVShardMapper | undefined;
  coordinator: CoordinatorLink | undefined;
}

const made = new WeakMap<CollegeDBConfig, Parts>();

/** All mappers of a KV binding share what they remember. */
export function partsOf(config: CollegeDBConfig): Parts {
  const before = made.get(config);
  if (before !== undefined) return before;
  const settings = settingsOf(config);
  const { kv, coordinator, placement, clock } = settings;
  const mapper =
    placement === 'kv' && kv
      ? new KVShardMapper(kv, {
          hashShardMappings: settings.hashes,
          mappingCacheTtlMs: settings.mappingTtlMs,
          knownShardsCacheTtlMs: settings.knownShardsTtlMs,
          keyPepper: settings.pepper,
          onQuery: settings.onQuery,
          now: () => clock.now(),
        })
      : undefined;
  const parts = {
    settings,
    mapper,
    coordinator: coordinator && new CoordinatorLink(coordinator, settings),
  };
  made.set(config, parts);
  return parts;
}

/** The KV that is given, else the configuration's. */
export function kvOf(given: KeyValueStore | undefined, config: () => CollegeDBConfig) {
  const kv = given ?? config().kv;
  if (kv !== undefined) return kv;
  throw new CollegeDBError('This is kept in KV: give kv', 'NO_KV');
}
