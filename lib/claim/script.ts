/**
 * Takes, renews, breaks, frees or shows a claim: words are the verb, the claim's name, an id, the seconds it lasts, and
 * the holder's line. Prints the holder where that is another one. Claims lie in /tmp, which is memory; every change is
 * made under a folder that `mkdir` makes for one alone (busybox may have no `flock`), and which is taken for left
 * behind after 5 s. Whoever takes one removes those that have ended. The time is that since the boot, as a controller
 * without a clock of its own jumps when it learns the time of day.
 */
export const claimScript = `
verb=$1 id=$3 lasts=$4 line=$5
folder=/tmp/tpi-claims
file=$folder/$2
mkdir -p $folder || exit 1
tries=0
until mkdir "$file.turn" 2>/dev/null; do
  tries=$((tries + 1))
  [ $tries -gt 50 ] && { rmdir "$file.turn" 2>/dev/null; tries=0; }
  usleep 100000 2>/dev/null || sleep 1
done
trap 'rmdir "$file.turn"' EXIT
now=$(cut -d. -f1 /proc/uptime 2>/dev/null)
[ -n "$now" ] || now=$(date +%s)
holder= until=0
if [ -s "$file" ]; then
  read -r until holder < "$file"
  [ "$until" -gt "$now" ] 2>/dev/null || holder=
fi
mine=
case $holder in *"$id"*) mine=1 ;; esac
ended() { read -r u _ < "$1" 2>/dev/null && ! [ "$u" -gt "$now" ] 2>/dev/null; }
sweep() {
  for f in $folder/*; do
    case $f in *.turn | *.new | "$file") continue ;; esac
    ended "$f" && mkdir "$f.turn" 2>/dev/null || continue
    ended "$f" && rm -f "$f"
    rmdir "$f.turn"
  done
}
write() { echo "$((now + lasts)) $line" > "$file.new" && mv -f "$file.new" "$file"; }
case $verb in
  see) echo "$holder" ;;
  take) sweep; if [ -z "$holder" ]; then write; else echo "$holder"; fi ;;
  renew) if [ -n "$mine" ] || [ -z "$holder" ]; then write; else echo "$holder"; fi ;;
  break | free) [ -n "$mine" ] && rm -f "$file" ;;
esac
exit 0
`;
