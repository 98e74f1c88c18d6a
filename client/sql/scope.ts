// Which configuration counts: that of the `collegedb` around the call, else the isolate's default.
// The two never mix, so that no tenant's query meets another's databases.

import { CollegeDBError } from './errors.ts';
import { AsyncLocalStorage } from './platform.ts';
import { Router } from './router.ts';
import type { CollegeDBConfig } from './types.ts';

const scopes = AsyncLocalStorage && new AsyncLocalStorage<Router>();

let isolate_default: Router | undefined;

function isSame<T>(a: Record<string, T>, b: Record<string, T>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

const bindingsOf = ({ kv, coordinator }: CollegeDBConfig) => ({ kv, coordinator });

function sameBindings(a: CollegeDBConfig, b: CollegeDBConfig): boolean {
  return isSame(a.shards, b.shards) && isSame(bindingsOf(a), bindingsOf(b));
}

/** Makes `config` the isolate's default. The same bindings again are fine, and what else it says
 * counts from now on; other bindings are refused until `resetConfig`. */
export function initialize(config: CollegeDBConfig): void {
  const router = new Router(config);
  if (isolate_default !== undefined && !sameBindings(isolate_default.config, config)) {
    const message =
      'CollegeDB is initialized with other bindings in this isolate: call resetConfig() first, ' +
      'or use collegedb() or createRouter(), which keep configurations apart';
    throw new CollegeDBError(message, 'CONFIG_CONFLICT');
  }
  isolate_default = router;
  router.prepareExisting(true);
}

/** The same; resolves when what the databases held before can be routed. */
export async function initializeAsync(config: CollegeDBConfig): Promise<void> {
  initialize(config);
  await isolate_default?.prepareExisting(true);
}

/** Runs `callback` with this configuration, which counts in all that it calls and nowhere else. */
export async function collegedb<T>(
  config: CollegeDBConfig,
  callback: () => T,
): Promise<Awaited<T>> {
  if (scopes === undefined) {
    // Nothing can tell calls apart: the default serves, and refuses a second configuration.
    initialize(config);
    return await callback();
  }
  const router = new Router(config);
  router.prepareExisting();
  return await scopes.run(router, callback);
}

/** Runs `callback` with a router as the configuration that counts in all that it calls. */
export async function withRouter<T>(router: Router, callback: () => T): Promise<Awaited<T>> {
  if (scopes !== undefined) return await scopes.run(router, callback);
  const message = 'Without AsyncLocalStorage nothing tells routers apart: set nodejs_als';
  throw new CollegeDBError(message, 'NOT_INITIALIZED');
}

export function activeRouter(): Router {
  const router = scopes?.getStore() ?? isolate_default;
  if (router !== undefined) return router;
  const message = 'CollegeDB not initialized: call initialize() or collegedb() first';
  throw new CollegeDBError(message, 'NOT_INITIALIZED');
}

/** Forgets the isolate's default. */
export function resetConfig(): void {
  isolate_default = undefined;
}

export function isInitialized(): boolean {
  return (scopes?.getStore() ?? isolate_default) !== undefined;
}

/** The configuration that counts here, or null. */
export function getActiveConfig(): CollegeDBConfig | null {
  return (scopes?.getStore() ?? isolate_default)?.config ?? null;
}
