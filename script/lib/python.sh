# Finds Python interpreters. Sourced after common.sh.

# Whether "$1" runs, is at least version "$2" (e.g. 3.11), below "$3", and can make virtual environments.
# A version manager's shim may lie on PATH and answer "command not found": nothing is believed before it ran.
python_is() {
  "$1" - "$2" "$3" > /dev/null 2>&1 <<'PYTHON'
import sys
import venv, ensurepip, ssl, sqlite3, ctypes

low, below = (tuple(map(int, text.split("."))) for text in sys.argv[1:])
sys.exit(not low <= sys.version_info[:3] < below)
PYTHON
}

# Prints every interpreter worth asking, most wanted first.
python_candidates() {
  [[ -z ${PYTHON:-} ]] || say "$PYTHON"
  local name
  for name in "$@"; do
    type -aP "$name" || true
  done
  local root
  for root in "${PYENV_ROOT:-${HOME:-/nonexistent}/.pyenv}" "$(pyenv root 2> /dev/null || true)"; do
    [[ -z $root ]] || compgen -G "$root/versions/*/bin/python3" || true
  done
}

# Prints the first interpreter with "$1" <= version < "$2" among the candidates named by the other arguments.
find_python() {
  local low=$1 below=$2 candidate
  shift 2
  while read -r candidate; do
    if python_is "$candidate" "$low" "$below"; then
      say "$candidate"
      return 0
    fi
  done < <(python_candidates "$@")
  return 1
}
