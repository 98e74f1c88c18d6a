// The peer as a Worker of its own, to run in the same workerd.

import { build } from 'esbuild';

const name = 'effect';

export async function peer() {
  const { outputFiles } = await build({
    entryPoints: ['bench/events/effect.ts'],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*'],
  });
  return {
    name,
    compatibilityDate: '2026-11-01',
    manifest: {
      mainModule: 'index.js',
      modules: { 'index.js': { type: 'esm', contents: outputFiles[0].text } },
    },
    exports: { EffectLogDO: { type: 'durable-object', storage: 'sqlite' } },
    env: {
      EFFECT_LOG: { type: 'durable-object', worker: name, exportName: 'EffectLogDO' },
    },
  };
}
