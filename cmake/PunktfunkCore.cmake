# The shared and the static library for embedders, and what they install: `cmake --install BUILD --component core`.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

file(STRINGS ${CMAKE_SOURCE_DIR}/include/punktfunk_core.h core_abi REGEX "^#define PUNKTFUNK_ABI_(MAJOR|MINOR) [0-9]+$")
string(REGEX MATCH "MAJOR ([0-9]+)" core_match "${core_abi}")
set(core_abi_major ${CMAKE_MATCH_1})
string(REGEX MATCH "MINOR ([0-9]+)" core_match "${core_abi}")
set(core_abi_minor ${CMAKE_MATCH_1})

# Our layers below a target, each once.
function(punktfunk_layers_of target result)
  set(found ${${result}})
  get_target_property(libraries ${target} LINK_LIBRARIES)
  foreach(library ${libraries})
    if(library MATCHES "^pf_[a-z_]+$" AND NOT library IN_LIST found)
      list(APPEND found ${library})
      punktfunk_layers_of(${library} found)
    endif()
  endforeach()
  set(${result} ${found} PARENT_SCOPE)
endfunction()

set(core_include $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)

add_library(punktfunk-core SHARED $<TARGET_OBJECTS:pf_abi>)
target_include_directories(punktfunk-core INTERFACE ${core_include})
target_link_libraries(punktfunk-core PRIVATE pf_endpoint)
target_link_options(punktfunk-core PRIVATE -Wl,--version-script=${CMAKE_SOURCE_DIR}/src/abi/exports.map -Wl,--as-needed)
set_target_properties(punktfunk-core PROPERTIES
  VERSION ${core_abi_major}.${core_abi_minor} SOVERSION ${core_abi_major} EXPORT_NAME core
  LINK_DEPENDS ${CMAKE_SOURCE_DIR}/src/abi/exports.map)
if(NOT PUNKTFUNK_SANITIZE)
  # The sanitizers' runtime is in the program.
  target_link_options(punktfunk-core PRIVATE -Wl,-z,defs)
endif()

# Everything in one archive, so that an embedder needs no other of ours.
set(core_layers)
punktfunk_layers_of(pf_abi core_layers)
set(core_objects $<TARGET_OBJECTS:pf_abi>)
foreach(layer ${core_layers})
  list(APPEND core_objects $<TARGET_OBJECTS:${layer}>)
endforeach()
add_library(punktfunk-core-static STATIC ${core_objects})
target_include_directories(punktfunk-core-static INTERFACE ${core_include})
# By name instead of by path, so that the installed package holds on other machines.
set(core_needs ngtcp2_crypto_gnutls ngtcp2 gnutls sodium crypto isal)
if(PUNKTFUNK_IPSEC_MB)
  list(APPEND core_needs IPSec_MB)
endif()
list(APPEND core_needs spdlog fmt stdc++ m pthread)
target_link_libraries(punktfunk-core-static INTERFACE ${core_needs})
set_target_properties(punktfunk-core-static PROPERTIES OUTPUT_NAME punktfunk-core EXPORT_NAME core-static LINKER_LANGUAGE CXX)

# ------------------------------------------------------------------------------------------------------- Installation
install(TARGETS punktfunk-core punktfunk-core-static EXPORT punktfunk-core
  LIBRARY COMPONENT core NAMELINK_COMPONENT core ARCHIVE COMPONENT core)
install(FILES ${CMAKE_SOURCE_DIR}/include/punktfunk_core.h ${CMAKE_SOURCE_DIR}/include/punktfunk_core.hpp
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT core)

set(core_package ${CMAKE_INSTALL_LIBDIR}/cmake/punktfunk-core)
install(EXPORT punktfunk-core NAMESPACE punktfunk:: FILE punktfunk-core-config.cmake DESTINATION ${core_package} COMPONENT core)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/punktfunk-core-config-version.cmake
  VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/punktfunk-core-config-version.cmake DESTINATION ${core_package} COMPONENT core)

# The files find the prefix from where they lie, so the tree may be moved.
file(RELATIVE_PATH core_prefix_from_pc /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" core_prefix_from_pc "${core_prefix_from_pc}")
list(JOIN core_needs " -l" core_private)
set(core_private "-l${core_private}")
foreach(kind "" -static)
  configure_file(${CMAKE_SOURCE_DIR}/cmake/punktfunk-core${kind}.pc.in ${CMAKE_CURRENT_BINARY_DIR}/punktfunk-core${kind}.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/punktfunk-core${kind}.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT core)
endforeach()
