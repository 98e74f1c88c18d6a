// A .wasm import is a compiled module: wrangler uploads it beside the Worker.

declare module '*.wasm' {
  const module: WebAssembly.Module;
  export default module;
}
