#!/bin/sh
# Prints the path of a program that runs an SSH server as this user. The tests start it on a high port of
# 127.0.0.1. An installed sshd is taken; else Debian's is unpacked into a folder, and nothing is installed.
# Without one: exit code 1 and the reason on standard error.
set -eu

folder=${1:-$(cd "$(dirname "$0")/.." && pwd)/.venv/sshd}
program=$folder/run-sshd

fail() {
    echo "no SSH server: $*" >&2
    exit 1
}

# sshd started by root wants this empty folder.
if [ "$(id -u)" = 0 ]; then
    mkdir -p /run/sshd
fi

for sshd in "$(command -v sshd || true)" /usr/sbin/sshd /usr/local/sbin/sshd; do
    if [ -n "$sshd" ] && [ -x "$sshd" ]; then
        echo "$sshd"
        exit 0
    fi
done

if [ -x "$program" ]; then
    echo "$program"
    exit 0
fi
command -v apt-get >/dev/null && command -v dpkg >/dev/null || fail "none is installed, and there is no apt-get to fetch one"

mkdir -p "$(dirname "$folder")"
new=$(mktemp -d "$folder.XXXXXX") # whole or not at all, also where two test workers come at once
trap 'rm -rf "$new"' EXIT
cd "$new"
fetch() {
    packages="openssh-server libnss-wrapper"
    for library in $(apt-cache depends openssh-server 2>/dev/null | sed -n 's/^ *Depends: \(lib[^ ]*\)$/\1/p'); do
        dpkg -s "$library" >/dev/null 2>&1 || packages="$packages $library"
    done
    # shellcheck disable=SC2086 # a list of names
    apt-get download $packages >log 2>&1
}
if ! fetch; then
    apt-get update >/dev/null 2>&1 || true
    fetch || fail "apt-get download: $(tail -n 1 log)"
fi
for package in *.deb; do
    dpkg -x "$package" . || fail "$package cannot be unpacked"
    rm "$package"
done

# Started by root, sshd looks up a user `sshd` that its package would have made; nss_wrapper shows it one.
{
    cat /etc/passwd
    echo 'sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin'
} >passwd
cp /etc/group group
libraries=$(dirname "$(find usr -name libnss_wrapper.so | head -n 1)")
cat >run-sshd <<EOF
#!/bin/sh
export LD_LIBRARY_PATH='$folder/$libraries'
if [ "\$(id -u)" = 0 ]; then
    export LD_PRELOAD=libnss_wrapper.so NSS_WRAPPER_PASSWD='$folder/passwd' NSS_WRAPPER_GROUP='$folder/group'
fi
exec '$folder/usr/sbin/sshd' "\$@"
EOF
chmod 755 . run-sshd
mv -T "$new" "$folder" 2>/dev/null || [ -x "$program" ] || fail "$folder is in the way"
echo "$program"
