#!/usr/bin/env bash
# Two silos pinned to a core each against one silo on one core: the same study through the HTTP API, state in PostgreSQL, in turns. Database and client run beside them, wherever
# there is room. Prints the times, their ratio, and the processor time that silos, database and client took.
#
#   tests/FleetEstimator.Benchmarks/two-silos.sh
#
# Needs PostgreSQL (apt-get install postgresql), two cores, and the Release build of the command. Everything lives in a temporary folder.
#   STUDY=datasets/quickstart/study.yaml   ROUNDS=3
set -euo pipefail
cd "$(dirname "$0")/../.."
study=${STUDY:-datasets/quickstart/study.yaml} rounds=${ROUNDS:-3} port=${PORT:-54330}
command=$PWD/artifacts/bin/FleetEstimator.Cli/release/fleet-estimator
bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2> /dev/null | sort -V | tail -1)
[ -n "$bin" ] || { echo "PostgreSQL is missing: apt-get install postgresql" >&2; exit 1; }

work=$(mktemp -d)
silos=()
as_postgres() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
finish() {
  for silo in "${silos[@]}"; do kill "$silo" 2> /dev/null || true; done
  as_postgres "$bin/pg_ctl" -D "$work/data" -m immediate stop > /dev/null 2>&1 || true
  rm -rf "$work"
}
trap finish EXIT
chmod 755 "$work"
mkdir "$work/data"
[ "$(id -u)" != 0 ] || chown postgres "$work/data"
as_postgres "$bin/initdb" -D "$work/data" -A trust > /dev/null
as_postgres "$bin/pg_ctl" -D "$work/data" -w -l "$work/data/server.log" -o "-p $port -k $work/data -c listen_addresses=127.0.0.1" start > /dev/null
postmaster=$(head -1 "$work/data/postmaster.pid")

seconds_of() { awk -v hz="$(getconf CLK_TCK)" '{sub(/.*\) /, ""); sum += $12 + $13} END {print sum / hz}' "/proc/$1/stat"; }
# Processor time of the database: of its processes, and of those that have ended.
database_seconds() {
  awk -v hz="$(getconf CLK_TCK)" '{sub(/.*\) /, ""); sum += $12 + $13} END {print sum / hz}' "/proc/$postmaster/stat" $(pgrep -P "$postmaster" | sed 's|.*|/proc/&/stat|') 2> /dev/null
}

# measure CORES...: the study on one silo for each core; prints seconds, and processor seconds of silos, database and client
measure() {
  silos=()
  local id="bench-$RANDOM-$RANDOM" number=0 core before started seconds silo_seconds=0
  local names=()
  for core in "$@"; do
    number=$((number + 1))
    taskset -c "$core" "$command" silo --http http://127.0.0.1:0 --postgres "Host=127.0.0.1;Port=$port;Database=postgres;Username=postgres" --cluster-id "$id" --name "silo-$number" \
      --port $((21110 + number)) --traces "$work/traces-$id" --data "$work/data-$id-$number" --cores 1 2> "$work/silo-$number.log" &
    silos+=($!)
  done
  for number in $(seq $#); do
    for _ in $(seq 600); do grep -q "is ready at" "$work/silo-$number.log" && break; sleep 0.1; done
  done
  local url
  url=$(sed -n 's/.*is ready at //p' "$work/silo-1.log" | head -1)
  before=$(database_seconds)
  started=$(date +%s.%N)
  local client_times
  client_times=$( { TIMEFORMAT='%U %S'; time "$command" run --cluster "$url" "$study" --out "$work/out-$id" > /dev/null 2> "$work/client.log"; } 2>&1 )
  seconds=$(echo "$(date +%s.%N) - $started" | bc)
  for silo in "${silos[@]}"; do silo_seconds=$(echo "$silo_seconds + $(seconds_of "$silo")" | bc); done
  echo "$seconds $silo_seconds $(echo "$(database_seconds) - $before" | bc) $(echo "$client_times" | awk '{print $1 + $2}')"
  sha256sum < "$work/out-$id/report.json" >> "$work/reports"
  for silo in "${silos[@]}"; do kill "$silo"; done
  wait "${silos[@]}" || true
  silos=()
}

echo "| round | one silo, s | two silos, s | ratio | processor s of silos: one, two | of the database | of the client |"
echo "|---|---|---|---|---|---|---|"
for round in $(seq "$rounds"); do
  read -r one silo_one database_one client_one < <(measure 0)
  read -r two silo_two database_two client_two < <(measure 0 1)
  printf '| %s | %.1f | %.1f | %.2f | %.1f, %.1f | %.1f, %.1f | %.1f, %.1f |\n' "$round" "$one" "$two" "$(echo "$one / $two" | bc -l)" "$silo_one" "$silo_two" "$database_one" "$database_two" "$client_one" "$client_two"
done
[ "$(sort -u "$work/reports" | wc -l)" = 1 ] && echo "All reports are equal, byte for byte." || { echo "The reports differ." >&2; exit 1; }
