using FleetEstimator.Paging;

namespace FleetEstimator.Traces.Import;

/// <summary>
/// Page faults that perf recorded by <c>exceptions:page_fault_user</c> and <c>page_fault_kernel</c> on x86, as perf script prints them. Where the print
/// has mmap and task events, faults in file mappings are told apart, and forks, execs and exits are followed.
/// </summary>
/// <remarks>
/// A fault shows the first use of a page and the first store to one that maps the zero page or is shared, not the uses after it: access-only. Which
/// of load and store it was is known. A load of an anonymous page that was never stored to maps the zero page: the model does the same with a read.
/// </remarks>
internal sealed class PerfFaultImporter : Importer
{
    private const string Remedy = "Print it with perf script -F comm,pid,tid,time,event,trace --show-mmap-events --show-task-events";

    // Bits of the error code, arch/x86/include/asm/trap_pf.h.
    private const ulong Write = 0x2;
    private const ulong InstructionFetch = 0x10;

    // Addresses of user space on x86-64 end here with four and with five levels of page tables.
    private const ulong UserAddressesEnd = 1UL << 56;

    // A process has at most so many by default (vm.max_map_count is 65530).
    private const int FileMappingsMax = 65_536;

    /// <inheritdoc/>
    public override string Format => "perf-faults";

    /// <inheritdoc/>
    public override string Description => "Page faults recorded by perf record -e exceptions:page_fault_user -e exceptions:page_fault_kernel --data (x86).";

    /// <inheritdoc/>
    public override IReadOnlyList<Capability> Capabilities => [Capability.AccessOnly];

    /// <inheritdoc/>
    public override string FilesDescription =>
        "perf.data, or what perf script -F comm,pid,tid,time,event,trace --show-mmap-events --show-task-events prints of it.";

    /// <inheritdoc/>
    internal override void Import(ImportJob job)
    {
        var stream = new PeekStream(job.File.Stream);
        var trace = job.BeginTrace(Capability.AccessOnly, "page-fault");
        var reader = new Reader(job, trace);
        if (PerfScript.Decodes(stream.Peek(8)))
        {
            using var perf = PerfScript.Run(job.File, "-F", "comm,pid,tid,time,event,trace", "--show-mmap-events", "--show-task-events");
            reader.Read(perf.Output);
            perf.CheckExit();
        }
        else
        {
            reader.Read(stream);
        }
    }

    private sealed class Reader(ImportJob job, ImportedTrace trace)
    {
        private readonly Dictionary<uint, FileMappings> _mappings = [];
        private ulong? _origin;
        private long _faults;
        private bool _sawMappings;
        private long _ranges;

        public void Read(Stream stream)
        {
            var lines = new TextLines(stream, job.File.Name, job.Limits);
            while (lines.Next(out var line))
            {
                trace.Place = (job.File, "line", lines.Number);
                if (line.IndexOf(" PERF_RECORD_"u8) is >= 0 and var record)
                    ReadRecord(line, record + 1);
                else if (line.IndexOf("page_fault_user:"u8) is >= 0 and var user)
                    ReadFault(line, user, user + "page_fault_user:"u8.Length);
                else if (line.IndexOf("page_fault_kernel:"u8) is >= 0 and var kernel)
                    ReadFault(line, kernel, kernel + "page_fault_kernel:"u8.Length);
                else if (!line.IsEmpty && line[0] != '#')
                    job.LeaveOut("lines of other events");
            }

            if (_faults == 0)
                throw job.Wrong("there is no page fault in it", Remedy);
            job.Note("faults show the first use of a page and the first store to a shared one, not the uses after it: read rates off it at your peril");
            job.Note(_sawMappings
                ? "faults in file mappings are left out; what a private file mapping copied on a store is left out with them"
                : "the print has no mmap events, so faults in file mappings are taken for anonymous memory. Record with perf record --data and print with --show-mmap-events --show-task-events");
            job.Note("perf does not say where anonymous mappings end: each 2 MiB block is mapped when it is first used");
        }

