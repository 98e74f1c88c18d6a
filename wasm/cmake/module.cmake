# tidemark.wasm: no imports, and only the exports of engine/abi.cc (docs/boundary.md).
add_executable(tidemark engine/abi.cc engine/trap.cc)
target_link_libraries(tidemark PRIVATE core)
set_target_properties(tidemark PROPERTIES SUFFIX .wasm)
# 96 MiB: below the 128 MB that an isolate has, with room for JavaScript beside it.
if(TIDEMARK_EMSCRIPTEN)
  include(cmake/emscripten_module.cmake)
else()
  target_sources(tidemark PRIVATE engine/memory.cc)
  set_source_files_properties(engine/memory.cc PROPERTIES
    COMPILE_OPTIONS "-mbulk-memory;-fno-builtin")
  # Without Binaryen, which clang would use where it finds it: the same module everywhere.
  target_link_options(tidemark PRIVATE
    --no-wasm-opt -mexec-model=reactor -Wl,--strip-all,--max-memory=100663296,-z,stack-size=1048576)
endif()
target_compile_definitions(core PUBLIC _LIBCPP_HARDENING_MODE=_LIBCPP_HARDENING_MODE_FAST)

# The Worker loads it at start-up, so what is not on the hot path of a push is built for size.
set(hot base/json_scanner.cc base/json_text.cc base/utf8.cc base/sha256.cc
  records/column.cc records/delta.cc records/push_records.cc)
foreach(source IN LISTS core_sources)
  file(RELATIVE_PATH name "${CMAKE_CURRENT_SOURCE_DIR}" "${source}")
  if(NOT name IN_LIST hot)
    set_source_files_properties("${source}" PROPERTIES COMPILE_OPTIONS -Oz)
  elseif(name STREQUAL records/push_records.cc)
    set_source_files_properties("${source}" PROPERTIES COMPILE_OPTIONS -O2)
  endif()
endforeach()
