#!/usr/bin/env bash
# What recording costs PostgreSQL: one pgbench run, during which the recorder is attached to all of PostgreSQL's processes in one window of every pair of windows.
# Prints throughput with and without, the ratio with a 95% interval over the pairs, and the recorder's share of a core, as Markdown.
#
#   tests/FleetEstimator.Benchmarks/recorder-overhead.sh > tests/FleetEstimator.Benchmarks/results/recorder-overhead.md
#
# Needs PostgreSQL (apt-get install postgresql), and root or the right to trace its processes. Everything lives in a temporary folder, on a port of its own.
#   PAIRS=10 WINDOW=30     windows in seconds; neighbours are compared, so that what else the machine does cancels out
#   SCALE=20 CLIENTS=8     pgbench's; PGBENCH_ARGS=-S reads only, where nothing waits for the disk and every stolen cycle shows
#   RECORDER=FILE          the recorder; default: published here as one NativeAOT file
#   RECORD_ARGS=""         more options of it, such as "--cpu-budget none --interval 500ms"
set -euo pipefail
cd "$(dirname "$0")/../.."
pairs=${PAIRS:-10} window=${WINDOW:-30} scale=${SCALE:-20} clients=${CLIENTS:-8} port=${PORT:-54329}
pgbench_args=${PGBENCH_ARGS:--S} record_args=${RECORD_ARGS:-} recorder=${RECORDER:-}
settle=2   # seconds of each window that are not counted: the recorder starts, or has just ended

bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2> /dev/null | sort -V | tail -1)
[ -n "$bin" ] || { echo "PostgreSQL is missing: apt-get install postgresql" >&2; exit 1; }
if [ -z "$recorder" ]; then
  dotnet publish src/FleetEstimator.RecorderCli -c Release -r linux-x64 >&2
  recorder=artifacts/publish/FleetEstimator.RecorderCli/release_linux-x64/fleet-recorder
fi

work=$(mktemp -d)
as_postgres() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
finish() {
  [ -z "${bench:-}" ] || kill "$bench" 2> /dev/null || true
  as_postgres "$bin/pg_ctl" -D "$work/data" -m immediate stop > /dev/null 2>&1 || true
  rm -rf "$work"
}
trap finish EXIT
[ "$(id -u)" != 0 ] || chown postgres "$work"
chmod 755 "$work"

as_postgres "$bin/initdb" -D "$work/data" -A trust > "$work/initdb.log"
as_postgres "$bin/pg_ctl" -D "$work/data" -w -l "$work/server.log" \
  -o "-p $port -k $work -c listen_addresses='' -c shared_buffers=512MB -c max_connections=50" start > /dev/null
as_postgres "$bin/pgbench" -h "$work" -p "$port" -i -q -s "$scale" postgres > /dev/null 2>&1
server=$(head -1 "$work/data/postmaster.pid")

total=$(((2 * pairs + 1) * window))
# shellcheck disable=SC2086
as_postgres "$bin/pgbench" -h "$work" -p "$port" -c "$clients" -j 2 -T "$total" -P 1 $pgbench_args postgres > "$work/bench.out" 2> "$work/bench.progress" &
bench=$!
load_before=$(cut -d' ' -f1-3 /proc/loadavg)
sleep "$window"   # caches warm up

for ((pair = 0; pair < pairs; pair++)); do
  # Which of the two comes first is drawn: what trend there is must not favour either.
  order=$((RANDOM % 2 ? 1 : 0))
  for position in 0 1; do
    from=$(wc -l < "$work/bench.progress")
    if [ $((position ^ order)) = 0 ]; then
      kind=with
      # shellcheck disable=SC2086
      "$recorder" record --pid "$server" --descendants --duration "${window}s" --out "$work/$pair.arrow" --json $record_args > "$work/$pair.json"
    else
      kind=without
      sleep "$window"
    fi
    to=$(wc -l < "$work/bench.progress")
    echo "$pair $kind $from $to" >> "$work/windows"
    echo "pair $((pair + 1)) of $pairs, $kind the recorder" >&2
  done
