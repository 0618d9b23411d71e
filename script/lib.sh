# What the other scripts share: finding or installing what a machine lacks. Sourced with the project's folder as the current one.
# shellcheck shell=bash

umask 022
venv=.venv
debian_install="apt-get install --yes --no-install-recommends"

say() { printf '%s\n' "$@"; }

fail() {
  say "$@" >&2
  exit 1
}

# Runs a long command silently; what it said is shown only when it fails.
quietly() {
  local log
  log="$(mktemp)"
  if ! "$@" >"$log" 2>&1 </dev/null; then
    tail -n 40 "$log" >&2
    rm -f "$log"
    fail "This failed: $*"
  fi
  rm -f "$log"
}

# Prints a short name for the content of a file and some words; a step whose name is unchanged need not be done again.
fingerprint() {
  local sum=sha256sum
  command -v sha256sum >/dev/null || sum="shasum -a 256"
  { cat "$1"; printf '%s\n' "${@:2}"; } | $sum | cut -d ' ' -f 1
}

is_done() { [ -f "$1" ] && [ "$(<"$1")" = "$2" ]; }

# --- Debian packages -------------------------------------------------------------------------------------------------

is_root() { [ "$(id -u)" -eq 0 ]; }

can_sudo() {
  command -v sudo >/dev/null || return 1
  sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; }
}

as_root() {
  if is_root; then "$@"; else sudo "$@"; fi
}

# $1: what is missing and what it is for, as the end of a sentence; the rest: Debian's packages
install_packages() {
  local need="$1"
  shift
  command -v apt-get >/dev/null || fail "Install $need, then run this again (Debian calls it: $*)."
  is_root || can_sudo || fail "Ask someone with root to run '$debian_install $*', then run this again: it is $need."
  say "Installing $need: $*."
  if [ -z "${apt_lists_are_fresh:-}" ]; then
    quietly as_root apt-get update
    apt_lists_are_fresh=yes
  fi
  # shellcheck disable=SC2086
  quietly as_root env DEBIAN_FRONTEND=noninteractive $debian_install "$@"
}

has_debian_package() {
  command -v apt-cache >/dev/null && grep -qx 'ID=debian' /etc/os-release 2>/dev/null && { is_root || can_sudo; }
}

# --- Python ----------------------------------------------------------------------------------------------------------

find_python() {
  local candidate
  for candidate in python3.11 python3.12 python3.13 python3; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

# WeasyPrint opens these when the first sheet is printed; better to know now.
have_pango() {
  "$venv/bin/python" - <<'PYTHON' 2>/dev/null
import ctypes, sys
suffix = ".0.dylib" if sys.platform == "darwin" else ".so.0"
for name in ("libpango-1.0", "libpangoft2-1.0", "libharfbuzz-subset", "libgobject-2.0"):
    ctypes.CDLL(name + suffix)
PYTHON
}

# $1: the name of its file, without its kind
have_font() {
  [ -n "$(find -L /usr/share/fonts /usr/local/share/fonts /Library/Fonts ~/.fonts ~/.local/share/fonts ~/Library/Fonts \
    -iname "$1.*" -print -quit 2>/dev/null)" ]
}

install_system_libraries() {
  have_pango || install_packages "Pango and HarfBuzz, with which sheets are laid out for print" \
    libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0
  have_font LiberationSans-Regular || install_packages "the Liberation fonts, in which sheets are printed" fonts-liberation
  have_font DejaVuSans || install_packages "the DejaVu fonts, for letters that the others lack, as in Nguyễn" fonts-dejavu-core
}

# A virtual environment cannot be moved: one made in another folder is made anew.
have_venv() { is_done "$venv/made-in" "$PWD" && "$venv/bin/python" -c '' 2>/dev/null; }

# $1: the Python it comes from
make_venv() {
  [ ! -L "$venv" ] || fail "$venv is a link to another folder's environment, which would be emptied. Remove the link."
  if ! "$1" -c 'import ensurepip, venv' 2>/dev/null; then
    install_packages "Python's own module for virtual environments" \
      "python$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
  fi
  say "Making a virtual environment in $venv, so that nothing is installed into the machine's own Python."
  quietly "$1" -m venv --clear "$venv"
  printf '%s' "$PWD" >"$venv/made-in"
}

# $1: a list in requirements/; installed only when it changed
install_requirements() {
  local list="requirements/$1.txt" stamp="$venv/installed-$1" mark
  mark="$(fingerprint "$list")"
  if is_done "$stamp" "$mark"; then return; fi
  say "Installing $2 into $venv."
  quietly "$venv/bin/python" -m pip install --disable-pip-version-check --require-hashes --requirement "$list"
  printf '%s' "$mark" >"$stamp"
}

# The command epaccs, running from this folder.
install_command() {
  local stamp="$venv/installed-command" mark
  mark="$(fingerprint pyproject.toml)"
  if is_done "$stamp" "$mark"; then return; fi
  quietly "$venv/bin/python" -m pip install --disable-pip-version-check --no-index --no-deps --no-build-isolation --editable .
  printf '%s' "$mark" >"$stamp"
}

# --- front-end packages ----------------------------------------------------------------------------------------------

have_npm() {
  command -v npm >/dev/null && node -e 'process.exit(process.versions.node.split(".")[0] >= 20 ? 0 : 1)' 2>/dev/null
}

# Puts a Node.js on the path: the machine's own, else the one that comes as a Python package.
use_node() {
  have_npm && return
  install_requirements node "Node.js, which fetches and checks what the pages need (this machine has none of version 20 or later)"
  PATH="$PWD/$venv/bin:$PATH"
}

# $1: run or dev
install_front_end() {
  local stamp=node_modules/.made-from vendor=epaccs/static/vendor mark
  mark="$(fingerprint package-lock.json)"
  if ! is_done "$stamp" "$mark dev" && ! is_done "$stamp" "$mark $1"; then
    use_node
    say "Fetching the front-end packages: the NHS look$([ "$1" = run ] || printf ', and the tools that check the JavaScript')."
    quietly npm ci "--$([ "$1" = dev ] && printf include || printf omit)=dev"
    printf '%s' "$mark $1" >"$stamp"
  fi
  mark="$(fingerprint script/copy_front_end.py "$mark")"
  if ! is_done "$vendor/.made-from" "$mark"; then
    "$venv/bin/python" script/copy_front_end.py node_modules "$vendor"
    printf '%s' "$mark" >"$vendor/.made-from"
  fi
}

# --- all of it -------------------------------------------------------------------------------------------------------

# $1: run (what the server needs) or dev (what tests and checks need as well)
set_up() {
  local python
  if ! have_venv; then
    python="$(find_python)" || fail "Install Python 3.11, then run this again (Debian calls it: python3 python3-venv)."
    make_venv "$python"
  fi
  install_system_libraries
  install_requirements run "the Python packages the program runs on"
  [ "$1" = run ] || install_requirements dev "the Python packages it is tested and checked with"
  install_command
  install_front_end "$1"
}
