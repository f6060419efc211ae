# The programs of other people that the tests talk to. Sourced after common.sh.

# program:package; programs with a bar between them are equals
TEST_PROGRAMS=(mosquitto:mosquitto gammu:gammu gammu-smsd:gammu-smsd smsd:smstools)
# A browser to look at Home Assistant with, and a compiler for two packages it asks for.
HOME_ASSISTANT_PROGRAMS=("chromium|chromium-browser|google-chrome:chromium" g++:g++)
# Services that these packages bring along. The tests start their own processes and want none of them.
TEST_SERVICES=(mosquitto.service gammu-smsd.service smstools.service)

# Prints the packages of those of its arguments (program:package) that are not there.
missing_packages() {
  local entry
  local -a programs
  for entry in "$@"; do
    IFS='|' read -ra programs <<< "${entry%%:*}"
    [[ -n $(PATH=$PATH:/usr/sbin:/sbin type -P "${programs[@]}") ]] || say "${entry#*:}"
  done
}

# Runs its arguments as root.
as_root() {
  if [[ $(id -u) == 0 ]]; then
    "$@"
  else
    sudo -n "$@"
  fi
}

# Installs packages without starting what they bring: init scripts see run level 1, systemd sees masked units.
install_packages() {
  local -a units=()
  if [[ -d /run/systemd/system ]]; then
    local unit
    for unit in "${TEST_SERVICES[@]}"; do
      systemctl cat "$unit" > /dev/null 2>&1 || units+=("$unit")
    done
  fi
  ((${#units[@]} == 0)) || as_root systemctl mask --runtime --quiet "${units[@]}"
  local status=0
  as_root apt-get -qq update &&
    as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
      apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends "$@" > /dev/null || status=$?
  if ((${#units[@]} > 0)); then
    as_root systemctl unmask --runtime --quiet "${units[@]}"
    as_root systemctl disable --quiet "${units[@]}" || true
  fi
  return "$status"
}

# Installs what is missing of its arguments (program:package), or says how to.
ensure_programs() {
  local -a packages
  mapfile -t packages < <(missing_packages "$@")
  ((${#packages[@]} > 0)) || return 0
  local by_hand="The tests talk to real programs that are missing here. Install them and start again:

  sudo apt-get install --no-install-recommends ${packages[*]}"
  command -v apt-get > /dev/null || fail "The tests need these Debian packages or their equals: ${packages[*]}"
  [[ $(id -u) == 0 ]] || sudo -n true 2> /dev/null || fail "$by_hand"
  say "Installing Debian packages the tests talk to: ${packages[*]}"
  install_packages "${packages[@]}" < /dev/null || fail "$by_hand"
}
