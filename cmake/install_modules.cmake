# The Python modules and the nodes' scripts, into PYTHON_INSTALL_DIR and lib/; a test installs by this file alone.

# Training wants torch and a workstation: a robot goes without.
option(DDFF_INSTALL_TRAINING "Install training code and the weights that it begins with" OFF)

set(checkout ${CMAKE_CURRENT_LIST_DIR}/..)
set(left_out PATTERN "__pycache__" EXCLUDE PATTERN "*.pyc" EXCLUDE)
if(NOT DDFF_INSTALL_TRAINING)
  file(GLOB training_folders LIST_DIRECTORIES true CONFIGURE_DEPENDS RELATIVE ${checkout}
    ${checkout}/ddff_perception/training
    ${checkout}/ddff_perception/*/data
    ${checkout}/ddff_perception/*/networks
    ${checkout}/ddff_perception/*/training)
  foreach(folder ${training_folders})
    list(APPEND left_out PATTERN "${folder}" EXCLUDE)
  endforeach()
  list(APPEND left_out PATTERN "*.safetensors" EXCLUDE)
endif()

# Merges into the package that rosidl generates; comes after it, so that this __init__.py stays.
install(DIRECTORY ${checkout}/ddff_perception/
  DESTINATION ${PYTHON_INSTALL_DIR}/ddff_perception
  ${left_out})
file(GLOB node_scripts CONFIGURE_DEPENDS ${checkout}/scripts/*)
install(PROGRAMS ${node_scripts} DESTINATION lib/ddff_perception)
