# Shell functions for the programs in script/. Sourced, with the checkout as working directory.

say() { printf '%s\n' "$*"; }

heading() { printf '\n=== %s ===\n' "$*"; }

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

# Prints the comment at the top of the program "$1" when the first argument after it is -h or --help.
show_usage_if_asked() {
  case "${2:-}" in
    -h | --help)
      sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$1"
      exit 0
      ;;
  esac
}

# Files that outlive a checkout: a Python that was fetched once serves every clone.
cache_dir() { printf '%s/sms-gateway\n' "${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}"; }
