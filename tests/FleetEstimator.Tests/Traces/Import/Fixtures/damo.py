#!/usr/bin/env python3
"""Makes damo.json, damo.zlib and damo.txt from a recording of this machine's DAMON, written by damo itself.

  perf record -e damon:damon_aggregated -a -o damon.data -- sleep 19      (with a DAMON context running)
  damo.py DAMO/src damon.data

Trimmed before writing: three snapshots, and of each the first four regions that were accessed and the first two that were not. Intervals are
those of the context, which perf does not record. perf.data itself (damo's type perf_data) is recorded with a filter, to be small:
  perf record -B -N -e damon:damon_aggregated --filter 'start >= 0x100000000 && end < 0x104000000' -t PID-OF-KDAMOND -o damo.perf.data -- sleep 11; gzip -9 damo.perf.data
"""
import sys

sys.path.insert(0, sys.argv[1])
import _damo_records
import _damon

records, error = _damo_records.parse_perf_damon_record(sys.argv[2], _damon.DamonIntervals(5000, 5000000, 60000000))
assert error is None, error
for record in records:
    record.snapshots = record.snapshots[:3]
    for snapshot in record.snapshots:
        accessed = [region for region in snapshot.regions if region.nr_accesses.samples > 0][:4]
        idle = [region for region in snapshot.regions if region.nr_accesses.samples == 0][:2]
        snapshot.regions = sorted(accessed + idle, key=lambda region: region.start)
        snapshot.update_total_bytes()
        for region in snapshot.regions:
            region.sz_filter_passed = 0
for name, kind in [('damo.json', 'json'), ('damo.zlib', 'json_compressed'), ('damo.txt', 'perf_script')]:
    error = _damo_records.write_damon_records(records, name, kind)
    assert error is None, error
