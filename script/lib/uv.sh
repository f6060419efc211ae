# What uv needs to know of this machine. Sourced after common.sh.

# A proxy or mirror is set up once, for pip; uv reads other variables.
hand_pip_settings_to_uv() {
  local index=${PIP_INDEX_URL:-}
  [[ -n $index ]] || index=$(.venv/bin/python -m pip config get global.index-url 2> /dev/null) || true
  [[ -z $index || -n ${UV_DEFAULT_INDEX:-} ]] || export UV_DEFAULT_INDEX=$index
  export UV_NO_PROGRESS=1
}

# Lets packages be compiled for the Python "$1". The one of Debian's packages, unpacked, looks for its compiler and
# its headers where they are not.
prepare_compiler() {
  local root headers folder
  root=$(cache_dir)/python-3.14
  headers=$root/headers
  [[ $1 == "$root"/* ]] || return 0
  mkdir -p "$headers"
  # The other headers beside these belong to another C library than the compiler's.
  for folder in "$root"/usr/include/*/python3.14; do
    ln -sfn "$(dirname "$folder")" "$headers/"
  done
  export CC=gcc CXX=g++ CPATH=$headers
}
