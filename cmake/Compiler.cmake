# Language, warnings, sanitizers, and the check that refuses compilers with a broken co_await.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

option(GWANMUN_WERROR "Treat warnings as errors" ON)
option(GWANMUN_BENCH "Build the micro benchmarks" OFF)
option(GWANMUN_FUZZ "Build the fuzzers (clang's libFuzzer)" OFF)
set(GWANMUN_SANITIZE "" CACHE STRING "address,undefined | thread | empty")

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(gwanmun_options INTERFACE)
target_include_directories(gwanmun_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(gwanmun_options INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wno-missing-field-initializers
  -fno-omit-frame-pointer -fno-plt)
if(GWANMUN_WERROR)
  target_compile_options(gwanmun_options INTERFACE -Werror)
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_options(gwanmun_options INTERFACE -march=x86-64-v2)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  add_link_options(-fuse-ld=lld)
endif()
if(GWANMUN_SANITIZE)
  add_compile_options(-fsanitize=${GWANMUN_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${GWANMUN_SANITIZE})
endif()
if(GWANMUN_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# g++ 12.2 destroys aggregate temporaries inside co_await expressions twice; such a compiler
# would build a proxy that corrupts memory, so it is refused here rather than found in production.
if(NOT DEFINED GWANMUN_COROUTINES_SOUND)
  try_run(GWANMUN_COROUTINES_SOUND GWANMUN_COROUTINES_COMPILE
    ${CMAKE_BINARY_DIR}/coroutine_check ${CMAKE_SOURCE_DIR}/cmake/coroutine_check.cc
    CXX_STANDARD 23 CXX_STANDARD_REQUIRED ON)
endif()
if(NOT GWANMUN_COROUTINES_COMPILE OR NOT GWANMUN_COROUTINES_SOUND EQUAL 0)
  message(FATAL_ERROR "This compiler (${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}) "
    "miscompiles coroutines or lacks C++23. Use clang 19: cmake -DCMAKE_CXX_COMPILER=clang++-19")
endif()