done
load_after=$(cut -d' ' -f1-3 /proc/loadavg)
kill "$bench" 2> /dev/null || true
wait "$bench" 2> /dev/null || true
bench=

field() { sed -n "s/^  \"$1\": \([0-9.eE-]*\),*$/\1/p" "$work"/[0-9]*.json; }
mean() { awk '{sum += $1} END {if (NR) printf "%.6g", sum / NR}'; }
max() { sort -g | tail -1; }

echo "# Overhead of recording on PostgreSQL under pgbench"
echo
echo "Written by \`tests/FleetEstimator.Benchmarks/recorder-overhead.sh\` on $(date -u +%Y-%m-%d)."
echo
echo "| | |"
echo "|---|---|"
echo "| machine | $(nproc) CPUs, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(awk '/MemTotal/ {printf "%.1f GiB", $2 / 1048576}' /proc/meminfo), Linux $(uname -r) |"
echo "| software | $("$bin/postgres" --version | sed 's/ (Debian.*//'), pgbench ${pgbench_args} -c $clients -j 2, scale $scale, shared_buffers 512 MB; recorder $(stat -c %s "$recorder" | awk '{printf "%.1f MiB", $1 / 1048576}'), options \`${record_args:-none}\` |"
echo "| load of the machine (1, 5, 15 minutes) | before $load_before, after $load_after |"
echo "| windows | $pairs pairs of 2 × $window s in one run, order drawn for each pair, the first $settle s of each not counted |"
awk -v settle="$settle" '
  FNR == NR { if ($1 == "progress:") tps[FNR] = $4; next }
  { sum = n = 0
    for (line = $3 + 1 + settle; line <= $4; line++) if (line in tps) { sum += tps[line]; n++ }
    value[$1, $2] = sum / n; if ($1 + 1 > pairs) pairs = $1 + 1 }
  END {
    # Student, two-sided 95%, by degrees of freedom.
    split("12.706 4.303 3.182 2.776 2.571 2.447 2.365 2.306 2.262 2.228 2.201 2.179 2.160 2.145 2.131 2.120 2.110 2.101 2.093 2.086", t, " ")
    for (p = 0; p < pairs; p++) { with += value[p, "with"]; without += value[p, "without"]; r[p] = log(value[p, "with"] / value[p, "without"]); mean += r[p] / pairs }
    for (p = 0; p < pairs; p++) s += (r[p] - mean) ^ 2 / (pairs - 1)
    half = (pairs - 1 in t ? t[pairs - 1] : 2.0) * sqrt(s / pairs)
    printf "| throughput without the recorder, mean of the windows | %.0f transactions/s |\n", without / pairs
    printf "| throughput with it | %.0f transactions/s |\n", with / pairs
    printf "| **with / without, geometric mean of the pairs** | **%.4f**, 95%% interval %.4f to %.4f |\n", exp(mean), exp(mean - half), exp(mean + half)
    printf "| the ratios | "
    for (p = 0; p < pairs; p++) printf "%.3f%s", exp(r[p]), p < pairs - 1 ? ", " : " |\n"
  }' "$work/bench.progress" "$work/windows"
awk -v mean="$(field recorder_cpu_share_of_one_core | mean)" -v max="$(field recorder_cpu_share_of_one_core | max)" \
  'BEGIN {printf "| recorder, CPU time of one core | mean %.2f%%, most in a window %.2f%% |\n", 100 * mean, 100 * max}'
echo "| recorded in a window, mean | $(field processes | mean) processes, $(field resident_bytes_peak | mean | awk '{printf "%.1f MiB", $1 / 1048576}') resident, $(field scans | mean) scans, sampled $(field sampling_fraction | mean) of the blocks |"
