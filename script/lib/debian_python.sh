# Fetches Python 3.14 from Debian's packages without installing anything. Sourced after python.sh.

# Prints the stanza or line of this machine's own package source, with the suite changed to sid.
# The mirror, its proxy and its signing key stay the administrator's choice.
debian_sid_source() {
  local file
  for file in /etc/apt/sources.list.d/*.sources; do
    [[ -r $file ]] || continue
    if awk -v RS='' '
        /(^|\n)Types:[^\n]*deb/ && /(^|\n)URIs:[^\n]*debian/ && !/debian-security/ && !/(^|\n)Enabled: *no/ {
          gsub(/(^|\n)#[^\n]*/, ""); sub(/^\n/, "")
          sub(/Suites:[^\n]*/, "Suites: sid"); sub(/Components:[^\n]*/, "Components: main")
          print; found = 1; exit
        }
        END { exit !found }' "$file"; then
      return 0
    fi
  done
  local -a lists=(/etc/apt/sources.list /etc/apt/sources.list.d/*.list)
  for file in "${lists[@]}"; do
    [[ -r $file ]] || continue
    if sed -nE '/debian-security/d
        s#^deb +(\[[^]]*\] +)?([^ ]*debian[^ ]*) .*#deb \1\2 sid main#p' "$file" | grep -m 1 .; then
      return 0
    fi
  done
  return 1
}

# Writes a private apt configuration into the folder "$1" and prints the path of its main file.
# With an empty status file apt believes that nothing is installed, and so fetches every library Python needs.
private_apt() {
  local work=$1 source
  mkdir -p "$work"/{state,lists/partial,cache/archives/partial,sources,preferences}
  : > "$work/status"
  source=$(debian_sid_source) || return 1
  if [[ $source == deb\ * ]]; then
    say "$source" > "$work/sources/sid.list"
  else
    say "$source" > "$work/sources/sid.sources"
  fi
  cat > "$work/apt.conf" <<CONF
Dir::State "$work/state";
Dir::State::Lists "$work/lists";
Dir::State::status "$work/status";
Dir::Cache "$work/cache";
Dir::Cache::Archives "$work/cache/archives";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$work/sources";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "$work/preferences";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
APT::Get::Assume-Yes "true";
Acquire::Languages "none";
CONF
  say "$work/apt.conf"
}

# Makes the programs in "$1" load the C library and the libraries that were unpacked beside them.
# "$2" is the patchelf program.
bind_to_own_libraries() {
  local root=$1 patchelf=$2 python=$1/usr/bin/python3.14 name loader
  name=$(basename "$("$patchelf" --print-interpreter "$python")")
  loader=$(find "$root/usr/lib" -name "$name" | head -n 1)
  [[ -n $loader ]] || return 1
  "$patchelf" --set-interpreter "$loader" --force-rpath --set-rpath "$(dirname "$loader")" "$python"
}

# Unpacks Python 3.14 of Debian sid into the folder "$1"; "$2" is the patchelf program.
fetch_debian_python() {
  local root=$1 patchelf=$2 work package
  command -v apt-get > /dev/null && command -v dpkg > /dev/null || return 1
  work=$(mktemp -d)
  # shellcheck disable=SC2064
  trap "rm -rf '$work'" RETURN
  APT_CONFIG=$(private_apt "$work") || return 1
  export APT_CONFIG
  {
    apt-get -q update &&
      apt-get -q --download-only install python3.14 python3.14-venv libpython3.14-dev
  } > "$work/log" 2>&1 < /dev/null || {
    tail -n 3 "$work/log" >&2
    unset APT_CONFIG
    return 1
  }
  unset APT_CONFIG
  rm -rf "$root"
  mkdir -p "$root"
  for package in "$work"/cache/archives/*.deb; do
    dpkg -x "$package" "$root"
  done
  bind_to_own_libraries "$root" "$patchelf" && python_is "$root/usr/bin/python3.14" 3.14.2 3.15
}
