// The engine's module under Node, where an import cannot compile it.

import { readFileSync } from 'node:fs';

export default new WebAssembly.Module(readFileSync(new URL('./tidemark.wasm', import.meta.url)));
