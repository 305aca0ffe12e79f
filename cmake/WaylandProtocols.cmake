# C code for the Wayland protocols beyond the core one, generated into one library: pf_wayland_protocols.
include_guard(GLOBAL)

find_program(WAYLAND_SCANNER wayland-scanner REQUIRED)
pkg_get_variable(WAYLAND_PROTOCOLS_DIR wayland-protocols pkgdatadir)

set(_wayland_dir ${CMAKE_BINARY_DIR}/wayland-protocols)
file(MAKE_DIRECTORY ${_wayland_dir})
set(_wayland_sources)
foreach(xml
    ${CMAKE_SOURCE_DIR}/third_party/wayland-protocols/wlr-screencopy-unstable-v1.xml
    ${CMAKE_SOURCE_DIR}/third_party/wayland-protocols/wlr-virtual-pointer-unstable-v1.xml
    ${CMAKE_SOURCE_DIR}/third_party/wayland-protocols/virtual-keyboard-unstable-v1.xml
    ${WAYLAND_PROTOCOLS_DIR}/stable/xdg-shell/xdg-shell.xml)
  get_filename_component(_name ${xml} NAME_WE)
  set(_header ${_wayland_dir}/${_name}-client-protocol.h)
  set(_code ${_wayland_dir}/${_name}-protocol.c)
  add_custom_command(OUTPUT ${_header} DEPENDS ${xml}
    COMMAND ${WAYLAND_SCANNER} client-header ${xml} ${_header} VERBATIM)
  add_custom_command(OUTPUT ${_code} DEPENDS ${xml}
    COMMAND ${WAYLAND_SCANNER} private-code ${xml} ${_code} VERBATIM)
  list(APPEND _wayland_sources ${_header} ${_code})
endforeach()

add_library(pf_wayland_protocols STATIC ${_wayland_sources})
target_include_directories(pf_wayland_protocols SYSTEM PUBLIC ${_wayland_dir})
target_link_libraries(pf_wayland_protocols PUBLIC PkgConfig::wayland)
target_compile_options(pf_wayland_protocols PRIVATE -w)  # generated code
