// The bindings and exports of this Worker, for `cloudflare:workers` and the tests.

declare namespace Cloudflare {
  interface Env extends import('./env.ts').Env {}
  interface GlobalProps {
    mainModule: typeof import('./index.ts');
  }
}
