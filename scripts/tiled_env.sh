# What both Tiled scripts need: the settings of .env, the key and the program. Sourced, with $root set.

fail() {
    echo "$*" >&2
    exit 2
}

# Values of .env count only where the environment says nothing, as in the app.
if [ -f "$root/.env" ]; then
    while IFS= read -r line || [ -n "$line" ]; do
        if [[ "$line" =~ ^[[:space:]]*(export[[:space:]]+)?([A-Za-z_][A-Za-z0-9_]*)[[:space:]]*=[[:space:]]*(.*)$ ]]; then
            name="${BASH_REMATCH[2]}" value="${BASH_REMATCH[3]%$'\r'}"
            if [[ "$value" =~ ^\'([^\']*)\' || "$value" =~ ^\"([^\"]*)\" ]]; then
                value="${BASH_REMATCH[1]}"
            else
                value="${value%%[[:space:]]#*}"
                value="${value%"${value##*[![:space:]]}"}"
            fi
            [ -n "${!name:-}" ] || export "$name=$value"
        fi
    done <"$root/.env"
fi

# need_key NAME [NAME...]: the value of the first that is set; Tiled takes letters and digits only.
need_key() {
    local name
    for name in "$@"; do
        [ -n "${!name:-}" ] || continue
        [[ "${!name}" =~ ^[a-zA-Z0-9]+$ ]] ||
            fail "$name may hold letters and digits only. Make one with: python3 -c \"import secrets; print(secrets.token_hex(32))\""
        echo "${!name}"
        return
    done
    fail "$1 is not set. Make a key with: python3 -c \"import secrets; print(secrets.token_hex(32))\" and write $1=<key> into .env"
}

find_tiled() {
    if [ -x "$root/.venv/bin/tiled" ]; then
        echo "$root/.venv/bin/tiled"
    else
        command -v tiled || fail "Tiled is not installed. Run: pip install -r requirements.txt"
    fi
}
