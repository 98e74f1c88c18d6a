// What the tests' environment has beside the bindings of wrangler.toml (worker/env.d.ts).

declare namespace Cloudflare {
  interface Env {
    TEST_MIGRATIONS: Record<'db' | 'shards', import('cloudflare:test').D1Migration[]>;
  }
}

declare module '*.md?raw' {
  const text: string;
  export default text;
}
