// The module is pure: it imports nothing, and its exports do not grow with what it can do.

import { expect, it } from 'vitest';
import tidemark from '../../build/tidemark.wasm';

it('imports nothing', () => {
  expect(WebAssembly.Module.imports(tidemark)).toEqual([]);
});

it('exports its memory and seven functions, and _initialize of the reactor', () => {
  const kinds = WebAssembly.Module.exports(tidemark).map(({ name, kind }) => `${name}: ${kind}`);
  expect(kinds.sort()).toEqual([
    '_initialize: function',
    'memory: memory',
    'tm_begin: function',
    'tm_cancel: function',
    'tm_output: function',
    'tm_output_size: function',
    'tm_reserve: function',
    'tm_resume: function',
  ]);
});

it('has a bound on its memory', () => {
  const { memory, _initialize } = new WebAssembly.Instance(tidemark, {}).exports as unknown as {
    memory: WebAssembly.Memory;
    _initialize(): void;
  };
  _initialize();
  expect(memory.buffer.byteLength).toBeLessThan(8 << 20);
  const page = 64 << 10;
  expect(() => memory.grow((128 << 20) / page)).toThrow(RangeError);
});
