#!/usr/bin/env bash
# What recording costs PostgreSQL: one pgbench run, during which the recorder is attached to all of PostgreSQL's processes in one window of every pair of windows.
# Prints throughput, and PostgreSQL's CPU time per transaction, with and without, their ratios with 95% intervals over the pairs, and the recorder's share of a core,
# as Markdown. Throughput is what users have, but moves with everything else the machine does; CPU time per transaction hardly does.
#
#   tests/FleetEstimator.Benchmarks/recorder-overhead.sh > tests/FleetEstimator.Benchmarks/results/recorder-overhead.md
#
# Needs PostgreSQL (apt-get install postgresql), and root or the right to trace its processes. Everything lives in a temporary folder, on a port of its own.
#   PAIRS=30 WINDOW=12     windows in seconds; neighbours are compared, so that what else the machine does cancels out
#   SCALE=20 CLIENTS=4     pgbench's; PGBENCH_ARGS=-S reads only, where nothing waits for the disk and every stolen cycle shows
#   NICE=0                 priority of PostgreSQL, pgbench and the recorder alike: below 0 keeps other work on a shared machine out of the figures
#   RECORDER=FILE          the recorder; default: published here as one NativeAOT file
#   RECORD_ARGS=""         more options of it, such as "--cpu-budget none --interval 500ms"
set -euo pipefail
cd "$(dirname "$0")/../.."
pairs=${PAIRS:-30} window=${WINDOW:-12} scale=${SCALE:-20} clients=${CLIENTS:-4} port=${PORT:-54329}
pgbench_args=${PGBENCH_ARGS:--S} record_args=${RECORD_ARGS:-} nice=${NICE:-0} recorder=${RECORDER:-}
settle=${SETTLE:-2}   # seconds of each window that are not counted: the recorder starts, or has just ended

bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2> /dev/null | sort -V | tail -1)
[ -n "$bin" ] || { echo "PostgreSQL is missing: apt-get install postgresql" >&2; exit 1; }
if [ -z "$recorder" ]; then
  dotnet publish src/FleetEstimator.RecorderCli -c Release -r linux-x64 >&2
  recorder=artifacts/publish/FleetEstimator.RecorderCli/release_linux-x64/fleet-recorder
fi

work=$(mktemp -d)
as_postgres() { if [ "$(id -u)" = 0 ]; then nice -n "$nice" runuser -u postgres -- "$@"; else "$@"; fi; }
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

total=$(((2 * pairs + 2) * (window + 3)))   # more than it takes; ended below
# shellcheck disable=SC2086
as_postgres "$bin/pgbench" -h "$work" -p "$port" -c "$clients" -j 2 -T "$total" -P 1 $pgbench_args postgres > "$work/bench.out" 2> "$work/bench.progress" &
bench=$!

# pgbench's lines so far, one a second, and nanoseconds of CPU time of all of PostgreSQL's processes, at the moment of the next line.
lines_and_cpu() {
  local before now
  before=$(wc -l < "$work/bench.progress")
  while now=$(wc -l < "$work/bench.progress"); [ "$now" = "$before" ]; do sleep 0.02; done
  echo "$now $(for pid in "$server" $(pgrep -P "$server"); do cat "/proc/$pid/schedstat" 2> /dev/null || true; done | awk '{sum += $1} END {printf "%.0f", sum}')"
}

load_before=$(cut -d' ' -f1-3 /proc/loadavg)
sleep "$window"   # caches warm up

for ((pair = 0; pair < pairs; pair++)); do
  # Which of the two comes first is drawn: what trend there is must not favour either.
  order=$((RANDOM % 2 ? 1 : 0))
  for position in 0 1; do
    kind=without recording=
    if [ $((position ^ order)) = 0 ]; then
      kind=with
      # shellcheck disable=SC2086
      nice -n "$nice" "$recorder" record --pid "$server" --descendants --duration "${window}s" --out "$work/$pair.arrow" --json $record_args > "$work/$pair.json" &
      recording=$!
    fi
    sleep "$settle"
    begin=$(lines_and_cpu)
    sleep $((window - settle - 1))
    end=$(lines_and_cpu)
    [ -z "$recording" ] || wait "$recording"
    echo "$pair $kind $begin $end" >> "$work/windows"
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
echo "| software | $("$bin/postgres" --version | sed 's/ (Debian.*//'), pgbench ${pgbench_args} -c $clients -j 2, scale $scale, shared_buffers 512 MB; recorder of $(stat -c %s "$recorder" | awk '{printf "%.1f MiB", $1 / 1048576}'), $(if [ -n "$record_args" ]; then echo "with \`$record_args\`"; else echo "as it comes: a budget of 1% of a core, a scan every 2 s"; fi) |"
echo "| load of the machine (1, 5, 15 minutes) | before $load_before, after $load_after; all measured programs at priority (nice) $nice |"
echo "| windows | $pairs pairs of 2 × $window s in one run, order drawn for each pair, the first $settle s of each not counted |"
awk '
  # Student, two-sided 95%, by degrees of freedom; 2.0 beyond 60.
  function student(f,  t) {
    split("12.706 4.303 3.182 2.776 2.571 2.447 2.365 2.306 2.262 2.228 2.201 2.179 2.160 2.145 2.131 2.120 2.110 2.101 2.093 2.086 2.080 2.074 2.069 2.064 2.060 2.056 2.052 2.048 2.045 2.042", t, " ")
    return f <= 30 ? t[f] : f <= 60 ? 2.042 : 2.0
  }
  function ratio(name, value,  p, mean, s, half) {
    for (p = 0; p < pairs; p++) mean += log(value[p, "with"] / value[p, "without"]) / pairs
    for (p = 0; p < pairs; p++) s += (log(value[p, "with"] / value[p, "without"]) - mean) ^ 2 / (pairs - 1)
    half = student(pairs - 1) * sqrt(s / pairs)
    printf "| **%s, with / without, geometric mean of the pairs** | **%.4f**, 95%% interval %.4f to %.4f |\n", name, exp(mean), exp(mean - half), exp(mean + half)
  }
  function average(value, kind,  p, sum) { for (p = 0; p < pairs; p++) sum += value[p, kind] / pairs; return sum }
  FNR == NR { if ($1 == "progress:") transactions[FNR] = $4; next }
  { sum = n = 0
    for (line = $3 + 1; line <= $5; line++) if (line in transactions) { sum += transactions[line]; n++ }
    throughput[$1, $2] = sum / n
    cost[$1, $2] = ($6 - $4) / 1000 / sum
    if ($1 + 1 > pairs) pairs = $1 + 1 }
  END {
    printf "| throughput, mean of the windows | without %.0f, with %.0f transactions/s |\n", average(throughput, "without"), average(throughput, "with")
    printf "| CPU time of PostgreSQL, mean of the windows | without %.2f, with %.2f µs a transaction |\n", average(cost, "without"), average(cost, "with")
    ratio("throughput", throughput)
    ratio("CPU time per transaction", cost)
  }' "$work/bench.progress" "$work/windows"
awk -v mean="$(field recorder_cpu_share_of_one_core | mean)" -v max="$(field recorder_cpu_share_of_one_core | max)" \
  'BEGIN {printf "| recorder, CPU time of one core | mean %.2f%%, most in a window %.2f%% |\n", 100 * mean, 100 * max}'
echo "| recorded in a window, mean | $(field processes | mean) processes, $(field resident_bytes_peak | mean | awk '{printf "%.1f MiB", $1 / 1048576}') resident, $(field scans | mean) scans, sampled $(field sampling_fraction | mean) of the blocks |"
