# A browser without a screen, found or installed. Sourced after lib.sh.
# shellcheck shell=bash

venv="${venv:?source script/lib.sh first}"

# Prints the path of a Chromium that is installed.
find_chromium() {
  local name
  for name in "${EPACCS_TEST_CHROMIUM:-}" chromium chromium-browser google-chrome; do
    if [ -n "$name" ] && command -v "$name"; then return; fi
  done
  "$venv/bin/python" -c 'import os, sys
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    path = playwright.chromium.executable_path
print(path) if os.path.exists(path) else sys.exit(1)' 2>/dev/null
}

install_chromium() {
  if has_debian_package; then
    install_packages "Chromium, the browser that walks through the pages" chromium
  else
    say "Fetching Playwright's own Chromium, the browser that walks through the pages (none is installed here)."
    (quietly "$venv/bin/playwright" install chromium) ||
      fail "Install Chromium, then run this again (Debian calls it: chromium)."
  fi
}

# Playwright comes with a Node.js of its own that needs one library of the system.
install_driver_library() {
  local driver
  driver="$(printf '%s' "$venv"/lib/python*/site-packages/playwright/driver/node)"
  "$driver" --version >/dev/null 2>&1 ||
    install_packages "the library of atomic operations, without which the browser cannot be driven" libatomic1
}

# Names the browser for whatever drives it.
use_chromium() {
  install_driver_library
  EPACCS_TEST_CHROMIUM="$(find_chromium)" || { install_chromium && EPACCS_TEST_CHROMIUM="$(find_chromium)"; }
  export EPACCS_TEST_CHROMIUM
}
