# tidemark.wasm: no imports, and only the exports of engine/abi.cc (docs/boundary.md).
add_executable(tidemark engine/abi.cc engine/trap.cc)
target_link_libraries(tidemark PRIVATE core)
set_target_properties(tidemark PROPERTIES SUFFIX .wasm)
# 96 MiB: below the 128 MB that an isolate has, with room for JavaScript beside it.
if(TIDEMARK_EMSCRIPTEN)
  include(cmake/emscripten_module.cmake)
else()
  include(cmake/wasi_module.cmake)
endif()
target_compile_definitions(core PUBLIC _LIBCPP_HARDENING_MODE=_LIBCPP_HARDENING_MODE_FAST)

# The Worker loads it at start-up, so what is not on the hot path of a push is built for size. What
# is on it stays out of link-time optimisation: its code changes with its own source alone.
set(hot base/json_scanner.cc base/json_text.cc base/utf8.cc base/sha256.cc
  records/column.cc records/delta.cc records/push_records.cc)
foreach(source IN LISTS core_sources)
  file(RELATIVE_PATH name "${CMAKE_CURRENT_SOURCE_DIR}" "${source}")
  if(NOT name IN_LIST hot)
    set_source_files_properties("${source}" PROPERTIES COMPILE_OPTIONS -Oz)
  elseif(name STREQUAL records/push_records.cc)
    set_source_files_properties("${source}" PROPERTIES COMPILE_OPTIONS "-O2;-fno-lto")
  else()
    set_source_files_properties("${source}" PROPERTIES COMPILE_OPTIONS -fno-lto)
  endif()
endforeach()
set_source_files_properties(engine/abi.cc PROPERTIES COMPILE_OPTIONS -Oz)
# Nothing is destroyed at an exit: there is none.
target_compile_options(core PUBLIC -fno-c++-static-destructors)