        private void ReadFault(ReadOnlySpan<byte> line, int at, int after)
        {
            _faults++;
            var (time, process) = Heading(line, at);
            var fields = new TextFields(line[after..]);
            if (!fields.Take("address="u8) || !fields.Hexadecimal(out var address))
                throw trace.Wrong("address", "address=0x… is expected after the event", Remedy);
            if (fields.Rest.IndexOf("error_code="u8) is not (>= 0 and var codeAt))
                throw trace.Wrong("error_code", "it is missing; only x86 has this event with one", "Other architectures cannot be imported");
            fields = new TextFields(fields.Rest[(codeAt + "error_code="u8.Length)..]);
            if (!fields.Hexadecimal(out var code))
                throw trace.Wrong("error_code", "it is not a hexadecimal number", Remedy);
            if (address >= UserAddressesEnd)
                job.LeaveOut("faults on addresses of the kernel");
            else if ((code & InstructionFetch) != 0)
                job.LeaveOut("instruction fetches (code comes from files, or was stored before)");
            else if (process == 0)
                job.LeaveOut("faults of the idle task");
            else if (_mappings.TryGetValue(process, out var mappings) && mappings.Contains(address))
                job.LeaveOut("faults in file mappings");
            else
                trace.Use(time, new Operation((code & Write) != 0 ? OperationKind.Write : OperationKind.Read, process, address / (ulong)trace.Header.PageSize, 0), 1);
        }

        /// <summary>PERF_RECORD_MMAP2 PID/TID: [0x…(0x…) @ …]: rw-p NAME, PERF_RECORD_FORK(CHILD:TID):(PARENT:TID), PERF_RECORD_EXIT(PID:TID):…, PERF_RECORD_COMM exec: …</summary>
        private void ReadRecord(ReadOnlySpan<byte> line, int at)
        {
            var fields = new TextFields(line[(at + "PERF_RECORD_"u8.Length)..]);
            if (fields.Take("MMAP2 "u8) || fields.Take("MMAP "u8))
            {
                ReadMapping(fields);
            }
            else if (fields.Take("FORK("u8))
            {
                if (!Pair(ref fields, out var child, out _) || !fields.Take("):("u8) || !Pair(ref fields, out var parent, out _))
                    throw trace.Wrong("PERF_RECORD_FORK", "(PID:TID):(PID:TID) is expected", Remedy);
                if (child == parent)
                    return;
                var (time, _) = Heading(line, at);
                End(time, child);
                if (trace.IsAlive(parent))
                    trace.Fork(time, parent, child);
                if (_mappings.TryGetValue(parent, out var mappings))
                    Keep(child, mappings.Copy());
            }
            else if (fields.Take("EXIT("u8))
            {
                if (!Pair(ref fields, out var process, out var thread))
                    throw trace.Wrong("PERF_RECORD_EXIT", "(PID:TID) is expected", Remedy);
                if (process == thread)
                    End(Heading(line, at).Time, process);
            }
            else if (fields.Take("COMM exec"u8))
            {
                var (time, process) = Heading(line, at);
                End(time, process);
            }
        }

        private void ReadMapping(TextFields fields)
        {
            if (!fields.SignedNumber(out var process) || !fields.Take('/') || !fields.SignedNumber(out _) || !fields.Take(": ["u8)
                || !fields.Hexadecimal(out var start) || !fields.Take('(') || !fields.Hexadecimal(out var length) || !fields.Take(") @ "u8))
            {
                throw trace.Wrong("PERF_RECORD_MMAP", "PID/TID: [START(LENGTH) @ … is expected", Remedy);
            }

            if (process <= 0 || process > uint.MaxValue || length == 0 || start >= UserAddressesEnd || length > UserAddressesEnd - start)
                return;
            _sawMappings = true;
            // The name follows the protection: "]: rw-p /usr/lib/libc.so.6". Anonymous memory is //anon, [heap] or [stack], sometimes [anon:NAME].
            var name = fields.Rest.LastIndexOf("]: "u8) is >= 0 and var nameAt ? fields.Rest[(nameAt + 3)..] : [];
            name = name.IndexOf((byte)' ') is >= 0 and var space ? name[(space + 1)..] : name;
            var isFile = (name.StartsWith("/"u8) && !name.StartsWith("//anon"u8)) || name.StartsWith("[v"u8) || name.StartsWith("socket:"u8) || name.StartsWith("anon_inode:"u8);
            if (!_mappings.TryGetValue((uint)process, out var mappings))
                Keep((uint)process, mappings = new FileMappings());
            var before = mappings.Count;
            mappings.Set(start, start + length, isFile);
            Count(mappings.Count - before);
            if (mappings.Count > FileMappingsMax)
                throw trace.Wrong(null, $"process {process} has more than {FileMappingsMax} file mappings", "Import a shorter part of the recording");
        }

