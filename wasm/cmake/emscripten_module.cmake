# tidemark.wasm by Emscripten: the same limits, imports and exports as module.cmake's.
target_sources(tidemark PRIVATE emscripten/system.cc)
target_include_directories(core BEFORE PUBLIC "${CMAKE_CURRENT_SOURCE_DIR}/emscripten")
target_link_options(tidemark PRIVATE
  --no-entry -sSTANDALONE_WASM -sALLOW_MEMORY_GROWTH -sINITIAL_MEMORY=2097152
  -sMAXIMUM_MEMORY=100663296 -sTOTAL_STACK=1048576)

# Its linker always exports helpers of its JavaScript as well; Binaryen, which comes with it, takes
# them out.
find_program(METADCE wasm-metadce REQUIRED)
set(exports "${CMAKE_CURRENT_SOURCE_DIR}/emscripten/exports.json")
add_custom_command(TARGET tidemark POST_BUILD
  COMMAND "${METADCE}" --enable-simd --enable-tail-call --enable-bulk-memory --enable-sign-ext
          --enable-mutable-globals --graph-file "${exports}"
          "$<TARGET_FILE:tidemark>" -o "$<TARGET_FILE:tidemark>" >/dev/null)
