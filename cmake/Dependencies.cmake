# Every outside library, found once and given one target name. tools/packages.txt lists the Debian packages.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

function(punktfunk_pkg name)
  pkg_check_modules(${name} REQUIRED IMPORTED_TARGET GLOBAL ${ARGN})
endfunction()

punktfunk_pkg(ngtcp2 libngtcp2 libngtcp2_crypto_gnutls)
punktfunk_pkg(gnutls gnutls)
punktfunk_pkg(sodium libsodium)
punktfunk_pkg(crypto libcrypto)
punktfunk_pkg(isal libisal)
punktfunk_pkg(avcodec libavcodec libavutil)
punktfunk_pkg(wayland wayland-client)
punktfunk_pkg(xkbcommon xkbcommon)

find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Boost REQUIRED)

# libyuv ships no pkg-config file or CMake package.
find_path(YUV_INCLUDE_DIR libyuv.h REQUIRED)
find_library(YUV_LIBRARY yuv REQUIRED)
add_library(yuv INTERFACE)
target_include_directories(yuv SYSTEM INTERFACE ${YUV_INCLUDE_DIR})
target_link_libraries(yuv INTERFACE ${YUV_LIBRARY})

# tl::expected is header-only: std::expected for C++20.
find_path(EXPECTED_INCLUDE_DIR tl/expected.hpp REQUIRED)
