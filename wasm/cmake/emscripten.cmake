# Emscripten as a plain compiler: a standalone module, without its JavaScript (docs/emscripten.md).
# What its libc++ lacks stands in wasm/emscripten.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR wasm32)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(TIDEMARK_WASM ON)
set(TIDEMARK_EMSCRIPTEN ON)

set(CMAKE_CXX_COMPILER em++)
set(CMAKE_AR emar CACHE FILEPATH "Archiver")
set(CMAKE_RANLIB emranlib CACHE FILEPATH "Index of archives")
# Warnings are those of the default preset's newer compiler.
set(CMAKE_CXX_FLAGS_INIT "-msimd128 -mbulk-memory -mtail-call -w")
set(CMAKE_CXX_FLAGS_RELEASE_INIT "-O3 -DNDEBUG")
