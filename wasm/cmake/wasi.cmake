# The parts of wasi-sdk: Debian's clang-22, lld-22, libc++ and wasi-libc, or the SDK that
# WASI_SDK_PATH names.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR wasm32)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(TIDEMARK_WASM ON)

if(DEFINED ENV{WASI_SDK_PATH})
  set(CMAKE_CXX_COMPILER "$ENV{WASI_SDK_PATH}/bin/clang++")
  set(CMAKE_SYSROOT "$ENV{WASI_SDK_PATH}/share/wasi-sysroot")
else()
  set(CMAKE_CXX_COMPILER clang++-22)
endif()
# Debian installs its headers under wasm32-wasi; clang calls the same target wasm32-wasip1 now.
set(CMAKE_CXX_COMPILER_TARGET wasm32-wasi)
# Without bulk memory copies are calls, which engine/memory.cc answers.
set(CMAKE_CXX_FLAGS_INIT
  "-Wno-deprecated -msimd128 -mtail-call -mno-bulk-memory -mno-bulk-memory-opt")
set(CMAKE_CXX_FLAGS_RELEASE_INIT "-O3 -DNDEBUG")