        private void Keep(uint process, FileMappings mappings)
        {
            if (_mappings.Count == job.Limits.ProcessesMax && !_mappings.ContainsKey(process))
                throw trace.Wrong(null, $"more than {job.Limits.ProcessesMax} processes are alive at one time", "Import a shorter part of the recording");
            _mappings[process] = mappings;
            Count(mappings.Count);
        }

        private void Count(int more)
        {
            _ranges += more;
            if (_ranges > job.Limits.ItemsMax)
                throw trace.Wrong(null, $"all processes together have more than {job.Limits.ItemsMax} file mappings", "Import a shorter part of the recording");
        }

        private void End(ulong time, uint process)
        {
            if (trace.IsAlive(process))
                trace.Exit(time, process);
            if (_mappings.Remove(process, out var mappings))
                _ranges -= mappings.Count;
        }

        /// <summary>Time and process before an event: <c>comm with spaces 13020/13021 22749.025204: exceptions:page_fault_user:</c>.</summary>
        private (ulong Time, uint Process) Heading(ReadOnlySpan<byte> line, int eventAt)
        {
            if (!PerfText.TryTimeBefore(line, eventAt, out var nanoseconds, out var timeAt))
                throw trace.Wrong("time", "there is no time in seconds before the event", Remedy);
            var before = line[..timeAt].TrimEnd(" \t"u8);
            if (before.EndsWith("]"u8) && before.LastIndexOf((byte)'[') is >= 0 and var cpuAt)
                before = before[..cpuAt].TrimEnd(" \t"u8);
            var fields = new TextFields(before[(before.LastIndexOfAny((byte)' ', (byte)'\t') + 1)..]);
            if (!fields.Number(out var process) || !fields.Take('/') || process > uint.MaxValue)
            {
                throw trace.Wrong(
                    "pid", "PID/TID is expected before the time; perf script's default fields show only the thread, and threads of a process would look like processes", Remedy);
            }

            // Processes that were there before perf began are told at time 0.
            if (nanoseconds == 0 && _origin is null)
                return (0, (uint)process);
            _origin ??= nanoseconds;
            if (nanoseconds != 0 && nanoseconds < _origin)
                throw trace.Wrong("time", "it lies before that of the first event", "Print the events in order of time, as perf script does");
            return (nanoseconds == 0 ? 0 : (nanoseconds - _origin.Value) / 1000, (uint)process);
        }

        private static bool Pair(ref TextFields fields, out uint first, out uint second)
        {
            (first, second) = (0, 0);
            if (!fields.Number(out var one) || !fields.Take(':') || !fields.Number(out var other) || one > uint.MaxValue || other > uint.MaxValue)
                return false;
            (first, second) = ((uint)one, (uint)other);
            return true;
        }
    }

    /// <summary>Where a process has mapped files; later mappings replace earlier ones.</summary>
    private sealed class FileMappings
    {
        private readonly SortedList<ulong, ulong> _ranges = [];

        public int Count => _ranges.Count;

        public FileMappings Copy()
        {
            var copy = new FileMappings();
            foreach (var (start, end) in _ranges)
                copy._ranges.Add(start, end);
            return copy;
        }

        public bool Contains(ulong address) => FirstAfter(address) is > 0 and var after && _ranges.Values[after - 1] > address;

        public void Set(ulong start, ulong end, bool isFile)
        {
            for (var index = Math.Max(0, FirstAfter(start) - 1); index < _ranges.Count && _ranges.Keys[index] < end;)
            {
                var (oldStart, oldEnd) = (_ranges.Keys[index], _ranges.Values[index]);
                if (oldEnd <= start)
                {
                    index++;
                    continue;
                }

                _ranges.RemoveAt(index);
                if (oldStart < start)
                    _ranges.Add(oldStart, start);
                if (oldEnd > end)
                    _ranges.Add(end, oldEnd);
                index = Math.Max(0, FirstAfter(start) - 1);
                if (index < _ranges.Count && _ranges.Values[index] <= start)
                    index++;
            }

            if (isFile)
                _ranges[start] = end;
        }

        /// <summary>Index of the first range that starts above the address.</summary>
        private int FirstAfter(ulong address)
        {
            var (low, high) = (0, _ranges.Count);
            while (low < high)
            {
                var middle = (low + high) / 2;
                if (_ranges.Keys[middle] > address)
                    high = middle;
                else
                    low = middle + 1;
            }

            return low;
        }
    }
}
