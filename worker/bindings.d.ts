// The bindings and exports of this Worker, for `cloudflare:workers` and the tests.

import type { Env as WorkerEnv } from './env.ts';

declare global {
  namespace Cloudflare {
    interface Env extends WorkerEnv {}
    interface GlobalProps {
      mainModule: typeof import('./index.ts');
    }
  }
}
