// The engine's module under workerd, which compiles what is imported.

import module from './tidemark.wasm';

export default module;
