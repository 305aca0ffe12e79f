# Every outside library, found once and given one target name. tools/packages.txt lists the Debian packages.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

function(punktfunk_pkg name)
  pkg_check_modules(${name} REQUIRED IMPORTED_TARGET GLOBAL ${ARGN})
endfunction()

punktfunk_pkg(sodium libsodium)
punktfunk_pkg(crypto libcrypto)
punktfunk_pkg(isal libisal)
if(PUNKTFUNK_CONTROL)
  punktfunk_pkg(ngtcp2 libngtcp2 libngtcp2_crypto_gnutls)
  punktfunk_pkg(gnutls gnutls)
  punktfunk_pkg(sqlite sqlite3)
  find_package(Boost REQUIRED)
endif()
if(PUNKTFUNK_HOST OR PUNKTFUNK_CLIENT)
  punktfunk_pkg(avcodec libavcodec libavutil)
endif()
if(PUNKTFUNK_HOST)
  punktfunk_pkg(ssl libssl libcrypto)
  punktfunk_pkg(systemd libsystemd)
  punktfunk_pkg(wayland wayland-client)
  punktfunk_pkg(xkbcommon xkbcommon)
endif()

find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)

# tl::expected is header-only: std::expected for C++20.
find_path(EXPECTED_INCLUDE_DIR tl/expected.hpp REQUIRED)

# Intel's Multi-Buffer Crypto library (x86-64) seals media several times faster than OpenSSL. Optional: used when it is found,
# left out with -DPUNKTFUNK_IPSEC_MB=OFF. Debian ships no pkg-config file for it.
find_path(IPSEC_MB_INCLUDE_DIR intel-ipsec-mb.h)
find_library(IPSEC_MB_LIBRARY IPSec_MB)
mark_as_advanced(IPSEC_MB_INCLUDE_DIR IPSEC_MB_LIBRARY)
if(IPSEC_MB_INCLUDE_DIR AND IPSEC_MB_LIBRARY)
  option(PUNKTFUNK_IPSEC_MB "Seal media with libipsec-mb where the CPU has AVX" ON)
else()
  set(PUNKTFUNK_IPSEC_MB OFF)
endif()
if(PUNKTFUNK_IPSEC_MB)
  add_library(ipsec_mb INTERFACE)
  target_include_directories(ipsec_mb SYSTEM INTERFACE ${IPSEC_MB_INCLUDE_DIR})
  target_link_libraries(ipsec_mb INTERFACE ${IPSEC_MB_LIBRARY})
endif()

# Avahi's client library, for hosts that announce themselves. Optional: used when it is found, left out with -DPUNKTFUNK_AVAHI=OFF.
pkg_check_modules(avahi IMPORTED_TARGET GLOBAL avahi-client)
if(avahi_FOUND AND (PUNKTFUNK_HOST OR PUNKTFUNK_CLIENT))
  option(PUNKTFUNK_AVAHI "Announce and find hosts by mDNS, through Avahi" ON)
else()
  set(PUNKTFUNK_AVAHI OFF)
endif()
