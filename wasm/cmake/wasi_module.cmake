# tidemark.wasm by wasi-sdk's parts: optimised as one by the linker, then by Binaryen for size.
find_program(WASM_OPT wasm-opt REQUIRED)

target_sources(tidemark PRIVATE engine/memory.cc)
# What the compiler itself calls stays out of the optimisation, which may make such calls anew.
target_compile_options(core PUBLIC -flto)
set_source_files_properties(engine/trap.cc PROPERTIES COMPILE_OPTIONS -fno-lto)
set_source_files_properties(engine/memory.cc PROPERTIES
  COMPILE_OPTIONS "-fno-lto;-mbulk-memory;-fno-builtin")
# Binaryen by the step below, not where clang happens to find it.
target_link_options(tidemark PRIVATE
  --no-wasm-opt -mexec-model=reactor
  -Wl,--strip-all,--compress-relocations,--max-memory=100663296,-z,stack-size=1048576)

add_custom_command(TARGET tidemark POST_BUILD
  COMMAND "${WASM_OPT}" -Oz --enable-bulk-memory --enable-mutable-globals
          --enable-nontrapping-float-to-int --enable-sign-ext --enable-simd --enable-tail-call
          "$<TARGET_FILE:tidemark>" -o "$<TARGET_FILE:tidemark>")
