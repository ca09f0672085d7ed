# The Node packages of the tests, of the exact versions in tests/node/package-lock.json.
#
# Sourced by scripts/setup. The rule: nothing here can fail a set-up. Where there is no npm or no network, the tests that
# run Node programs skip and say so; it is not tried again until the versions change or tests/node/node_modules is gone.

TOKENTAPE_NODE=tests/node
TOKENTAPE_NODE_STAMP="$TOKENTAPE_NODE/node_modules/.tokentape"

# node_packages_done: whether there is nothing to do. The first word of the stamp is what it was made from.
node_packages_done() {
  [[ ! -f "$TOKENTAPE_NODE/package-lock.json" ]] && return
  [[ -f "$TOKENTAPE_NODE_STAMP" && "$(head -n 1 "$TOKENTAPE_NODE_STAMP")" == "$(node_packages_wanted)" ]]
}

node_packages_wanted() {
  cksum <"$TOKENTAPE_NODE/package-lock.json"
}

# install_node_packages: bring tests/node/node_modules up to date; does nothing when nothing changed.
install_node_packages() {
  node_packages_done && return
  local trouble=""
  if ! command -v npm >/dev/null 2>&1; then
    trouble="npm is not installed"
  else
    echo "setup: installing Node packages for the tests" >&2
    # No scripts of packages, and no long wait for a network that is not there.
    (cd "$TOKENTAPE_NODE" && npm ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 --loglevel=error) >&2 ||
      trouble="npm could not install what tests/node/package-lock.json names"
  fi
  if [[ -n "$trouble" ]]; then
    rm -rf "$TOKENTAPE_NODE/node_modules"
    echo "setup: $trouble, so the tests that run Node programs will skip" >&2
    echo "hint: to try again: rm -rf $TOKENTAPE_NODE/node_modules && scripts/setup" >&2
  fi
  mkdir -p "${TOKENTAPE_NODE_STAMP%/*}"
  node_packages_wanted >"$TOKENTAPE_NODE_STAMP"
}
