/** Where the first boot's parts stand; the runner and its unit take themselves away at the end, log and state stay. */
export const firstBootPaths = {
  unit: "/etc/systemd/system/tpi-firstboot.service",
  link: "/etc/systemd/system/multi-user.target.wants/tpi-firstboot.service",
  home: "/usr/lib/tpi/firstboot",
  state: "/var/lib/tpi/firstboot",
  log: "/var/log/tpi-firstboot.log",
} as const;

/** The lines that the serial console shows at the end; after the second stands the name of the step. */
export const firstBootLines = { done: "tpi: first boot done", failed: "tpi: first boot failed at" } as const;

const { unit, link, home, state, log } = firstBootPaths;

/**
 * `exec`, because nothing waits for it to end: cloud-init's last stage comes after multi-user.target on some systems,
 * and the runner waits for cloud-init.
 */
export const firstBootUnit = `[Unit]
Description=What the first boot has to do, once
After=network.target systemd-user-sessions.service
ConditionPathExists=${home}/run

[Service]
Type=exec
ExecStart=/bin/sh ${home}/run
KillMode=mixed
TimeoutStopSec=30

[Install]
WantedBy=multi-user.target
`;

/**
 * Runs the steps of \`plan\` in order, each until it has succeeded once: a line has a step's file, and \`network\` or
 * \`-\`. What was done is in the state folder, so that a boot that was cut off goes on where it was. The environment
 * moves it for tests: TPI_ROOT is put before every path, TPI_PAUSE is the first pause in seconds, TPI_TRIES the tries.
 */
export const firstBootRunner = `#!/bin/sh
# What the first boot has to do; removes itself when all is done. Log: ${log}
set -u
root=\${TPI_ROOT:-}
home=$root${home}
state=$root${state}
log=$root${log}
pause=\${TPI_PAUSE:-5}
tries=\${TPI_TRIES:-5}
export HOME=\${HOME:-/root} DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
umask 077
mkdir -p "$state" "\${log%/*}"
exec </dev/null >>"$log" 2>&1
umask 022

# /dev/console is only the last console of the kernel's command line; whoever waits may be on another
say() {
  printf '%s %s\\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$1"
  for tty in $(cat "$root/sys/class/tty/console/active" 2>/dev/null || echo console); do
    [ -w "$root/dev/$tty" ] || continue
    timeout 10 sh -c 'printf "\\r\\n%s\\r\\n" "$1" >>"$2"' say "$1" "$root/dev/$tty" 2>/dev/null || true
  done
}

# a default route in either family
routed() {
  awk 'NR > 1 && $2 == "00000000" && $8 == "00000000" { found = 1 } END { exit !found }' "$root/proc/net/route" 2>/dev/null ||
    awk '$1 ~ /^0+$/ && $2 == "00" && $10 != "lo" { found = 1 } END { exit !found }' "$root/proc/net/ipv6_route" 2>/dev/null
}

# up to two minutes for a route; then up to one for a clock, without which no certificate is valid
online() {
  left=60
  until routed; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || { echo "there is no network"; return 1; }
    sleep "\${TPI_POLL:-2}"
  done
  left=30
  while [ -d "$root/run/systemd/timesync" ] && [ ! -e "$root/run/systemd/timesync/synchronized" ] && [ "$left" -gt 0 ]; do
    left=$((left - 1))
    sleep "\${TPI_POLL:-2}"
  done
}

attempt() {
  if [ "$2" = network ]; then online || return 1; fi
  /bin/sh -e "$home/$1"
}

if [ -d "$root/run/cloud-init" ] && command -v cloud-init >/dev/null; then
  timeout 1800 cloud-init status --wait >/dev/null || echo "cloud-init has reported errors"
fi

while read -r step gate; do
  name=\${step#[0-9]*-}
  [ ! -e "$state/$step.done" ] || continue
  try=1
  wait=$pause
  echo "== $name"
  until attempt "$step" "$gate"; do
    echo "== $name has failed, try $try of $tries"
    if [ "$try" -ge "$tries" ]; then
      say "${firstBootLines.failed} $name"
      exit 1
    fi
    try=$((try + 1))
    sleep "$wait"
    wait=$((wait * 2))
  done
  : >"$state/$step.done"
  sync
done <"$home/plan"

say "${firstBootLines.done}"
rm -f "$root${link}" "$root${unit}"
rm -rf "$home"
rmdir "\${home%/*}" 2>/dev/null || true
`;
